"""The random policy: even draws by the campaign's seed, no forecasts, nothing twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from planner.loop.deciding.forecasting import measure_coverage
from planner.loop.steps.advance import Waiting
from planner.loop.steps.inline import run_inline
from planner.trials import Trial
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done

RANDOM = "acquisition: random"
FINITE = "temperature: {low: 100, high: 150, unit: degC}\n  flow: {low: 1, high: 5, unit: sccm}"


def lab(**how: object) -> ScriptedLab:
    return ScriptedLab(lambda order, _: done(order, **{"yield": 50.0}), **how)  # type: ignore[arg-type]


def settings(trials: list[Trial]) -> list[tuple[object, ...]]:
    return [tuple(trial.configuration.values()) for trial in trials]


def test_the_seed_decides_what_is_drawn_and_nothing_else_does(make_session: MakeSession) -> None:
    def drawn(seed: int, ledger: str) -> list[tuple[object, ...]]:
        text = f"seed: {seed}\n{campaign_text(policy=RANDOM)}"
        session = make_session(lab(), text=text, ledger=ledger)
        assert run_inline(session).waiting is Waiting.END
        return settings(list(session.state.trials.values()))

    assert drawn(1, "a.db") == drawn(1, "b.db")
    assert not set(drawn(1, "a.db")) & set(drawn(2, "c.db"))


def test_no_forecast_is_made_up_and_coverage_says_that_there_is_none(
    make_session: MakeSession,
) -> None:
    session = make_session(lab(), text=campaign_text(policy=RANDOM))
    run_inline(session)
    proposals = [trial.proposal for trial in session.state.trials.values()]
    assert {each.origin for each in proposals} == {"random"}
    assert all(not each.predictions and each.memo is None for each in proposals)
    assert all("at random" in each.reason for each in proposals)
    assert measure_coverage(session.state) is None


def test_a_finite_space_is_used_up_without_a_repeat_and_then_it_says_so(
    make_session: MakeSession,
) -> None:
    text = campaign_text(policy=RANDOM, budget="trials: 30", source="capacity: 4")
    text = text.replace(
        FINITE, "catalyst: {choices: [Fe, Co, Ni]}\n  layers: {kind: integer, low: 1, high: 4}"
    )
    session = make_session(lab(latency=2), text=text)
    step = run_inline(session)
    tried = settings(list(session.state.trials.values()))
    assert len(tried) == len(set(tried)) == 12
    assert step.waiting is Waiting.END
    assert "no configuration is left" in step.why


def test_settings_that_python_hashes_alike_are_told_apart(make_session: MakeSession) -> None:
    """The hash of -1 is that of -2."""
    text = campaign_text(policy=RANDOM, budget="trials: 30")
    text = text.replace(FINITE, "layers: {kind: integer, low: -3, high: 0}")
    session = make_session(lab(), text=text)

    run_inline(session)

    tried = settings(list(session.state.trials.values()))
    assert sorted(tried) == [(-3,), (-2,), (-1,), (0,)]


def test_rules_are_kept_and_a_batch_shares_what_it_must(make_session: MakeSession) -> None:
    text = campaign_text(
        policy=RANDOM, budget="trials: 12", source="capacity: 3, shared: [temperature]"
    )
    text += "constraints: [{weights: {temperature: 1, flow: 10}, at_most: 150}]\n"
    session = make_session(lab(latency=2), text=text)
    run_inline(session)
    trials = list(session.state.trials.values())
    assert len(trials) == 12
    for trial in trials:
        values = trial.configuration
        assert float(values["temperature"]) + 10 * float(values["flow"]) <= 150
    temperatures = [trial.configuration["temperature"] for trial in trials]
    assert all(len(set(temperatures[i : i + 3])) == 1 for i in range(0, 12, 3))
    assert len(set(temperatures)) == 4


def test_money_that_suffices_for_cheap_settings_only_is_spent_on_those(
    make_session: MakeSession,
) -> None:
    text = campaign_text(policy=RANDOM, budget="cost: 14 EUR", source="cost: 10 * flow - 9")
    session = make_session(lab(), text=text)
    step = run_inline(session)
    spent = sum(
        10 * float(each.configuration["flow"]) - 9 for each in session.state.trials.values()
    )
    assert 13 < spent <= 14
    assert "does not suffice" in step.why


def test_who_draws_at_random_does_not_wait_for_the_models_to_be_imported() -> None:
    words = "import sys, planner.loop.steps.inline; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", words], cwd=root, check=False).returncode == 0
