"""What is counted of trials, kept up with every change, is what counting them anew gives."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.ledger.trial_index import Members, Multiset, Sums, Trials
from planner.trials import Proposal, Trial, TrialState

V = TypeVar("V")
FIRST = Trial(
    number=0,
    configuration={"t": 1.0},
    proposal=Proposal(origin="random", reason=""),
    state=TrialState.PROPOSED,
    proposed_at=datetime(2026, 1, 5, tzinfo=UTC),
)
CHANGES = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from(list(TrialState)), st.integers(0, 3)), max_size=30
)


def cost(trial: Trial) -> dict[str, Decimal]:
    return {str(trial.state): Decimal(str(trial.configuration["t"])) / 10}


def is_warm(trial: Trial) -> bool:
    return float(trial.configuration["t"]) > 1


def setting(trial: Trial) -> float | None:
    return float(trial.configuration["t"]) if is_warm(trial) else None


@settings(max_examples=60, deadline=None)
@given(changes=CHANGES, looks=st.sets(st.integers(0, 30)))
def test_every_count_and_view_is_what_going_through_all_trials_gives(
    changes: list[tuple[int, TrialState, int]], looks: set[int]
) -> None:
    check_through(changes, looks)


@settings(max_examples=60, deadline=None)
@given(changes=CHANGES, looks=st.sets(st.integers(0, 30)))
def test_and_where_all_but_the_last_are_packed_in_twos(
    changes: list[tuple[int, TrialState, int]], looks: set[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planner.ledger.packed_trials.IN_A_BLOCK", 2)
        patch.setattr("planner.ledger.trial_index._KEPT", 1)
        ended = [(number, TrialState.COMPLETED, 0) for number in range(1, 9)]
        check_through(ended + changes, looks)


def check_through(changes: list[tuple[int, TrialState, int]], looks: set[int]) -> None:
    trials, plain = Trials(), dict[int, Trial]()
    for index, (number, state, t) in enumerate(changes):
        trial = replace(FIRST, number=number, state=state, configuration={"t": t})
        if t == 3 and number in plain:
            del trials[number], plain[number]
        else:
            trials[number] = plain[number] = trial
        if index in looks:  # else it has to catch up with several changes
            check(trials, plain)
    check(trials, plain)
    check(copy(trials), plain)


def test_trials_that_ended_long_ago_are_packed_and_come_back_as_they_were() -> None:
    whole = [
        replace(FIRST, number=n, state=TrialState.COMPLETED, configuration={"t": n / 7})
        for n in range(1, 3_000)
    ]
    trials = Trials({each.number: each for each in whole})
    assert trials.in_state(TrialState.COMPLETED) == whole
    packed, n_bytes = measured(lambda: Trials(trials))
    _, loose = measured(lambda: [replace(each) for each in whole[:1_000]])
    assert n_bytes - 2 * loose < 100 * 2_000  # of those that are not packed each takes more
    packed[7] = replace(packed[7], excluded="spilt")
    assert packed[7].excluded == "spilt"
    assert list(packed) == list(trials) == list(reversed(list(reversed(packed))))


def measured(make: Callable[[], V]) -> tuple[V, int]:
    """Return what is made, and the bytes that it takes."""
    tracemalloc.start()
    made = make()
    n_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return made, n_bytes


def check(trials: Trials, plain: dict[int, Trial]) -> None:
    assert dict(trials) == plain
    assert trials.last == max(plain, default=0)
    for state in TrialState:
        expected = sorted((t for t in plain.values() if t.state is state), key=lambda t: t.number)
        assert trials.in_state(state) == expected
        assert trials.count(state) == len(expected)
    totals: dict[str, Decimal] = {}
    for trial in plain.values():
        for name, amount in cost(trial).items():
            totals[name] = totals.get(name, Decimal(0)) + amount
    sums = trials.view("costs", lambda: Sums(cost)).totals
    assert {name: each for name, each in sums.items() if each} == {
        k: v for k, v in totals.items() if v
    }
    warm = trials.view("warm", lambda: Members(is_warm)).numbers
    assert warm == {n for n, trial in plain.items() if is_warm(trial)}
    counts = trials.view("settings", lambda: Multiset(setting)).counts
    known = [setting(trial) for trial in plain.values()]
    assert counts == {each: known.count(each) for each in known if each is not None}
