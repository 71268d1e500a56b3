"""A device over MQTT 5, by a real broker."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from planner.campaign import Sensor
from planner.clock import SystemClock
from planner.device.config import DeviceSpec
from planner.device.contract import Reading
from planner.device.running import Device
from planner.ledger import open_ledger
from planner.ledger.engines import writing
from planner.readings import Archive, Recorder
from planner.readings.wire import read_message
from planner.trials import Answer, DeviceState
from tests.device.devices import (
    TEMPERATURE,
    VIRTUAL,
    Asker,
    Broker,
    make_order,
    program,
    wait_for,
    write_device,
)

START = datetime(2026, 11, 22, 8, tzinfo=UTC)


@contextmanager
def taking_part(folder: Path, port: int, name: str, **sections: Any) -> Iterator[Device]:
    mqtt = {"url": f"mqtt://127.0.0.1:{port}", **sections.pop("mqtt", {})}
    whole = {"device": name, "fields": TEMPERATURE, "act": VIRTUAL, "mqtt": mqtt, **sections}
    device = Device(DeviceSpec.model_validate(whole), folder=folder)
    device.start()
    yield device
    device.close()


@contextmanager
def asking(port: int, name: str, **options: Any) -> Iterator[Asker]:
    asker = Asker(port, f"planner/{name}", **options)
    asker.pushed_on("status", lambda beat: beat["state"] != "offline")
    yield asker
    asker.close()


@pytest.fixture
def asker(broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Asker]:
    name = f"d{abs(hash(request.node.name))}"  # a broker remembers; each test has its own device
    with taking_part(tmp_path, broker.port, name), asking(broker.port, name) as asker:
        yield asker


def test_an_order_is_answered_and_its_end_is_told(asker: Asker) -> None:
    said = asker.ask("start", **make_order())
    assert said["answers"][0]["state"] in ("accepted", "started", "done")
    news = asker.pushed_on("news", lambda words: words["answers"][0]["state"] == "done")
    assert news["answers"][0]["key"] == "c/1/1"
    assert asker.ask("ask", keys=["c/1/1", "c/9/1"])["answers"] == news["answers"]
    assert asker.ask("start", **make_order())["answers"] == news["answers"]
    sender = {"token": 1, "ledger": "ledger-1"}
    assert asker.ask("abort", key="c/1/1", reason="", **sender)["answers"] == news["answers"]
    change = {"key": "c/1/1", "number": 1, "digest": "a", "parameters": {}, **sender}
    assert asker.ask("adjust", **change)["adjustment"]["state"] == "refused"


def test_a_rejection_says_why(asker: Asker) -> None:
    asker.ask("start", **make_order(token=3))
    assert asker.ask("start", **make_order("c/2/1"))["rejection"]["error"] == "stale token"
    other = make_order("c/2/1", token=3, ledger="x")
    assert asker.ask("start", **other)["rejection"]["error"] == "other ledger"
    sender = {"token": 3, "ledger": "ledger-1"}
    assert asker.ask("abort", key="c/9/1", **sender)["rejection"]["error"] == "unknown key"


BAD = [
    b"",
    b"\xff",
    b"[]",
    b"[" * 100_000,
    b'{"kind": "dance"}',
    b'{"kind": "start"}',
    b'{"kind": "ask"}',
    b'{"kind": "ask", "keys": 7}',
    json.dumps({"kind": "ask", "keys": ["k"] * 1_001}).encode(),
    b'{"kind": "abort", "key": "c/1/1", "token": "x"}',
    b'{"kind": "stop"}',
    b" " * (2**20 + 1),
]


def test_what_cannot_be_read_is_a_bad_message(asker: Asker) -> None:
    for payload in BAD:
        said = asker.send(payload).get(timeout=20)
        assert said["rejection"]["error"] == "bad message", payload[:20]
    assert asker.ask("status")["heartbeat"]["state"] == "ready"


def test_who_asks_too_often_waits_and_nothing_is_lost_or_done_twice(
    broker: Broker, tmp_path: Path
) -> None:
    """Of sixty orders within a moment a few are taken; the others say so, and are sent again."""
    name = "patient"
    with (
        taking_part(tmp_path, broker.port, name, mqtt={"rate": 10}) as device,
        asking(broker.port, name) as asker,
    ):
        orders = {f"c/{n}/1": make_order(f"c/{n}/1") for n in range(60)}
        payloads = {
            key: json.dumps({"kind": "start", **each}).encode() for key, each in orders.items()
        }
        waiting = {key: asker.send(payload) for key, payload in payloads.items()}
        said = {key: each.get(timeout=30) for key, each in waiting.items()}
        refused = [key for key, each in said.items() if "rejection" in each]
        assert {said[key]["rejection"]["error"] for key in refused} == {"too often"}
        assert len(refused) >= 20
        known = {each.key for each in device.agent.answers(list(orders))}
        assert known == set(orders) - set(refused)
        key = refused[0]
        wait_for(lambda: "answers" in asker.send(payloads[key]).get(timeout=30), "room for it")
        assert [each.key for each in device.agent.answers([key])] == [key]


def test_a_stop_gets_through_whatever_the_rate(broker: Broker, tmp_path: Path) -> None:
    name = "flooded"
    with (
        taking_part(tmp_path, broker.port, name, mqtt={"rate": 1}) as device,
        asking(broker.port, name) as asker,
    ):
        flood = [asker.send(b'{"kind": "status", "note": "stop"}') for _ in range(50)]
        said = asker.ask("stop", by="Ada", reason="smoke")
        assert said["heartbeat"]["state"] == "stopped"
        assert flood[-1].get(timeout=30)["rejection"]["error"] == "too often"
        assert device.agent.heartbeat().state == "stopped"


def test_what_is_told_to_nobody_does_not_pile_up(broker: Broker, tmp_path: Path) -> None:
    """A device that is cut off for a year tells the newest, and its memory does not grow."""
    with taking_part(tmp_path, broker.port, "cut-off") as device:
        mqtt = device._mqtt
        assert mqtt is not None
        mqtt._ending.set()  # nothing leaves any more
        mqtt._thread.join()
        for n in range(5_000):
            mqtt._hear_news(Answer(key=f"c/{n}/1", state=DeviceState.DONE))
        assert len(mqtt._news) == 1_000
        assert mqtt._news[-1].key == "c/4999/1"


def test_a_stop_is_seen_by_all_and_only_a_person_clears_it(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEAR", "open sesame")
    mqtt = {"clear_token": {"env": "CLEAR"}}
    name = "stopping"
    with (
        taking_part(tmp_path, broker.port, name, mqtt=mqtt),
        asking(broker.port, name) as asker,
    ):
        person = {"by": "Ada", "reason": "smoke"}
        assert asker.ask("stop", **person)["heartbeat"]["state"] == "stopped"
        asker.pushed_on("status", lambda beat: beat["state"] == "stopped")
        assert asker.ask("start", **make_order())["rejection"]["error"] == "locked"
        for shown in ({}, {"clear_token": "x"}):
            assert asker.ask("clear", **person, **shown)["rejection"]["error"] == "not allowed"
        shown = {"clear_token": "open sesame"}
        assert asker.ask("clear", **person, **shown)["heartbeat"]["state"] == "ready"
        assert asker.ask("release", **person, **shown)["heartbeat"]["ledger"] == ""


def test_a_device_that_dies_is_offline_and_one_that_leaves_too(
    broker: Broker, tmp_path: Path
) -> None:
    file = write_device(tmp_path, "mortal", http=None, mqtt={"url": broker.url})
    with program(file) as running, asking(broker.port, "mortal") as asker:
        running.kill()
        asker.pushed_on("status", lambda beat: beat["state"] == "offline")
    with taking_part(tmp_path, broker.port, "leaver"):
        asker = Asker(broker.port, "planner/leaver")
        asker.pushed_on("status", lambda beat: beat["state"] == "ready")
    asker.pushed_on("status", lambda beat: beat["state"] == "offline")
    asker.close()


def test_readings_are_kept_while_the_link_is_down_and_arrive_once_it_is_up(
    needs_mosquitto: None, tmp_path: Path
) -> None:
    broker = Broker(tmp_path)
    sensors = {"heater": {"formula": "temperature", "unit": "degC"}}
    act = {**VIRTUAL, "sensors": sensors}
    with taking_part(tmp_path, broker.port, "logger", act=act, http={"port": 0}) as device:
        mqtt = device._mqtt
        assert mqtt is not None
        wait_for(lambda: mqtt.is_connected, "the broker")
        broker.kill()
        wait_for(lambda: not mqtt.is_connected, "the loss")
        from planner.trials import ORDERS

        device.agent.take(ORDERS.validate_python(make_order()))
        wait_for(lambda: device._readings.last() == 10, "readings in the journal")
        broker.start()
        asker = Asker(broker.port, "planner/logger")
        arrived: list[int] = []
        while len(arrived) < 10:
            rows = asker.pushed_on("readings", lambda words: True)["readings"]
            arrived += [row["sequence"] for row in rows]
        assert arrived == list(range(1, 11))
        wait_for(lambda: device._readings.arrived("mqtt") == 10, "the acknowledgement")
        asker.close()
    broker.kill()


def test_an_outage_longer_than_the_store_ends_in_a_count_of_what_is_missing(
    broker: Broker, tmp_path: Path
) -> None:
    """2,500 readings while the link is down, of which 1,000 are kept: the planner counts 1,500."""
    said: list[str] = []
    mqtt = {"url": broker.url}
    whole = {"device": "weekend", "act": VIRTUAL, "mqtt": mqtt, "keep_readings": 1_000}
    device = Device(DeviceSpec.model_validate(whole), folder=tmp_path, hear_link=said.append)
    device.start()
    sensor = Sensor.model_validate({"name": "heater", "unit": "degC"})
    ledger = open_ledger(tmp_path / "ledger.db", clock=SystemClock())
    heard = Heard(broker.port, "weekend")

    def read(first: int, n: int) -> None:
        for each in range(first, first + n):
            at = START + timedelta(seconds=each)
            device._readings.add(
                Reading(name="heater", value=20.0, unit="degC", quality="good", at=at)
            )

    with Recorder(
        writing(ledger.engine), {"heater": sensor}, sources=["weekend"], clock=SystemClock()
    ) as recorder:
        read(0, 100)
        heard.take_into(recorder, last=100)
        wait_for(lambda: device._readings.arrived("mqtt") == 100, "the acknowledgement")
        assert device._mqtt is not None
        link = device._mqtt._client
        link.disconnect()
        link.loop_stop()
        read(100, 2_500)
        wait_for(lambda: device._readings.last() == 2_600, "readings in the journal")
        link.reconnect()
        link.loop_start()
        heard.take_into(recorder, last=2_600)
        assert recorder.flush()
    (source,) = Archive(ledger.engine, {"heater": sensor}).sources()
    device.close()
    dropped = [text for text in said if "dropped" in text]
    total = sum(int(text.split()[0].replace(",", "")) for text in dropped)
    assert (source.n_kept, source.n_missing) == (1_100, 1_500)
    assert total == 1_500
    assert "1,000 are kept (keep_readings)" in dropped[0]
    heard.close()
    ledger.close()


class Heard:
    """What a device forwards, given to a recorder in the order in which it comes."""

    def __init__(self, port: int, name: str) -> None:
        self._asker = Asker(port, f"planner/{name}")
        self._name = name

    def take_into(self, recorder: Recorder, *, last: int) -> None:
        reached = 0
        while reached < last:
            words = self._asker.pushed_on("readings", lambda words: True)
            message = read_message(json.dumps(words).encode())
            assert recorder.take(self._name, message.readings, wait_s=10)
            reached = max(each.sequence or 0 for each in message.readings)

    def close(self) -> None:
        self._asker.close()


def test_tls_and_a_password_are_needed_where_the_broker_wants_them(
    needs_mosquitto: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(users), "furnace", "hot"], check=True)
    users.chmod(0o644)
    broker = Broker(
        tmp_path,
        f"certfile {tmp_path}/cert.pem",
        f"keyfile {tmp_path}/key.pem",
        "allow_anonymous false",
        f"password_file {users}",
        "user root",
    )
    monkeypatch.setenv("BROKER_USER", "furnace")
    monkeypatch.setenv("BROKER_PASSWORD", "hot")
    mqtt = {
        "url": f"mqtts://127.0.0.1:{broker.port}",
        "ca": "ca.pem",
        "user": {"env": "BROKER_USER"},
        "password": {"env": "BROKER_PASSWORD"},
    }
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    def prepare(client: Any) -> None:
        client.username_pw_set("furnace", "hot")
        client.tls_set_context(trusting)

    with (
        taking_part(tmp_path, broker.port, "safe", mqtt=mqtt),
        asking(broker.port, "safe", prepare=prepare) as asker,
    ):
        assert "answers" in asker.ask("start", **make_order())
    with taking_part(tmp_path, broker.port, "plain", mqtt={}) as device:
        assert device._mqtt is not None
        assert not device._mqtt.is_connected
    broker.kill()
