"""Readings are gathered over MQTT while a campaign runs, with a real broker between."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.device.config import DeviceSpec
from planner.device.running import Device
from planner.loop.sensors.gatherer import gathering_for
from planner.loop.sensors.sensing import archive_of, trial_windows
from planner.loop.sessions.desk import Place, at_work, looking_at
from tests.free_ports import free_port
from tests.loop.sensors.test_gatherer import ACT, CHAMBER, FILE, PRESSURE, run, until

sys.path.append(str(Path(__file__).parents[2] / "readings"))

from mosquitto import PROGRAM, Mosquitto

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no mosquitto: apt install mosquitto")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path / "broker", free_port())
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def place(tmp_path: Path, broker: Mosquitto) -> Iterator[Place]:
    """A campaign whose device, an agent with a sensor, is reached by the broker alone."""
    url = f"mqtt://127.0.0.1:{broker.port}"
    fields = {"temperature": {"low": 20, "high": 100, "unit": "degC"}}
    whole = {"device": "furnace", "fields": fields, "act": ACT, "mqtt": {"url": url}}
    device = Device(DeviceSpec.model_validate(whole), folder=tmp_path)
    device.start()
    file = tmp_path / "one.yaml"
    text = FILE.format(name="one", url=url, sensors=f"{CHAMBER}\n  {PRESSURE}")
    file.write_text(text.replace("kind: http", "kind: mqtt"))
    yield Place(file=file, ledger=f"sqlite:///{tmp_path / 'lab.db'}")
    device.close()


def n_gathered(place: Place) -> int:
    with looking_at(place) as session:
        return sum(each.n for each in archive_of(session).standings(session.state.opened_at))


def test_a_trial_knows_the_readings_that_its_device_published(
    place: Place, broker: Mosquitto
) -> None:
    said: list[str] = []
    with at_work(place), gathering_for([place], on_message=said.append, look_s=0.05):
        until(lambda: said)  # a broker keeps nothing for those it has never seen
        run(place)
        until(lambda: n_gathered(place) == 60)
    with looking_at(place) as session:
        for trial in session.state.trials.values():
            window = trial_windows(session, trial)["chamber"]
            temperature = float(trial.configuration["temperature"])
            assert window.value.tolist() == pytest.approx([temperature + n for n in range(10)])
        (told,) = archive_of(session).sources()
        assert (told.source, told.n_kept, told.n_refused) == ("furnace", 60, 0)
    assert said == [
        f"Gathering readings of chamber, pressure from furnace (mqtt://127.0.0.1:{broker.port})."
    ]


@pytest.mark.slow
def test_what_was_published_while_nobody_gathered_waits_at_the_broker_over_its_restart(
    place: Place, broker: Mosquitto
) -> None:
    said: list[str] = []
    with at_work(place):
        with gathering_for([place], on_message=said.append, look_s=0.05):
            until(lambda: said)
        run(place)
        assert n_gathered(place) == 0
        broker.stop()
        broker.start()
        with gathering_for([place], on_message=said.append, look_s=0.05):
            until(lambda: n_gathered(place) == 60)
