"""The policy: from a situation to what is tried next. The loop and the benchmark both call it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from planner.acquisition import reasons
from planner.acquisition.bounds import upper_confidence_bound
from planner.acquisition.candidates import Candidates, Found, Score, TableCandidates
from planner.acquisition.forecasts import forecast
from planner.acquisition.improvement import log_noisy_expected_improvement
from planner.acquisition.open_space import OpenCandidates, enumerate_small
from planner.acquisition.situation import Choice, Kind, Pick, Situation
from planner.models import FitFailure, Observations, Surrogate, fit
from planner.rng import derive_seed
from planner.space import Floats

# A model of fewer results than this knows only what was expected beforehand.
_FEWEST_RESULTS = 2
# A finite space of no more configurations than this is scored as a table, exactly.
_SMALL_SPACE = 4096


def choose(situation: Situation, *, q: int, seed: int) -> Choice:
    """Chooses what to try next.

    Until ``n_start`` configurations are placed, counting what was measured before the campaign and
    what is under way, the picks fill the space; then the acquisition decides. A batch is chosen
    one by one, each pick taken to be measured at its predicted mean before the next. Where the fit
    fails the space is filled further, and every pick says so.

    Args:
        situation: all that the choice depends on.
        q: how many trials to choose, at least 1.
        seed: of this choice; the same situation and seed give the same choice.

    Returns:
        Picks that are distinct from each other and from everything tried or pending; fewer than
        ``q`` only where the space is exhausted, and then it says so.
    """
    fitted = fit(
        _observations(situation),
        columns=situation.space.columns,
        previous=situation.previous,
        scale=situation.scale,
    )
    surrogate = fitted if isinstance(fitted, Surrogate) else None
    failure = fitted if isinstance(fitted, FitFailure) else None
    candidates = _candidates(situation)
    chooser = _Chooser(situation, candidates, surrogate, failure, seed)

    missing = max(0, situation.settings.n_start - _n_placed(situation))
    n_start = min(q, missing)
    picks = chooser.fill("start", n_start, n_centres=missing)
    if len(picks) == n_start:
        rest = q - n_start
        if surrogate is not None:
            picks += chooser.optimise(surrogate, rest, earlier=picks)
        elif len(situation.y) < _FEWEST_RESULTS:
            picks += chooser.fill("start", rest, n_centres=rest, earlier=picks)
        else:
            picks += chooser.fill("fallback", rest, n_centres=rest, earlier=picks)
    return Choice(
        picks=tuple(picks),
        surrogate=surrogate,
        failure=failure,
        is_exhausted=len(picks) < q,
        seed=seed,
    )


@dataclass(frozen=True, slots=True)
class _Chooser:
    situation: Situation
    candidates: Candidates
    surrogate: Surrogate | None
    failure: FitFailure | None
    seed: int

    def fill(
        self, kind: Kind, n: int, *, n_centres: int, earlier: list[Pick] | None = None
    ) -> list[Pick]:
        """Returns the first ``n`` of ``n_centres`` configurations that fill the space."""
        if n == 0:
            return []
        taken = self._taken(earlier or [])
        seed = derive_seed(self.seed, kind)
        found = self.candidates.spread(n_centres, taken=taken, seed=seed)[:n]
        words = reasons.filling(
            kind,
            n_placed=_n_placed(self.situation) + len(earlier or []),
            settings=self.situation.settings,
            failure=self.failure,
        )
        return [self._pick(each, kind, reason=words) for each in found]

    def optimise(self, surrogate: Surrogate, n: int, *, earlier: list[Pick]) -> list[Pick]:
        """Returns the ``n`` candidates of highest acquisition, one after the other."""
        picks: list[Pick] = []
        for index in range(n):
            taken = self._taken(earlier + picks)
            seed = derive_seed(self.seed, "acquisition", index)
            waiting = np.vstack([self.situation.pending_rows(), *(p.x for p in earlier + picks)])
            score = self._score(surrogate, waiting, seed=seed)
            found = self.candidates.best(score, taken=taken, seed=seed)
            if found is None:
                break
            reason = reasons.chosen(self.situation, surrogate, found)
            picks.append(self._pick(found, "model", reason=reason))
        return picks

    def _score(self, surrogate: Surrogate, waiting: Floats, *, seed: int) -> Score:
        objective, settings = self.situation.objective, self.situation.settings
        pending = torch.from_numpy(waiting)
        if settings.acquisition == "ucb" or len(surrogate.observations.y) == 0:
            conditioned = surrogate.conditioned_on(pending)
            return lambda x: upper_confidence_bound(conditioned, objective, x, beta=settings.beta)
        return log_noisy_expected_improvement(surrogate, objective, pending=pending, seed=seed)

    def _pick(self, found: Found, kind: Kind, *, reason: str) -> Pick:
        expected = forecast(self.situation, self.surrogate, found.x) if self.surrogate else None
        return Pick(
            configuration=found.configuration,
            row=found.row,
            x=found.x,
            kind=kind,
            forecast=expected,
            acquisition_value=found.score,
            reason=reason,
        )

    def _taken(self, picks: list[Pick]) -> Floats:
        return np.vstack([self.situation.taken(), *(pick.x for pick in picks)])


def _candidates(situation: Situation) -> Candidates:
    if situation.space.rows is not None:
        return TableCandidates(space=situation.space, blocked=situation.blocked)
    small = enumerate_small(situation.space, at_most=_SMALL_SPACE)
    if small is not None:
        return TableCandidates(space=small, blocked=frozenset(), is_given=False)
    return OpenCandidates(space=situation.space)


def _observations(situation: Situation) -> Observations:
    x = np.asarray(situation.x, dtype=np.float64).reshape(-1, situation.space.n_columns)
    return Observations.from_arrays(x, situation.y, situation.var if len(situation.var) else None)


def _n_placed(situation: Situation) -> int:
    """Returns how many configurations fill the space already.

    What was requested and what was achieved may differ and are one trial all the same, so the
    larger of the two counts is taken, not their sum.
    """
    d = situation.space.n_columns
    measured = np.vstack([situation.x.reshape(-1, d), situation.pending_rows()])
    return max(_n_distinct(measured), _n_distinct(situation.tried.reshape(-1, d)))


def _n_distinct(x: Floats) -> int:
    return len(np.unique(np.round(x, 8), axis=0)) if len(x) else 0
