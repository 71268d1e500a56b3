"""The lab that is a simulator: names and units mapped, the same key the same draw."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.campaign import CampaignSpec, parse_campaign
from planner.errors import UnitError, UnknownName
from planner.labs import Answer, Order, Setting, SimulatorLab, open_lab
from planner.trials import DeviceState

TEXT = """
schema: 1
campaign: tubes
parameters:
  temperature: {low: 600, high: 800, unit: degC}
  flow_rate: {low: 5, high: 50, unit: sccm}
  particle_diameter: {low: 5, high: 15, unit: nm}
outcomes: {length: {unit: um, bounds: [0, null]}}
objectives: [{aim: maximise, outcome: length}]
sources: {furnace: {kind: simulator, simulator: nanotube_cvd, noise: 0.05, capacity: 2}}
budget: {trials: 2}
"""


def spec(text: str = TEXT) -> CampaignSpec:
    return parse_campaign(text, path="tubes.yaml")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[SimulatorLab]:
    opened = open_lab(spec(), folder=tmp_path)
    assert isinstance(opened, SimulatorLab)
    yield opened
    opened.close()


def order(key: str, temperature: float = 700.0, unit: str = "degC") -> Order:
    return Order(
        key=key,
        digest="d",
        parameters={
            "temperature": Setting(value=temperature, unit=unit),
            "flow_rate": Setting(value=20.0, unit="sccm"),
            "particle_diameter": Setting(value=10.0, unit="nm"),
        },
    )


def run(lab: SimulatorLab, one: Order) -> Answer:
    assert lab.submit(one).state is DeviceState.STARTED
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = lab.poll([one.key]).get(one.key)
        if answer is not None and answer.state is not DeviceState.STARTED:
            return answer
        time.sleep(0.01)
    raise AssertionError("no result within 60 s")


def length(answer: Answer) -> float:
    assert answer.result is not None
    return float(answer.result.outcomes["length"].value)


def test_the_same_key_gives_the_same_draw_and_another_key_other_noise(lab: SimulatorLab):
    first, again = run(lab, order("tubes/1/1")), run(lab, order("tubes/1/1"))
    other = run(lab, order("tubes/2/1"))
    assert length(first) == length(again)
    assert length(first) != length(other)
    assert length(first) == pytest.approx(length(other), rel=0.5)  # 5 % noise: 7 sd of both


def test_units_are_converted_to_those_of_the_simulator(lab: SimulatorLab):
    assert length(run(lab, order("k", 973.15, "K"))) == pytest.approx(
        length(run(lab, order("k", 700.0))), rel=1e-6
    )


def test_the_instrument_reads_in_the_campaigns_unit_and_nothing_below_its_bound(
    tmp_path: Path,
) -> None:
    """A tube of some 500 um, with a deviation of 1 m: about half of the readings are 0.

    Were floor or bound taken in the simulator's own unit, a reading would be within 10 um of the
    length, or one below 0 would be seen; keys are seeds, so it is always the same twelve.
    """
    text = TEXT.replace("unit: um", "unit: m").replace("noise: 0.05", "noise_floor: 1")
    lab = open_lab(spec(text), folder=tmp_path)
    assert isinstance(lab, SimulatorLab)
    try:
        lengths = [length(run(lab, order(f"tubes/{i}/1"))) for i in range(12)]
    finally:
        lab.close()
    assert min(lengths) == 0.0
    assert max(lengths) > 1e4


def test_a_run_that_no_worker_knows_is_left_out_of_the_answers(lab: SimulatorLab):
    assert dict(lab.poll(["tubes/9/1"])) == {}


@pytest.mark.parametrize(
    ("old", "new", "error", "says"),
    [
        ("particle_diameter:", "particle_size:", UnknownName, "no input 'particle_size'"),
        ("outcomes: {length:", "outcomes: {width:", UnknownName, "yields no 'width'"),
        ("unit: sccm", "unit: K", UnitError, "sccm"),
        ("simulator: nanotube_cvd", "simulator: nanotub", UnknownName, "nanotube_cvd"),
    ],
)
def test_names_and_units_that_do_not_fit_are_refused_before_anything_runs(
    tmp_path: Path, old: str, new: str, error: type[Exception], says: str
):
    text = TEXT.replace(old, new).replace(
        "outcome: length", f"outcome: {'width' if 'width' in new else 'length'}"
    )
    with pytest.raises(error, match=says):
        open_lab(spec(text), folder=tmp_path)
