"""The campaigns that run by themselves do, and keep to their rules; an independent look at each."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.campaign import read_space
from planner.ledger.replay import CampaignState
from planner.simulators.catalogue import find
from planner.simulators.contract import Course, Given
from planner.trials import Curve, Trial, TrialState
from tests.campaigns.shipped import completed, copy_shipped, run_shipped

ROOT = Path(__file__).resolve().parent.parent.parent
A_FEW = 7  # five that are spread over the space and two that a model chose


def exact(value: object) -> Decimal:
    return Decimal(repr(value))


def outcome(trial: Trial, name: str) -> Any:
    assert trial.observation is not None
    return trial.observation.outcomes[name].value


def check_composite(state: CampaignState) -> None:
    weights = {
        "swnt": 20,
        "mwnt": 6,
        "graphene": 5,
        "carbon_black": 1,
        "silver_flake": Decimal("1.5"),
    }
    for trial in state.trials.values():
        shares = {name: exact(value) for name, value in trial.configuration.items()}
        assert sum(shares.values()) == 100
        fillers = {name: share for name, share in shares.items() if name != "polymer"}
        assert 1 <= sum(share > 0 for share in fillers.values()) <= 3
        assert all(share == 0 or share >= Decimal("0.2") for share in fillers.values())
        assert all(share % Decimal("0.05") == 0 for share in shares.values())
        assert sum(weights[name] * share for name, share in fillers.items()) <= 30


def check_blend(state: CampaignState) -> None:
    for trial in state.trials.values():
        assert sum(map(exact, trial.configuration.values())) == 1
        assert blend(trial.configuration) in measured_blends()


def check_programme(state: CampaignState) -> None:
    for trial in state.trials.values():
        knots = [(Decimal(0), Decimal(25))]
        knots += [
            (
                exact(trial.configuration[f"furnace_{i}_time"]),
                exact(trial.configuration[f"furnace_{i}"]),
            )
            for i in (2, 3)
        ]
        knots.append((exact(trial.configuration["furnace_4_time"]), Decimal(100)))
        for (start, first), (stop, last) in itertools.pairwise(knots):
            assert stop - start >= 1
            assert abs(last - first) <= 10 * (stop - start)


def check_phases(state: CampaignState) -> None:
    for trial in completed(state):
        value = outcome(trial, "phase")
        assert value in ("amorphous", "anatase", "anatase_rich", "rutile_rich", "rutile")
    for trial in state.in_state(TrialState.FAILED_BY_PROCESS):
        assert "The film cracked" in trial.reason


def check_spectra(state: CampaignState) -> None:
    wanted = target()
    for trial in completed(state):
        curve = outcome(trial, "extinction")
        assert isinstance(curve, Curve)
        assert len(curve.x) == 101
        y = np.array(curve.y)
        # the mean over x by trapezia of straight lines between points of both: at 4 nm a step the
        # integral of a squared line between d1 and d2 is (d1^2 + d1 d2 + d2^2)/3
        d = y - wanted
        mean = np.mean((d[:-1] ** 2 + d[:-1] * d[1:] + d[1:] ** 2) / 3)
        assert outcome(trial, "distance") == pytest.approx(np.sqrt(mean), rel=0.02)
        assert abs(outcome(trial, "peak") - curve.x[int(np.argmax(y))]) <= 4


def check_oven(state: CampaignState) -> None:
    trials = list(state.trials.values())
    for one, other in itertools.combinations(trials, 2):
        overlap = one.runs[0].opened_at < end(other) and other.runs[0].opened_at < end(one)
        if overlap:
            assert one.configuration["temperature"] == other.configuration["temperature"]
    for trial in trials:
        began = trial.runs[0].opened_at
        together = [each for each in trials if each.runs[0].opened_at <= began < end(each)]
        assert len(together) <= 6
    millimolar = [exact(trial.configuration["precursor"]) for trial in trials]
    assert sum(Decimal("1.5") + Decimal("0.02") * each for each in millimolar) <= 150
    assert sum(each * Decimal("0.02") * Decimal("0.2195") for each in millimolar) <= 25


def end(trial: Trial) -> datetime:
    assert trial.ended_at is not None
    return trial.ended_at


CHECKS = {
    "composite_film": check_composite,
    "solar_blend": check_blend,
    "furnace_ramp": check_programme,
    "titania_phase": check_phases,
    "gold_spectrum": check_spectra,
    "oven_now": check_oven,
}


def check(state: CampaignState, name: str) -> None:
    CHECKS[name](state)
    configurations = [tuple(trial.configuration.items()) for trial in state.trials.values()]
    assert len(set(configurations)) == len(configurations), "nothing is repeated by accident"


QUICK = [name for name in CHECKS if name not in ("oven_now", "composite_film")]


@pytest.mark.parametrize("name", QUICK)
def test_its_first_trials_run_and_keep_to_the_rules(
    name: str, project: Path, tmp_path: Path
) -> None:
    file = copy_shipped(project, tmp_path, name, trials=A_FEW)
    state = run_shipped(file)
    assert len(state.trials) == A_FEW
    check(state, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CHECKS if name != "titania_phase"])
def test_it_runs_as_it_is_and_finds_what_few_random_trials_would(
    name: str, project: Path, tmp_path: Path
) -> None:
    """The best found is better than the best of the budget's number of random trials mostly is.

    Worth is what the model of the process gives without noise, here the share of 2000 random
    configurations that are at least as good: below 3 % of them. One campaign says little, as the
    best of 30 random ones has that in six of ten cases (1 - 0.97^30), and of 40 in seven; all of
    those tested here together random choice manages in 6 of 100. How good the planner is, is
    measured by the benchmark, over many seeds.
    """
    state = run_shipped(copy_shipped(project, tmp_path, name))
    check(state, name)
    assert len(state.trials) == state.spec.budget.trials
    space = read_space(state.spec, folder=tmp_path)
    at_random = [worth(name, dict(each), state) for each in space.sample(2000, seed=5)]
    best = max(worth(name, dict(trial.configuration), state) for trial in completed(state))
    assert sum(value >= best for value in at_random) < 0.03 * len(at_random)


@pytest.mark.slow
def test_the_phase_is_found_again_and_again(project: Path, tmp_path: Path) -> None:
    """At random 7 in 100 films are of the wanted phase: ten of thirty are one in 50,000 cases."""
    state = run_shipped(copy_shipped(project, tmp_path, "titania_phase"))
    check(state, "titania_phase")
    assert len(state.trials) == state.spec.budget.trials
    hits = [trial for trial in completed(state) if outcome(trial, "phase") == "anatase_rich"]
    assert len(hits) >= 10
    assert state.in_state(TrialState.FAILED_BY_PROCESS)


def worth(name: str, configuration: dict[str, Any], state: CampaignState) -> float:
    """How good a configuration truly is; larger is better."""
    match name:
        case "composite_film":
            return number(name, "log_conductivity", configuration)
        case "furnace_ramp":
            return number("calcination", "active_surface", {"furnace": programme(configuration)})
        case "oven_now":
            return number("vial_synthesis", "product", configuration)
        case "gold_spectrum":
            run = find("gold_colloid").run(configuration, seed=0).values["extinction"]
            return -float(np.sqrt(np.mean((np.array(run.y) - target()) ** 2)))
        case _:
            return -measured_blends()[blend(configuration)]


def number(simulator: str, name: str, inputs: Mapping[str, Given]) -> float:
    value = find(simulator).run(inputs, seed=0).values[name]
    assert isinstance(value, float)
    return value


def programme(configuration: Mapping[str, Any]) -> Course:
    times = (0.0, *(float(configuration[f"furnace_{i}_time"]) for i in (2, 3, 4)))
    values = (25.0, float(configuration["furnace_2"]), float(configuration["furnace_3"]), 100.0)
    return Course(times=times, values=values)


def target() -> np.ndarray:
    with (ROOT / "campaigns" / "gold_target.csv").open() as file:
        return np.array([float(row["extinction"]) for row in csv.DictReader(file)])


def blend(configuration: Mapping[str, Any]) -> tuple[float, ...]:
    return tuple(float(configuration[name]) for name in ("wf3", "p3ht", "pcbm", "oidtbr"))


@cache
def measured_blends() -> dict[tuple[float, ...], float]:
    """The mean of the films of each blend, read without the planner."""
    table = distribution("olymp").locate_file("olympus/datasets/dataset_photo_wf3/data.csv")
    films: dict[tuple[float, ...], list[float]] = defaultdict(list)
    with Path(str(table)).open(encoding="utf-8") as file:
        for row in csv.reader(file):
            *shares, degraded = map(float, row)
            films[tuple(shares)].append(degraded)
    return {shares: float(np.mean(values)) for shares, values in films.items()}
