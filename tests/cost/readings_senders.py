"""Who sends readings, each as a process of its own: a plain MQTT client, and the device agent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from planner.device.config import DeviceSpec
from planner.device.contract import Control
from planner.device.running import Device
from planner.readings import Reading
from planner.trials import Order, Setting

START = datetime(2026, 11, 22, tzinfo=UTC)
SOURCE = "oven"


@dataclass(frozen=True, slots=True)
class Load:
    """Readings of all sensors.

    Args:
        rate: readings a second of all together.
        is_paced: whether they are sent in time, rather than as fast as they are taken.
    """

    n_sensors: int
    rate: float
    seconds: float
    is_paced: bool

    @property
    def n_a_sensor(self) -> int:
        """Readings of each sensor."""
        return round(self.rate * self.seconds / self.n_sensors)

    @property
    def n(self) -> int:
        """Readings of all sensors."""
        return self.n_a_sensor * self.n_sensors

    def wait(self, began: float, n: int) -> None:
        """Waits until the n-th reading of each sensor is due."""
        if self.is_paced:
            due_s = n * self.n_sensors / self.rate
            time.sleep(max(0.0, began + due_s - time.perf_counter()))

    def values(self) -> Callable[[int, int], float]:
        """Returns what gives the n-th value of a sensor."""
        noise = np.random.default_rng(0).normal(0, 0.3, 10_007).tolist()
        return lambda n, sensor: 500.0 + noise[(n * 31 + sensor) % 10_007]

    def messages(self, size: int = 50) -> Iterator[tuple[int, list[Reading]]]:
        """Up to which readings they are, and what each message of one sensor holds."""
        every_s, value = self.n_sensors / self.rate, self.values()
        for first in range(0, self.n_a_sensor, size):
            behind = min(first + size, self.n_a_sensor)
            for at in range(self.n_sensors):
                yield (
                    behind,
                    [
                        Reading(
                            name=f"s{at}",
                            at=START + timedelta(seconds=n * every_s),
                            value=value(n, at),
                            unit="degC",
                            sequence=n * self.n_sensors + at + 1,
                        )
                        for n in range(first, behind)
                    ],
                )


def publish(port: int, load: Load) -> None:
    """A device's process, without the agent: publishes what was written beforehand."""
    from paho.mqtt.client import Client, MQTTv5
    from paho.mqtt.enums import CallbackAPIVersion

    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.max_inflight_messages_set(20)
    client.connect("127.0.0.1", port)
    client.loop_start()
    began, last = time.perf_counter(), None
    for behind, message in load.messages():
        load.wait(began, behind)
        readings = [
            {"name": each.name, "unit": each.unit, "value": each.value, "quality": "good",
             "at": each.at.isoformat(), "sequence": each.sequence}
            for each in message
        ]  # fmt: skip
        last = client.publish(
            f"planner/{SOURCE}/readings", json.dumps({"readings": readings}), qos=1
        )
    if last is not None:
        last.wait_for_publish(timeout=120)
    client.disconnect()
    client.loop_stop()


def read_all(load: Load, control: Control) -> dict[str, tuple[float, str]]:
    """What the agent's act does: reads all sensors, again and again."""
    value = load.values()
    began = time.perf_counter()
    for n in range(load.n_a_sensor):
        load.wait(began, n)
        for sensor in range(load.n_sensors):
            control.read(f"s{sensor}", value(n, sensor), unit="degC")
    return {"yield": (1.0, "percent")}


_ACT = """
from readings_senders import Load, read_all


def perform(job, control):
    return read_all({load!r}, control)
"""


def serve_agent(load: Load, folder: Path, port: int | None, told: Any, leave: Any) -> None:
    """The reference agent's process: one job, which reads for as long as the load lasts.

    Args:
        load: what is read.
        folder: of the agent's journal.
        port: of the broker; None: the agent is asked over HTTP.
        told: a queue that is told where the agent can be reached.
        leave: an event that ends it.
    """
    way = {"http": {"port": 0}} if port is None else {"mqtt": {"url": f"mqtt://127.0.0.1:{port}"}}
    (folder / "read_all_sensors.py").write_text(_ACT.format(load=load))
    act = {"kind": "function", "function": "read_all_sensors:perform"}
    fields = {"temperature": {"low": 20, "high": 100, "unit": "degC"}}
    spec = DeviceSpec.model_validate({"device": SOURCE, "fields": fields, "act": act, **way})
    device = Device(spec, folder=folder)
    (place,) = device.start()
    told.put(place)
    asked = Setting(value=60.0, unit="degC")
    device.agent.take(Order(key="c/1/1", digest="d", parameters={"temperature": asked}))
    leave.wait()
    device.close()
