"""Replicates that the planner chooses itself."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np

from planner.labs import Answer, Order
from planner.loop.steps.inline import run_inline
from planner.trials import TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done


def noisy(order: Order, _: int) -> Answer:
    """Two settings are alike the best, and one run differs from the next by as much as settings."""
    temperature = float(order.parameters["temperature"].value)
    seed = int.from_bytes(hashlib.sha256(order.key.encode()).digest()[:8], "big")
    noise = 8 * np.random.default_rng(seed).standard_normal()
    value = 50 + 20 * np.cos((temperature - 110) * np.pi / 15) + noise
    return done(order, **{"yield": float(np.clip(value, 0, 100))})


def run(
    make_session: MakeSession, policy: str, ledger: str, *, seed: int = 0
) -> list[tuple[float, str]]:
    """Runs a campaign on eleven temperatures; returns each with its reason, by trial."""
    text = f"{campaign_text(budget='trials: 10', policy=policy)}\nseed: {seed}\n"
    text = text.replace("low: 100, high: 150", f"values: {list(range(100, 151, 5))}")
    text = text.replace("bounds: [0, 100]", "bounds: [0, 100], noise: 8")
    text = text.replace("flow: {low: 1, high: 5, unit: sccm}", "gas: {value: argon}")
    session = make_session(ScriptedLab(noisy), text=text, ledger=ledger)
    run_inline(session)
    trials = session.state.trials.values()
    assert {trial.state for trial in trials} == {TrialState.COMPLETED}
    return [(float(t.configuration["temperature"]), t.proposal.reason) for t in trials]


def test_where_runs_differ_a_leading_setting_is_run_again_and_the_reason_says_of_which_trial(
    make_session: MakeSession,
) -> None:
    """Whether ten trials come to that is chance; of eight campaigns four did."""
    n_repeats = 0
    for seed in (1, 2, 5, 6):
        trials = run(make_session, "start: 5, repeats: auto", f"auto-{seed}.db", seed=seed)
        for number, (at, reason) in enumerate(trials, start=1):
            if reason.startswith("Repeat of trial"):
                n_repeats += 1
                earlier = [n for n, (value, _) in enumerate(trials[: number - 1], 1) if value == at]
                which = f"trial{'s'[: len(earlier) - 1]} {', '.join(map(str, earlier))}"
                assert reason.startswith(f"Repeat of {which}: ")
    assert n_repeats


def test_where_the_policy_says_never_no_setting_is_run_twice(make_session: MakeSession) -> None:
    trials = run(make_session, "start: 5", "never.db")

    assert max(Counter(at for at, _ in trials).values()) == 1
