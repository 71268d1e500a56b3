"""Readings through a real mosquitto: nothing is lost that a device has handed over."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mosquitto import PROGRAM, Mosquitto
from paho.mqtt.client import Client, MQTTMessageInfo, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from reading_samples import START, rows_of, sensor
from sqlalchemy import Engine, text

from planner.clock import ManualClock
from planner.errors import InputError
from planner.readings import MOST_BYTES, Archive, Recorder
from planner.readings.mqtt import Broker, Subscriber
from tests.free_ports import free_port

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no mosquitto: apt install mosquitto")
TEMPERATURE = {"temperature": sensor()}


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path_factory.mktemp("mosquitto"), free_port())
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def device(mosquitto: Mosquitto) -> Iterator[Client]:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def readings_of(first: int, n: int, **given: Any) -> bytes:
    readings = [
        {
            "name": "temperature",
            "unit": "K",
            "value": 300.0 + number,
            "quality": "good",
            "at": (START + timedelta(seconds=number)).isoformat(),
            "sequence": number + 1,
            **given,
        }
        for number in range(first, first + n)
    ]
    return json.dumps({"readings": readings}).encode()


def told(device: Client, topic: str, payload: bytes) -> MQTTMessageInfo:
    info = device.publish(topic, payload, qos=1)
    info.wait_for_publish(timeout=20)
    return info


def until(is_so: Callable[[], bool], *, within_s: float = 20) -> None:
    give_up = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < give_up, "it did not come about"
        time.sleep(0.01)


def subscribed(port: int, recorder: Recorder, clock: ManualClock, name: str) -> Subscriber:
    broker = Broker(host="127.0.0.1", port=port, client_id=name, bases={"lab/kiln": "kiln"})
    subscriber = Subscriber(broker, recorder, clock=clock)
    assert subscriber.wait_until_subscribed(20), subscriber.trouble
    return subscriber


def test_what_a_device_publishes_is_in_the_table(
    mosquitto: Mosquitto, device: Client, sqlite_engine: Engine, clock: ManualClock
) -> None:
    with Recorder(sqlite_engine, TEMPERATURE, sources=["oven", "kiln"], clock=clock) as recorder:
        subscriber = subscribed(mosquitto.port, recorder, clock, "first")
        for _ in range(2):  # a repeat is dropped
            for first in range(0, 300, 100):
                told(device, "planner/oven/readings", readings_of(first, 100))
        told(device, "lab/kiln/readings", readings_of(0, 1))
        until(lambda: len(rows_of(sqlite_engine)) == 301)
        until(lambda: recorder.flush() and n_repeated(sqlite_engine, "oven") == 300)
        subscriber.close()
    rows = rows_of(sqlite_engine)
    assert {row["source"] for row in rows} == {"kiln", "oven"}
    assert rows[1]["value"] == pytest.approx(26.85)
    assert rows[1]["raw"] == 300.0
    assert rows[1]["raw_unit"] == "K"
    assert Archive(sqlite_engine, TEMPERATURE).last_sequence("oven") == 300


def n_repeated(engine: Engine, source: str) -> int:
    counts = {each.source: each.n_repeated for each in Archive(engine, {}).sources()}
    return counts.get(source, 0)


def test_strangers_and_rubbish_are_refused_and_counted_and_stop_nothing(
    mosquitto: Mosquitto, device: Client, sqlite_engine: Engine, clock: ManualClock
) -> None:
    with Recorder(sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock) as recorder:
        subscriber = subscribed(mosquitto.port, recorder, clock, "second")
        told(device, "planner/intruder/readings", readings_of(0, 5))
        for payload in (b"", b"{", b"\x00\xff", readings_of(0, 1)[:-5]):
            told(device, "planner/oven/readings", payload)
        told(device, "planner/oven/readings", readings_of(0, 2, quality="fine"))
        told(device, "planner/oven/readings", b'"' + b"x" * MOST_BYTES + b'"')
        told(device, "planner/oven/readings", readings_of(0, 1))
        until(lambda: len(rows_of(sqlite_engine)) == 1)
        assert recorder.flush()
        subscriber.close()
    counts = {each.source: each for each in Archive(sqlite_engine, TEMPERATURE).sources()}
    assert (counts["intruder"].n_refused, counts["intruder"].n_kept) == (5, 0)
    assert counts["oven"].n_kept == 1
    assert counts["oven"].n_refused >= 4 + 2


def test_what_is_not_yet_in_the_database_is_sent_again_by_the_broker(
    mosquitto: Mosquitto, device: Client, sqlite_engine: Engine, clock: ManualClock
) -> None:
    """The first gateway ends before it could write; the second gets all, the later ones too."""
    rename(sqlite_engine, "readings", "gone")
    first = Recorder(sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock)
    subscriber = subscribed(mosquitto.port, first, clock, "third")
    told(device, "planner/oven/readings", readings_of(0, 50))
    until(lambda: first.n_waiting == 50)
    subscriber.close()
    assert not first.close()  # what it had is lost, as by a kill
    told(device, "planner/oven/readings", readings_of(50, 50))  # while nobody is there
    rename(sqlite_engine, "gone", "readings")
    assert rows_of(sqlite_engine) == []
    with Recorder(sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock) as second:
        again = subscribed(mosquitto.port, second, clock, "third")
        until(lambda: len(rows_of(sqlite_engine)) == 100)
        again.close()


def rename(engine: Engine, old: str, new: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


@pytest.mark.slow
def test_a_broker_that_is_restarted_is_found_again(
    tmp_path: Path, sqlite_engine: Engine, clock: ManualClock
) -> None:
    broker = Mosquitto(tmp_path / "broker", free_port())
    broker.start()
    with Recorder(sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock) as recorder:
        subscriber = subscribed(broker.port, recorder, clock, "fourth")
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        until(client.is_connected)
        told(client, "planner/oven/readings", readings_of(0, 10))
        broker.stop()
        until(lambda: "lost" in subscriber.trouble or "not there" in subscriber.trouble)
        broker.start()
        assert subscriber.wait_until_subscribed(20)
        until(client.is_connected)
        told(client, "planner/oven/readings", readings_of(10, 10))
        until(lambda: len(rows_of(sqlite_engine)) == 20)
        client.disconnect()
        client.loop_stop()
        subscriber.close()
    broker.stop()


def test_a_broker_that_is_not_there_is_named(sqlite_engine: Engine, clock: ManualClock) -> None:
    port = free_port()
    with Recorder(sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock) as recorder:
        broker = Broker(host="127.0.0.1", port=port, client_id="nobody", password="hunter2")
        subscriber = Subscriber(broker, recorder, clock=clock)
        until(lambda: f"127.0.0.1:{port} is not there" in subscriber.trouble)
        assert "hunter2" not in repr(broker)
        subscriber.close()


def test_a_plain_connection_to_another_machine_is_refused(
    sqlite_engine: Engine, clock: ManualClock
) -> None:
    with Recorder(sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock) as recorder:
        broker = Broker(host="broker.lab", port=1883, client_id="x")
        with pytest.raises(InputError, match="without encryption"):
            Subscriber(broker, recorder, clock=clock)
