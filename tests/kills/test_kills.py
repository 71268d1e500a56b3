"""A campaign whose processes are killed ends like one that was not."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from campaigns_under_fire import PATIENCE_S, fire
from kill_bench import Bench, until

TRIALS = 12  # enough that what was killed is back while the campaign is still at work
AT_RANDOM = "acquisition: random"  # who draws at random does not wait for the models

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture
def bench(tmp_path: Path, started_home: Path) -> Iterator[Bench]:
    with Bench(tmp_path, trials=TRIALS, latency_s=0.4, policy=AT_RANDOM, home=started_home) as made:
        yield made


def test_five_kills_of_the_inline_engine_lose_and_repeat_nothing(tmp_path: Path) -> None:
    """With a model that forecasts each trial: the fire on devices has a campaign without."""
    # the moments are new in each run; the sequence that failed is printed by the seed
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    with Bench(tmp_path, trials=15, latency_s=0.1) as bench:
        outcome = fire(bench, engine="inline", n_kills=5, dice=random.Random(seed))
    assert outcome.is_as_unkilled(15), outcome


@pytest.mark.prefect
@pytest.mark.parametrize(
    ("engine", "victim"),
    [
        ("prefect", "planner"),  # supervisor and flow in one process
        ("prefect", "server"),
        ("up", "planner"),  # the supervisor
        ("up", "server"),
        ("up", "serving process"),
        ("up", "flow process"),
    ],
)
def test_killing_any_process_of_prefects_loses_and_repeats_nothing(
    bench: Bench, engine: str, victim: str
) -> None:
    outcome = fire(bench, engine=engine, n_kills=1, dice=random.Random(), only=victim)
    assert outcome.kills[victim] == 1
    assert outcome.is_as_unkilled(TRIALS), outcome
    if victim == "serving process":
        assert "Running" not in bench.flow_run_states(), "the pages tell the truth"
    until(
        lambda: not (bench.servers() or bench.workers() or bench.flow_processes()),
        within_s=30,
        what="no process outlives the campaign",
    )


def test_a_lab_killed_in_the_middle_of_an_act_leaves_its_trial_in_doubt(tmp_path: Path) -> None:
    with Bench(tmp_path, trials=3, latency_s=3.0, policy=AT_RANDOM) as bench:
        planner = bench.run("inline")
        until(lambda: bench.n_acts() == 1, within_s=PATIENCE_S, what="the first act")
        bench.lab.send_signal(signal.SIGKILL)
        bench.lab.wait()
        bench.start_lab()
        assert planner.wait(timeout=PATIENCE_S) == 3  # it waits for a person
        count = bench.count()
        # the others go on; of the one in the middle of which the lab died nobody knows
        assert count.trials == {"in doubt": 1, "completed": 2}
        assert count.acts == count.distinct == 3
        assert "trial 1 is in doubt (planner resolve)" in (tmp_path / "out.txt").read_text()


def test_beside_a_live_run_the_second_one_is_told_who_holds_the_campaign(tmp_path: Path) -> None:
    with Bench(tmp_path, trials=3, latency_s=60.0, policy=AT_RANDOM) as bench:
        first = bench.run("inline")
        until(lambda: bench.n_acts() == 1, within_s=PATIENCE_S, what="the first act")
        second = bench.run("inline")
        assert second.wait(timeout=PATIENCE_S) == 4
        said = " ".join((tmp_path / "out.txt").read_text().split())
        assert f"Campaign 'bench' is held by process {first.pid}" in said


def test_after_a_kill_the_same_command_goes_on_at_once(tmp_path: Path) -> None:
    """The lease of a holder that is provably dead does not have to run out (30 s)."""
    with Bench(tmp_path, trials=2, latency_s=1.0, policy=AT_RANDOM) as bench:
        first = bench.run("inline")
        until(lambda: bench.n_acts() == 1, within_s=PATIENCE_S, what="the first act")
        first.send_signal(signal.SIGKILL)
        first.wait()
        second = bench.run("inline")
        assert second.wait(timeout=PATIENCE_S) == 0
        said = (tmp_path / "out.txt").read_text()
        assert "Going on after trial 1." in said
        assert "held by" not in said
        assert bench.count().acts == 2
