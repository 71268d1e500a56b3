"""A device that is asked too often takes nothing, and nothing is lost or done twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.device.config import DeviceSpec
from planner.device.running import Device
from planner.loop.sessions.desk import Place, looking_at
from tests.device.devices import Broker
from tests.loop.sensors.test_gatherer import ACT, CHAMBER, FILE, run


@pytest.mark.slow  # it waits until the device takes more
@pytest.mark.skipif(not Path("/usr/sbin/mosquitto").exists(), reason="mosquitto is not installed")
@pytest.mark.parametrize("kind", ["http", "mqtt"])
def test_a_campaign_ends_at_a_device_that_bears_five_messages_a_second(
    kind: str, tmp_path: Path
) -> None:
    broker = Broker(tmp_path)
    section = {"url": broker.url} if kind == "mqtt" else {"port": 0}
    whole = {"device": "furnace", "act": ACT, kind: {**section, "rate": 5}}
    device = Device(DeviceSpec.model_validate(whole), folder=tmp_path)
    (place_of_it,) = device.start()
    url = broker.url if kind == "mqtt" else place_of_it
    text = FILE.format(name="one", url=url, sensors=CHAMBER).replace("kind: http", f"kind: {kind}")
    (tmp_path / "one.yaml").write_text(text)
    place = Place(file=tmp_path / "one.yaml", ledger=f"sqlite:///{tmp_path / 'lab.db'}")
    run(place)
    acts = (tmp_path / "furnace.acts").read_text()
    with looking_at(place) as session:
        keys = [each.run.key for each in session.state.trials.values() if each.run is not None]
        assert [len(each.runs) for each in session.state.trials.values()] == [1, 1, 1]
    assert [acts.count(f'"{key}"') for key in keys] == [2, 2, 2]  # it began and ended, once each
    device.close()
    broker.kill()
