"""What a question leaves out because it breaks a rule, and what could give way."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.campaign import parse_campaign, read_space
from planner.errors import ValueOutOfRange
from planner.whatif import answer, draw
from tests.report.campaigns import Diary

RAMP = """
campaign: ramp
parameters:
  furnace:
    unit: degC
    time_unit: h
    max_rate: 300
    resolution: 5
    time_resolution: 0.1
    knots:
      - {at: 0, value: 20}
      - {at: {low: 1, high: 6}, value: {low: 300, high: 850}}
      - {at: {low: 8, high: 12}, value: 100}
outcomes:
  surface: {unit: m**2/g, bounds: [0, 500], expected: [0, 100]}
objectives: [{aim: maximise, outcome: surface, gain: 2}]
sources: {kiln: {kind: person}}
budget: {trials: 12}
"""
GLASS = """
campaign: glass
parameters:
  sio2: {low: 50, high: 80, unit: mol_percent}
  zno: {low: 0, high: 30, unit: mol_percent}
  k2o: {low: 5, high: 20, unit: mol_percent}
constraints:
  - {mixture: [sio2, zno, k2o], total: 100}
outcomes:
  yield: {bounds: [1, 3], expected: [1.4, 1.8]}
objectives: [{aim: maximise, outcome: yield, gain: 0.01}]
sources: {bench: {kind: person}}
budget: {trials: 12}
"""


def open_diary(text: str) -> Diary:
    return Diary(parse_campaign(text, path="file.yaml"))


def ask(diary: Diary, assignments: tuple[str, ...], *, base: str | None = None):
    space = read_space(diary.spec, folder=Path())
    return answer(diary.state, space, assignments, base=base)


HELD = ("furnace_2_time=2.5", "furnace_3_time=10")


def test_the_points_of_a_sweep_that_keep_the_rules_are_answered() -> None:
    diary = open_diary(RAMP)
    found = ask(diary, ("furnace_2=600:850:6", *HELD))
    assert [each.configuration["furnace_2"] for each in found.said] == [600, 650, 700, 750]
    (note,) = [each for each in found.notes if each.startswith("Left out")]
    assert "2 of 6 settings" in note
    assert "furnace_2 800 degC; furnace_2 850 degC." in note
    assert "would rise by 312 degC/h, at most 300 degC/h is allowed" in note
    assert "along furnace_2 (degC)" in draw(found)
    alone = ask(diary, ("furnace_2=750", *HELD))
    assert not any(each.startswith("Left out") for each in alone.notes)
    # the same algebra on blocks of other sizes
    assert alone.said[0].mean == pytest.approx(found.said[-1].mean, rel=1e-9)


def test_many_that_are_left_out_are_counted() -> None:
    diary = open_diary(RAMP)
    found = ask(diary, ("furnace_2=750:850:21", *HELD))
    (note,) = [each for each in found.notes if each.startswith("Left out")]
    # up to 770 degC may be reached in 2.5 h: 5 of 21, and 5 of the others are named
    assert len(found.said) == 5
    assert "16 of 21 settings" in note
    assert "; and 11 more." in note


def test_where_no_point_keeps_the_rules_the_question_is_refused() -> None:
    diary = open_diary(RAMP)
    with pytest.raises(ValueOutOfRange, match="would rise by 312 degC/h"):
        ask(diary, ("furnace_2=800,850", *HELD))


def test_in_a_mixture_it_is_said_which_component_could_give_way() -> None:
    diary = open_diary(GLASS)
    diary.propose(1, {"sio2": 60.0, "zno": 30.0, "k2o": 10.0})
    diary.complete(1, 1.5)
    with pytest.raises(ValueOutOfRange) as refused:
        ask(diary, ("zno=-6",), base="best")
    said = str(refused.value)
    assert "sio2 + zno + k2o is 94, and must be exactly 100." in said
    assert said.endswith("Let another give way: sio2+=6 or k2o+=6.")
    found = ask(diary, ("zno=-6", "k2o+=6"), base="best")
    assert found.said[0].configuration == {"sio2": 60.0, "zno": 24.0, "k2o": 16.0}
    with pytest.raises(ValueOutOfRange) as refused:  # k2o would leave its bounds
        ask(diary, ("zno=-15",), base="best")
    assert str(refused.value).endswith("Let another give way: sio2+=15.")
