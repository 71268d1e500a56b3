"""Readings from a real HTTP server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from reading_samples import START, rows_of, sensor
from sqlalchemy import Engine

from planner.clock import ManualClock
from planner.errors import InputError
from planner.readings import Archive, Recorder
from planner.readings.http import Address, Puller

TEMPERATURE = {"temperature": sensor()}
PAGE = 40


class Device(ThreadingHTTPServer):
    """Keeps readings and gives them from a number on, as the agent does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.n = 0
        self.asked: list[int] = []
        self.broken: bytes | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def page(self, after: int) -> bytes:
        last = min(self.n, after + PAGE)
        readings = [
            {
                "name": "temperature",
                "unit": "degC",
                "value": float(number),
                "quality": "good",
                "at": (START + timedelta(seconds=number)).isoformat(),
                "sequence": number,
            }
            for number in range(after + 1, last + 1)
        ]
        return json.dumps({"readings": readings, "last": last if readings else self.n}).encode()


class _Answers(BaseHTTPRequestHandler):
    server: Device

    def do_GET(self) -> None:
        if self.headers["Authorization"] != "Bearer sesame":
            self.send_error(401)
            return
        after = int(parse_qs(urlsplit(self.path).query)["after"][0])
        self.server.asked.append(after)
        body = self.server.page(after) if self.server.broken is None else self.server.broken
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def device() -> Iterator[Device]:
    device = Device()
    thread = threading.Thread(target=device.serve_forever, args=(0.01,))
    thread.start()
    yield device
    device.shutdown()
    thread.join()
    device.server_close()


@pytest.fixture
def recorder(sqlite_engine: Engine, clock: ManualClock) -> Iterator[Recorder]:
    with Recorder(sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock) as recorder:
        yield recorder


def pulling(
    device: Device, recorder: Recorder, engine: Engine, clock: ManualClock, token: str = "sesame"
) -> Puller:
    address = Address(source="oven", url=device.url, token=token, every_s=0.01)
    return Puller(address, recorder, Archive(engine, TEMPERATURE), clock=clock)


def until(is_so: Callable[[], bool], *, within_s: float = 20) -> None:
    give_up = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < give_up, "it did not come about"
        time.sleep(0.01)


def test_readings_are_fetched_page_by_page_and_go_on_after_a_restart(
    device: Device, recorder: Recorder, sqlite_engine: Engine, clock: ManualClock
) -> None:
    """A page is asked for only when the one before is in the table."""
    device.n = 100
    puller = pulling(device, recorder, sqlite_engine, clock)
    until(lambda: len(device.asked) > 3)
    assert len(rows_of(sqlite_engine)) == 100
    puller.close()
    assert device.asked[:4] == [0, 40, 80, 100]
    device.n, device.asked = 110, []
    again = pulling(device, recorder, sqlite_engine, clock)
    until(lambda: len(rows_of(sqlite_engine)) == 110)
    again.close()
    assert device.asked[0] == 100


def test_a_device_that_lost_its_count_is_read_from_the_beginning(
    device: Device, recorder: Recorder, sqlite_engine: Engine, clock: ManualClock
) -> None:
    device.n = 30
    puller = pulling(device, recorder, sqlite_engine, clock)
    until(lambda: len(rows_of(sqlite_engine)) == 30)
    device.n = 5
    until(lambda: device.asked[-1] == 5)
    puller.close()
    assert len(rows_of(sqlite_engine)) == 30


@pytest.mark.parametrize(
    ("broken", "said"),
    [(b"{", "no JSON"), (b"x" * (2 << 20), "larger than"), (b"[]", "no list of readings")],
    ids=["cut", "large", "other"],
)
def test_a_bad_answer_is_said_and_asked_for_again(
    device: Device,
    recorder: Recorder,
    sqlite_engine: Engine,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    broken: bytes,
    said: str,
) -> None:
    monkeypatch.setattr("planner.readings.http._PAUSES_S", (0.01,))
    device.n, device.broken = 3, broken
    puller = pulling(device, recorder, sqlite_engine, clock)
    until(lambda: said in puller.trouble)
    device.broken = None
    until(lambda: len(rows_of(sqlite_engine)) == 3 and not puller.trouble)
    puller.close()


def test_a_wrong_token_is_said_and_never_shown(
    device: Device, recorder: Recorder, sqlite_engine: Engine, clock: ManualClock
) -> None:
    puller = pulling(device, recorder, sqlite_engine, clock, token="guess")
    until(lambda: "check the token" in puller.trouble)
    assert "guess" not in puller.trouble + repr(puller._address)
    puller.close()


def test_a_plain_connection_to_another_machine_is_refused(
    recorder: Recorder, sqlite_engine: Engine, clock: ManualClock
) -> None:
    address = Address(source="oven", url="http://furnace.lab:8080")
    with pytest.raises(InputError, match="without encryption"):
        Puller(address, recorder, Archive(sqlite_engine, TEMPERATURE), clock=clock)
