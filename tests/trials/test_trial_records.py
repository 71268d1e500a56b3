from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.trials import Proposal, Run, RunState, Trial, TrialState
from tests.strategies.spaces import spaces
from tests.strategies.trials import observations

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run(number: int) -> Run:
    return Run(
        key=f"c/1/{number}",
        digest="d",
        number=number,
        source="bench",
        state=RunState.DISPATCHING,
        opened_at=NOW,
    )


def trial(*runs: Run) -> Trial:
    return Trial(
        number=1,
        configuration={"t": 1.0},
        proposal=Proposal(origin="start", reason="spread over the space"),
        state=TrialState.RUNNING,
        proposed_at=NOW,
        runs=runs,
    )


def test_the_run_of_a_trial_is_its_latest() -> None:
    assert trial().run is None
    assert trial(run(1), run(2)).run == run(2)


@given(st.data())
def test_records_are_frozen(data: st.DataObject) -> None:
    observation = data.draw(observations(space=data.draw(spaces(most=2))))
    for record in (observation, trial(), run(1), *observation.outcomes.values()):
        name = dataclasses.fields(record)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, name, None)
