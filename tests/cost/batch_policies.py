"""Policies for batches: the planner's own, and joint acquisition by BoTorch over its surrogate.

A joint acquisition function is worth a set of configurations. It is maximised over the rows of a
table as BoTorch does over discrete choices: the first row is the best by itself, each next one the
best beside those that were picked. For functions whose worth grows ever less with each row added
this comes to at least 63 % of the best set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from botorch.acquisition import MCAcquisitionFunction, qUpperConfidenceBound
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from botorch.acquisition.objective import LinearMCObjective
from botorch.sampling.normal import SobolQMCNormalSampler
from torch import Tensor

from planner.acquisition import Choice, Forecast, Settings, Situation, choose, fit_for
from planner.acquisition.forecasts import best_so_far, forecast
from planner.bench.racing import Race, Rules, shared_start
from planner.bench.storing import DECIDING, fingerprint, play_or_read, stored_file
from planner.campaign import Minimise
from planner.models import FitFailure, Surrogate, evidence_of
from planner.rng import derive_seed
from planner.trials import Spread
from tests.cost.small_courses import Course

_DRAWS = 128
Make = Callable[[Situation, Surrogate, int], MCAcquisitionFunction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a batch is chosen.

    Args:
        name: of the policy.
        q: trials in a batch.
        settings: of the model, and of the choice where it is the planner's own.
        make: the joint acquisition function; None where the planner chooses.
    """

    name: str
    q: int
    settings: Settings
    make: Make | None = None

    def race(self, folder: Path, course: Course, *, seed: int) -> Race:
        """Plays a race from the shared start, or reads it if it was played before."""
        told = [
            self.name, self.q, asdict(self.settings), course.replay, course.noise,
            fingerprint(DECIDING), _own_code(),
        ]  # fmt: skip
        rules = Rules(n_trials=course.pool.n_trials)
        name = self.name.replace(" ", "_")
        file = stored_file(folder, course.pool, rules, seed=seed, name=name, code=told)
        return play_or_read(file, lambda: play(self, course, seed=seed))


def play(policy: Policy, course: Course, *, seed: int) -> Race:
    """Plays one race; every batch is asked for when the last one is all measured."""
    pool = course.pool
    rows = shared_start(pool, seed=seed)
    n_start = len(rows)
    hearing = _Hearing()
    while len(rows) < pool.n_trials:
        situation = Situation(
            space=pool.space,
            objective=pool.objective,
            x=pool.space.encoded_rows[rows],
            y=np.array([course.answer(row, nth=0, seed=seed) for row in rows]),
            blocked=frozenset(rows),
            settings=policy.settings,
            memo=hearing.memo,
            forecasts=evidence_of(hearing.stated),
        )
        q = min(policy.q, pool.n_trials - len(rows))
        picked = ask(policy, situation, q=q, seed=derive_seed(seed, "ask", len(rows)))
        hearing.memo = picked.memo
        for row, expected in zip(picked.rows, picked.forecasts, strict=True):
            if expected is not None and expected.spread is not None:
                hearing.stated.append((expected.spread, course.answer(row, nth=0, seed=seed)))
        rows += picked.rows
    kinds = ["start"] * n_start + ["model"] * (len(rows) - n_start)
    return Race.model_validate(
        {"pool": pool.name, "seed": seed, "rows": tuple(rows), "kinds": tuple(kinds)}
    )


@dataclass(frozen=True, slots=True)
class Picked:
    """A batch.

    Args:
        rows: of the table.
        forecasts: what was expected of each.
        memo: for the next ask.
    """

    rows: list[int]
    forecasts: list[Forecast | None]
    memo: Mapping[str, object] | None


@dataclass(slots=True)
class _Hearing:
    memo: Mapping[str, object] | None = None
    stated: list[tuple[Spread, float]] = field(default_factory=list)


def ask(policy: Policy, situation: Situation, *, q: int, seed: int) -> Picked:
    """Returns a batch of ``q``."""
    surrogate = fit_for(situation) if policy.make is not None else None
    if policy.make is None or surrogate is None or isinstance(surrogate, FitFailure):
        return _own(choose(situation, q=q, seed=seed))
    rows = best_set(policy.make, situation, surrogate, q=q, seed=seed)
    best = best_so_far(situation, surrogate)
    expected = [
        forecast(situation, surrogate, situation.space.encoded_rows[row], best=best) for row in rows
    ]
    memo = {"family": surrogate.family, "found": surrogate.memo}
    return Picked(rows=rows, forecasts=list(expected), memo=memo)


def _own(choice: Choice) -> Picked:
    rows = [pick.row for pick in choice.picks if pick.row is not None]
    return Picked(rows=rows, forecasts=[each.forecast for each in choice.picks], memo=choice.memo)


def best_set(
    make: Make, situation: Situation, surrogate: Surrogate, *, q: int, seed: int
) -> list[int]:
    """Returns the rows that a joint acquisition function picks one beside the other."""
    # some of BoTorch's draws (what cannot be the best, what is pending) take no seed
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return _one_by_one(make(situation, surrogate, seed), situation, q=q)


def _one_by_one(acquisition: MCAcquisitionFunction, situation: Situation, *, q: int) -> list[int]:
    x = torch.from_numpy(situation.space.encoded_rows)
    is_free = np.ones(len(x), dtype=np.bool_)
    is_free[sorted(situation.blocked)] = False
    rows: list[int] = []
    for _ in range(q):
        acquisition.set_X_pending(x[rows] if rows else None)
        free = np.flatnonzero(is_free)
        with torch.no_grad():
            worth: Tensor = acquisition(x[torch.from_numpy(free)][:, None, :])
        rows.append(int(free[int(worth.argmax())]))
        is_free[rows[-1]] = False
    return rows


def joint_bound(situation: Situation, surrogate: Surrogate, seed: int) -> MCAcquisitionFunction:
    """Returns the joint confidence bound, with the weight of the settings.

    For a single configuration it is the mean plus ``beta`` deviations; BoTorch takes the square.
    """
    return qUpperConfidenceBound(
        surrogate.model,
        beta=situation.settings.beta**2,
        sampler=_sampler(seed),
        objective=_utility(situation),
    )


def joint_improvement(
    situation: Situation, surrogate: Surrogate, seed: int
) -> MCAcquisitionFunction:
    """Returns the joint log expected improvement over a noisy best, with BoTorch's defaults."""
    return qLogNoisyExpectedImprovement(
        surrogate.model,
        X_baseline=torch.from_numpy(situation.x),
        sampler=_sampler(seed),
        objective=_utility(situation),
        prune_baseline=True,
    )


def _sampler(seed: int) -> SobolQMCNormalSampler:
    return SobolQMCNormalSampler(torch.Size([_DRAWS]), seed=seed % (1 << 31))


def _utility(situation: Situation) -> LinearMCObjective:
    sign = -1.0 if isinstance(situation.objective, Minimise) else 1.0
    return LinearMCObjective(torch.tensor([sign], dtype=torch.float64))


def policies(family: str, *, q: int) -> Sequence[Policy]:
    """Returns those that are compared, the first of which is what a campaign does."""
    bound = Settings(family=family)
    improvement = replace(bound, acquisition="log_nei")
    return [
        Policy(name=f"greedy {q}", q=q, settings=bound),
        Policy(name="one at a time", q=1, settings=bound),
        Policy(name=f"joint bound {q}", q=q, settings=bound, make=joint_bound),
        Policy(name=f"joint improvement {q}", q=q, settings=bound, make=joint_improvement),
        Policy(name=f"greedy improvement {q}", q=q, settings=improvement),
    ]


def _own_code() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
