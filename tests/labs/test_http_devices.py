"""Devices behind HTTP: a real server, honest or at fault, and what the planner makes of it."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme

from planner.errors import (
    Conflict,
    InputError,
    LabUnavailable,
    PlannerError,
    Refused,
    StaleToken,
    Unanswered,
)
from planner.labs import DeliveryClass, DeviceLab, Setting
from planner.trials import DeviceState, Reported
from tests.labs.furnaces import open_furnace, order
from tests.labs.honest_device import RESULT, HonestDevice, HttpFace

SECRET = "s3cret-token"


@pytest.fixture
def face() -> HttpFace:
    return HttpFace(HonestDevice())


@pytest.fixture
def url(face: HttpFace) -> Iterator[str]:
    with face.serving() as url:
        yield url


Open = Callable[..., DeviceLab]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens labs of these source lines, with the token in the environment."""
    monkeypatch.setenv("FURNACE_TOKEN", SECRET)
    labs: list[DeviceLab] = []

    def open_one(lines: str) -> DeviceLab:
        text = f"kind: http\ntoken: {{env: FURNACE_TOKEN}}\nanswer_timeout: 0.3\n{lines}"
        labs.append(open_furnace(text, tmp_path))
        return labs[-1]

    yield open_one
    for lab in labs:
        lab.close()


@pytest.fixture
def lab(opened: Open, url: str) -> DeviceLab:
    return opened(f"url: {url}")


def test_an_order_goes_out_in_the_devices_words_and_its_result_comes_back_in_ours(
    lab: DeviceLab, face: HttpFace
) -> None:
    answer = lab.submit(order())
    sent = face.device.heard[0]
    assert sent["parameters"]["T_SP"] == {"value": 973.15, "unit": "K"}
    assert "temperature" not in sent["parameters"]
    assert sent["parameters"]["flow"] == {"value": 3.0, "unit": "sccm"}
    assert (sent["token"], sent["ledger"]) == (1, "ledger 1")
    assert face.paths == ["/jobs/growth%2F1%2F1"]
    assert answer.state is DeviceState.DONE
    assert answer.result is not None
    assert answer.result.outcomes == {"yield": Reported(value=0.815, unit="1")}
    assert answer.result.achieved == {"temperature": Reported(value=973.4, unit="K")}
    assert lab.delivery is DeliveryClass.KEYED


def test_the_same_order_again_is_the_same_run(lab: DeviceLab, face: HttpFace) -> None:
    assert lab.submit(order()) == lab.submit(order())
    assert face.device.acts == ["growth/1/1"]


def test_many_keys_are_asked_about_at_once_and_unknown_ones_left_out(
    lab: DeviceLab, face: HttpFace
) -> None:
    face.device.finishes = False
    lab.submit(order(1))
    keys = [f"growth/{number}/1" for number in range(1, 2502)]
    assert {key: each.state for key, each in lab.poll(keys).items()} == {keys[0]: "started"}
    assert [len(each["keys"]) for each in face.device.heard[1:]] == [1000, 1000, 501]


def test_a_run_is_aborted_adjusted_and_stopped(lab: DeviceLab, face: HttpFace) -> None:
    face.device.finishes = False
    lab.submit(order())
    change = {"temperature": Setting(value=710.0, unit="degC")}
    said = lab.adjust(
        "growth/1/1", number=1, digest="d", parameters=change, token=2, ledger="ledger 1"
    )
    assert said.state == "taken"
    assert face.device.heard[-1]["parameters"] == {"T_SP": {"value": 983.15, "unit": "K"}}
    answer = lab.abort("growth/1/1", token=2, ledger="ledger 1")
    assert answer.state is DeviceState.ABORTED
    assert lab.stop(by="ada", reason="smoke").state == "stopped"
    with pytest.raises(LabUnavailable, match="locked and did not take the order growth/2/1"):
        lab.submit(order(2, token=2))
    with pytest.raises(Refused, match="does not speak to us"):
        lab.clear(clear_token=SECRET, by="ada", reason="aired")
    assert lab.clear(clear_token="a person's", by="ada", reason="aired").state == "ready"
    assert lab.heartbeat().boot_id == "boot 1"


def test_rejections_are_told_apart(lab: DeviceLab, face: HttpFace) -> None:
    lab.submit(order(1, token=5))
    with pytest.raises(StaleToken, match="It has heard 5"):
        lab.submit(order(2, token=4))
    with pytest.raises(Conflict, match="growth/1/1 for another order"):
        lab.submit(order(1, token=5, digest="another"))
    assert face.device.acts == ["growth/1/1"]


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, Refused, "does not speak to us: it said HTTP status 401"),
        (404, Refused, "is it a device, and is its address right"),
        (413, Refused, "cannot read what was sent"),
        (429, LabUnavailable, "HTTP status 429"),
        (307, Unanswered, "HTTP status 307"),
        (500, Unanswered, "HTTP status 500"),
        (502, Unanswered, "HTTP status 502"),
    ],
)
def test_a_server_that_is_no_device_is_understood_by_its_status(
    status: int, error: type[PlannerError], words: str, lab: DeviceLab, face: HttpFace
) -> None:
    def say(handler: BaseHTTPRequestHandler, _: int, __: bytes) -> bool:
        _send_head(handler, status, n_bytes=9)
        handler.wfile.write(b"<!html ok")
        return True

    face.fault = say
    with pytest.raises(error, match=words):
        lab.submit(order())
    with pytest.raises((LabUnavailable, Refused)):
        lab.poll(["growth/1/1"])


def test_where_nobody_listens_nothing_was_sent(opened: Open) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        lab = opened(f"url: http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(LabUnavailable, match="Nothing was sent"):
            lab.submit(order())
        with pytest.raises(LabUnavailable):
            lab.poll(["growth/1/1"])
        with pytest.raises(LabUnavailable):
            lab.heartbeat()


def test_a_name_that_is_not_known_means_that_nothing_was_sent(opened: Open) -> None:
    with pytest.raises(LabUnavailable, match="Nothing was sent"):
        opened("url: https://no-such-host.invalid").submit(order())


def _send_head(handler: BaseHTTPRequestHandler, status: int, *, n_bytes: int) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(n_bytes))
    handler.send_header("Connection", "close")  # the face closes it, and nobody sends into that
    handler.end_headers()


def _cut(handler: BaseHTTPRequestHandler, _: int, __: bytes) -> bool:
    handler.connection.shutdown(socket.SHUT_RDWR)
    return True


def _truncate(handler: BaseHTTPRequestHandler, _: int, body: bytes) -> bool:
    _send_head(handler, 200, n_bytes=len(body))
    handler.wfile.write(body[: len(body) // 2])
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)
    return True


def _half_a_json(handler: BaseHTTPRequestHandler, _: int, body: bytes) -> bool:
    half = body[: len(body) // 2]
    _send_head(handler, 200, n_bytes=len(half))
    handler.wfile.write(half)
    return True


def _be_silent(handler: BaseHTTPRequestHandler, _: int, __: bytes) -> bool:
    handler.rfile.read(1)  # until the planner gives up and closes
    return True


def _drip(handler: BaseHTTPRequestHandler, _: int, __: bytes) -> bool:
    _send_head(handler, 200, n_bytes=1000000)
    stop = threading.Event()
    try:
        while not stop.wait(0.05):
            handler.wfile.write(b" ")
            handler.wfile.flush()
    except OSError:
        pass
    return True


def _say_too_much(handler: BaseHTTPRequestHandler, _: int, __: bytes) -> bool:
    _send_head(handler, 200, n_bytes=100 << 20)
    try:
        for _n in range(100):
            handler.wfile.write(b" " * (1 << 20))
    except OSError:
        pass
    return True


def _answer_about_another(handler: BaseHTTPRequestHandler, _: int, __: bytes) -> bool:
    body = json.dumps({"key": "growth/9/1", "state": "done"}).encode()
    _send_head(handler, 200, n_bytes=len(body))
    handler.wfile.write(body)
    return True


@pytest.mark.parametrize(
    "fault",
    [_cut, _truncate, _half_a_json, _be_silent, _drip, _say_too_much, _answer_about_another],
)
def test_an_answer_that_cannot_be_used_leaves_open_whether_the_order_arrived(
    fault: Callable[..., bool], lab: DeviceLab, face: HttpFace
) -> None:
    """It did arrive here: sent again when the fault is over, it is answered and not done twice."""
    face.fault = fault
    before = time.monotonic()
    with pytest.raises(Unanswered, match=r"furnace at http.*growth/9/1|gave no answer"):
        lab.submit(order())
    assert time.monotonic() - before < 5.0  # ten times the time that an answer may take
    if fault is not _answer_about_another:
        with pytest.raises(LabUnavailable):
            lab.poll(["growth/1/1"])
    face.fault = None
    assert lab.submit(order()).state is DeviceState.DONE
    assert face.device.acts == ["growth/1/1"]


def test_what_is_no_number_and_units_of_another_kind_reach_the_checks_of_the_loop(
    lab: DeviceLab, face: HttpFace
) -> None:
    """The adapter hands over what was said; what is wrong with it, the loop says."""
    face.device.result = {"outcomes": {"Y": {"value": float("nan"), "unit": "K"}}}
    answer = lab.submit(order())
    assert answer.result is not None
    said = answer.result.outcomes["yield"]
    assert said.unit == "K"
    assert said.value != said.value


def test_a_device_name_that_happens_to_be_ours_is_not_taken_for_ours(
    lab: DeviceLab, face: HttpFace
) -> None:
    """The furnace's set point is T_SP; what it calls temperature is something else."""
    achieved = {"T_SP": {"value": 973.0}, "temperature": {"value": 20.0, "unit": "degC"}}
    face.device.result = {**RESULT, "achieved": achieved}
    result = lab.submit(order()).result
    assert result is not None
    assert result.achieved["temperature"] == Reported(value=973.0, unit="K")
    assert result.achieved["temperature (the device's)"].value == 20.0


def test_several_devices_share_one_source(opened: Open) -> None:
    left, right = HttpFace(HonestDevice()), HttpFace(HonestDevice(finishes=False))
    with left.serving() as one, right.serving() as other:
        lines = f"urls: {{left: '{one}', right: '{other}'}}"
        lab = opened(lines)
        assert lab.devices == ("left", "right")
        lab.submit(order(1, device="left"))
        lab.submit(order(2, device="right"))
        assert left.device.acts == ["growth/1/1"]
        assert right.device.acts == ["growth/2/1"]
        again = opened(lines)  # which device has which key is found out by asking
        known = again.poll(["growth/1/1", "growth/2/1"])
        assert {key: each.state for key, each in known.items()} == {
            "growth/1/1": "done",
            "growth/2/1": "started",
        }
        fresh = opened(lines)
        assert fresh.abort("growth/2/1", token=1, ledger="ledger 1").state is DeviceState.ABORTED
        with pytest.raises(InputError, match="no device 'middle', only left, right"):
            lab.heartbeat("middle")


def test_one_device_that_is_away_does_not_hide_the_others(opened: Open) -> None:
    left = HttpFace(HonestDevice())
    with left.serving() as one, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        other = f"http://127.0.0.1:{taken.getsockname()[1]}"
        lab = opened(f"urls: {{left: '{one}', right: '{other}'}}")
        lab.submit(order(1, device="left"))
        assert set(lab.poll(["growth/1/1", "growth/2/1"])) == {"growth/1/1"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _server_trust(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_certificate_is_verified(
    opened: Open, face: HttpFace, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "lab-ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other-ca.pem"))
    with face.serving(_server_trust(authority)) as url:
        assert opened(f"url: {url}\nca: lab-ca.pem").submit(order()).state is DeviceState.DONE
        for lines in (f"url: {url}\nca: other-ca.pem", f"url: {url}"):
            with pytest.raises(LabUnavailable, match="certificate is not trusted"):
                opened(lines).submit(order(2))
    with (
        face.serving(_server_trust(authority, "elsewhere.lab")) as url,
        pytest.raises(LabUnavailable, match="certificate is not trusted"),
    ):
        opened(f"url: {url}\nca: lab-ca.pem").submit(order(3))
    assert face.device.acts == ["growth/1/1"]


def test_what_is_no_certificate_is_said_when_the_lab_is_opened(
    opened: Open, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("not one")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(InputError, match=rf"{name}, cannot be read"):
            opened(f"url: https://furnace.lab\nca: {name}")


def test_no_secret_is_in_a_repr_an_error_or_a_log(
    lab: DeviceLab, face: HttpFace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = [repr(lab), str(vars(lab))]
    lab.submit(order())
    assert any(each.get("authorization") == f"Bearer {SECRET}" for each in face.headers)
    for fault in (_cut, _half_a_json):
        face.fault = fault
        with pytest.raises(PlannerError) as caught:
            lab.submit(order(2))
        error: BaseException | None = caught.value
        while error is not None:
            said.append(f"{error!r} {error}")
            error = error.__cause__ or error.__context__
    face.fault, face.token = None, "changed"
    with pytest.raises(Refused, match="Check the token") as refused:
        lab.submit(order(3))
    assert SECRET not in "".join([*said, caplog.text, str(refused.value)])


def test_a_secret_is_read_from_a_file_that_only_its_owner_reads(
    tmp_path: Path, url: str, face: HttpFace
) -> None:
    lines = f"kind: http\nurl: {url}\ntoken: {{file: furnace.token}}"
    with pytest.raises(InputError, match="cannot be read: No such file"):
        open_furnace(lines, tmp_path)
    file = tmp_path / "furnace.token"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o644)
    with pytest.raises(InputError, match=r"mode 644\)\. Type: chmod 600") as caught:
        open_furnace(lines, tmp_path)
    assert SECRET not in str(caught.value)
    file.chmod(0o600)
    lab = open_furnace(lines, tmp_path)
    assert lab.submit(order()).state is DeviceState.DONE
    lab.close()
    for bad in ("", "two\nlines", "gr\xf6\xdfe"):
        file.write_text(bad)
        with pytest.raises(InputError, match=r"is empty|more than one line"):
            open_furnace(lines, tmp_path)


def test_a_variable_that_is_not_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no variable NO_SUCH_TOKEN, which holds the token of"):
        open_furnace("kind: http\nurl: http://127.0.0.1:9\ntoken: {env: NO_SUCH_TOKEN}", tmp_path)


def test_an_order_that_is_too_large_is_not_sent(lab: DeviceLab, face: HttpFace) -> None:
    large = order(digest="x" * (1 << 20))
    with pytest.raises(Refused, match="was not sent"):
        lab.submit(large)
    assert face.device.heard == []
