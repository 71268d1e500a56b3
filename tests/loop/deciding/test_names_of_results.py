"""What people call the results that a model learns from, in the model's order."""

from __future__ import annotations

from planner.ledger.entries import ImportExcluded, TrialExcluded
from planner.loop.deciding.model import make_situation, observed_goal
from tests.report.campaigns import Diary, at, make_spec


def test_each_result_has_the_name_that_people_can_leave_it_out_by() -> None:
    """Numbers stay where others were left out."""
    diary = Diary(make_spec())
    for number, value in enumerate((11.0, 12.0), start=1):
        diary.remember(at(600.0 + number), value)
    for number, value in enumerate((21.0, 22.0, 23.0), start=1):
        diary.propose(number, at(700.0 + number))
        diary.complete(number, value)
    diary.write(
        ImportExcluded(number=1, excluded=True, reason="another furnace"),
        TrialExcluded(trial=2, excluded=True, reason="the door stood open"),
    )
    situation = make_situation(diary.state, diary.space)
    assert list(zip(situation.names, situation.y, strict=True)) == [
        ("imported measurement 2", 12.0),
        ("trial 1", 21.0),
        ("trial 3", 23.0),
    ]
    assert len(observed_goal(diary.state)) == 3
