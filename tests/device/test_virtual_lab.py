"""Each fault of the virtual lab is there when it is asked for, and only then."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from planner.device.config import DeviceSpec
from planner.device.running import Device
from planner.device.virtual.record import count_begun, read_record
from planner.device.virtual.spec import Faults
from planner.device.virtual.troubles import BadLine
from planner.trials import ORDERS, Answer
from tests.device.devices import (
    TEMPERATURE,
    VIRTUAL,
    Asker,
    Broker,
    make_order,
    wait_for,
)


def make(folder: Path, faults: dict[str, Any] | None, more: dict[str, Any]) -> Device:
    mqtt = more.pop("mqtt", None)
    act = {**VIRTUAL, **more, "faults": faults or {}}
    reached = {"mqtt": mqtt} if mqtt else {"http": {"port": 0}}
    whole = {"device": "furnace", "fields": TEMPERATURE, "act": act, **reached}
    return Device(DeviceSpec.model_validate(whole), folder=folder)


@contextmanager
def lab(folder: Path, *, faults: dict[str, Any] | None = None, **more: Any) -> Iterator[Device]:
    """The agent alone, which is spoken to directly."""
    device = make(folder, faults, more)
    device._readings.start()
    device.agent.start()
    yield device
    device.agent.close()
    device._readings.close()
    device._journal.close()


@contextmanager
def reached_lab(
    folder: Path, *, faults: dict[str, Any] | None = None, **more: Any
) -> Iterator[tuple[Device, str]]:
    """And how it is reached."""
    device = make(folder, faults, more)
    yield device, device.start()[0]
    device.close()


def perform(device: Device, *keys: str, temperature: float = 60.0) -> list[Answer]:
    for key in keys:
        device.agent.take(ORDERS.validate_python(make_order(key, temperature)))
    ends = ("done", "failed", "aborted")

    def ended() -> Any:
        answers = device.agent.answers(keys)
        return answers if all(answer.state in ends for answer in answers) else None

    return wait_for(ended, "the ends")


def values(answers: list[Answer]) -> list[float]:
    return [answer.result.outcomes["yield"].value for answer in answers]  # type: ignore


KEYS = [f"c/{i}/1" for i in range(5)]


def test_a_good_one_says_what_the_formula_says_with_noise_that_follows_from_the_key(
    tmp_path: Path,
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with lab(tmp_path / "one") as device:
        first = values(perform(device, *KEYS))
        assert device.agent.heartbeat().simulated
    with lab(tmp_path / "two") as device:
        assert values(perform(device, *reversed(KEYS))) == first[::-1]
    assert len(set(first)) == len(KEYS)
    assert all(abs(value - 120) < 6 * 0.5 for value in first)  # six deviations: 1 in 10 million
    assert count_begun(tmp_path / "one" / "furnace.acts") == dict.fromkeys(KEYS, 1)


def test_the_record_says_when_an_act_begins_and_ends_and_with_what(tmp_path: Path) -> None:
    with lab(tmp_path) as device:
        perform(device, "c/1/1")
    begun, ended = read_record(tmp_path / "furnace.acts")
    assert begun["event"] == "begun"
    assert begun["parameters"] == {"temperature": 60.0}
    assert {"pid", "boot"} <= set(begun)
    assert (ended["event"], ended["how"]) == ("ended", "done")


def test_noise_drift_units_and_nan_are_as_the_file_says(tmp_path: Path) -> None:
    faults: dict[str, dict[str, Any]] = {
        "still": {"noise": 0.0},
        "drifting": {"noise": 0.0, "drift": {"yield": 0.25}},
        "swapped": {"noise": 0.0, "wrong_units": {"yield": "K"}},
    }
    said = {}
    for name, each in faults.items():
        (tmp_path / name).mkdir()
        with lab(tmp_path / name, faults=each) as device:
            said[name] = perform(device, *KEYS)
    assert values(said["still"]) == [120.0] * 5
    assert values(said["drifting"]) == [120.0, 120.25, 120.5, 120.75, 121.0]
    assert values(said["swapped"]) == [120.0] * 5
    assert said["swapped"][0].result.outcomes["yield"].unit == "K"  # type: ignore[union-attr]
    with lab(tmp_path / "drifting", faults=faults["drifting"]) as device:
        assert values(perform(device, "c/9/1")) == [121.25]  # it drifts on after a restart


def test_a_stuck_sensor_says_the_same_for_ever(tmp_path: Path) -> None:
    sensors = {"heater": {"formula": "temperature + elapsed", "unit": "degC"}}
    with lab(tmp_path, faults={"stuck_after": 1}, sensors=sensors) as device:
        perform(device, "c/1/1", temperature=60.0)
        perform(device, "c/2/1", temperature=70.0)
        wait_for(lambda: device._readings.last() == 20, "readings")
        read = [row["value"] for row in device._readings.after(0)]
    assert read[:10] == [60 + step / 10 for step in range(10)]
    assert read[10:] == [70.0] * 10


def test_infeasible_settings_fail_by_the_process(tmp_path: Path) -> None:
    with lab(tmp_path, infeasible="temperature - 65") as device:
        good, bad = perform(device, "c/1/1")[0], perform(device, "c/2/1", temperature=70)[0]
    assert good.state == "done"
    assert (bad.state, bad.failure) == ("failed", "process")


def test_an_act_that_takes_time_can_be_stopped_and_adjusted(tmp_path: Path) -> None:
    from planner.trials import Setting

    with lab(tmp_path, duration=30.0) as device:
        device.agent.take(ORDERS.validate_python(make_order()))
        wait_for(lambda: device.agent.heartbeat().current_key, "the act")
        hotter = {"temperature": Setting(value=70.0, unit="degC")}
        word = device.agent.adjust(
            "c/1/1", 1, digest="a", parameters=hotter, token=1, ledger="ledger-1"
        )
        assert word.state == "taken"
        device.agent.stop(by="Ada", reason="smoke")
        wait_for(lambda: device.agent.answers(["c/1/1"])[0].state == "aborted", "the stop")
    assert read_record(tmp_path / "furnace.acts")[-1]["how"] == "aborted"


def test_lost_and_late_answers_over_http(tmp_path: Path) -> None:
    with reached_lab(tmp_path, faults={"lost": 1.0}) as (device, place):
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.put(f"{place}/jobs/c/1/1", json=make_order())
        wait_for(lambda: device.agent.answers(["c/1/1"]), "it, which was taken all the same")
    with reached_lab(tmp_path, faults={"late": 1.0, "late_by": 0.3}) as (_, place):
        answer = httpx.get(f"{place}/status")
        assert answer.elapsed.total_seconds() >= 0.3


def test_lost_doubled_and_late_answers_over_mqtt(broker: Broker, tmp_path: Path) -> None:
    payload = json.dumps({"kind": "status"}).encode()
    for faults, copies in (({"doubled": 1.0, "late": 1.0, "late_by": 0.01}, 2), ({"lost": 1.0}, 0)):
        with reached_lab(tmp_path, faults=faults, mqtt={"url": broker.url}) as (device, _):
            wait_for(lambda: device._mqtt.is_connected, "the broker")
            asker = Asker(broker.port, "planner/furnace")
            asker.pushed_on("status", lambda beat: beat["state"] != "offline")
            answers = asker.send(payload)
            heard = [answers.get(timeout=20) for _ in range(copies)]
            assert heard == [heard[0]] * 2 if copies else True
            with pytest.raises(queue.Empty):
                answers.get(timeout=0.2)  # nothing further, in the time of many round trips
            asker.close()


def test_chances_are_kept_and_a_good_line_loses_nothing() -> None:
    """Of 4,000, a share of 0.3 is within 5 standard errors, 0.036: false in 1 of 1.7 million."""
    line = BadLine(Faults(lost=0.3), seed=7)
    lost = sum(line.delivery().copies == 0 for _ in range(4_000)) / 4_000
    assert abs(lost - 0.3) < 5 * (0.3 * 0.7 / 4_000) ** 0.5
    good = BadLine(Faults(), seed=7)
    assert {good.delivery() for _ in range(100)} == {good.delivery()}


def test_heartbeats_stop_when_they_are_told_to() -> None:
    line = BadLine(Faults(beats=3), seed=1)
    assert [line.has_beat() for _ in range(6)] == [True] * 3 + [False] * 3
    back = BadLine(Faults(beats=1, silence=1e-6), seed=1)
    assert back.has_beat()
    back.has_beat()
    assert wait_for(back.has_beat, "its voice")
