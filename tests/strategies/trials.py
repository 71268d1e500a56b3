"""Trials: histories of states that the life cycle allows, and observations."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from planner.space import SearchSpace
from planner.trials import Measured, Observation, RunState, TrialState
from planner.trials.states import RUN_LEADS, TRIAL_LEADS
from tests.strategies.spaces import configurations


@st.composite
def trial_histories(draw: st.DrawFn) -> list[TrialState]:
    """States of one trial from its proposal on, some to their end."""
    history = [TrialState.PROPOSED]
    for _ in range(draw(st.integers(0, 12))):
        ways = sorted(TRIAL_LEADS[history[-1]])
        if not ways:
            break
        history.append(draw(st.sampled_from(ways)))
    return history


@st.composite
def run_histories(draw: st.DrawFn) -> list[RunState]:
    """States of one run from its dispatch on, some to their end."""
    history = [RunState.DISPATCHING]
    for _ in range(draw(st.integers(0, 12))):
        ways = sorted(RUN_LEADS[history[-1]])
        if not ways:
            break
        history.append(draw(st.sampled_from(ways)))
    return history


@st.composite
def observations(draw: st.DrawFn, *, space: SearchSpace, trial: int = 1) -> Observation:
    """One measured outcome, with or without a known deviation."""
    value, sd = draw(st.floats(-1e6, 1e6)), draw(st.none() | st.floats(1e-6, 1e3))
    return Observation(
        configuration=draw(configurations(space)),
        outcomes={"y": Measured(value=value, sd=sd)},
        source="bench",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        trial=trial,
    )
