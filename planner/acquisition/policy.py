"""The policy: from a situation to what is tried next. The loop and the benchmark both call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.acquisition import reasons
from planner.acquisition.candidates import Candidates, Found, Score, TableCandidates
from planner.acquisition.farther import farther_than, shows_nothing_new
from planner.acquisition.fitted import fit_for
from planner.acquisition.forecasts import best_so_far, forecast
from planner.acquisition.open_space import OpenCandidates, enumerate_small
from planner.acquisition.promising import looked_at
from planner.acquisition.repeating import find_repeat, today
from planner.acquisition.situation import (
    BestSoFar,
    Choice,
    Kind,
    Pick,
    Repeatable,
    Situation,
)
from planner.acquisition.worth import make_score
from planner.models import FitFailure, Surrogate
from planner.rng import derive_seed
from planner.space import Floats
from planner.trials import Search

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

    Where the picks have parameters in common, the first pick decides on those, among values that
    leave room for all.

    Args:
        situation: all that the choice depends on.
        q: how many trials to choose, at least 1.
        seed: of this choice; the same situation and seed give the same choice.

    Where a measured setting is worth more to repeat than the best new one is to try, and may be
    repeated, it is, and the pick says of which trials it is a replicate.

    Returns:
        Picks that are distinct from each other and from everything tried or pending, but for
        repeats of what was measured; fewer than
        ``q`` only where the space is exhausted, and then it says so, or where no more of it has
        the values that the picks share.

    Raises:
        InputError: no configuration is admissible, or the context names what is set.
        UnknownName: the picks would share what is no parameter.
    """
    for name in situation.shared:
        situation.space.parameter(name)
    assumed = situation.assumed()
    situation = situation.in_context()
    fitted = fit_for(situation)
    surrogate = fitted if isinstance(fitted, Surrogate) else None
    failure = fitted if isinstance(fitted, FitFailure) else None
    best = None if surrogate is None else best_so_far(situation, surrogate)
    chooser = _Chooser(situation, surrogate, failure, seed, q, assumed, best)

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
        is_exhausted=len(picks) < q and chooser.is_exhausted(picks),
        seed=seed,
        best=best,
        acquisition=situation.acquisition if surrogate is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _Chooser:
    situation: Situation
    surrogate: Surrogate | None
    failure: FitFailure | None
    seed: int
    q: int
    assumed: Mapping[str, float]
    best: BestSoFar | None

    def fill(
        self, kind: Kind, n: int, *, n_centres: int, earlier: list[Pick] | None = None
    ) -> list[Pick]:
        """Returns the first ``n`` of ``n_centres`` configurations that fill the space."""
        picks: list[Pick] = []
        earlier = earlier or []
        words = reasons.filling(
            kind,
            n_placed=_n_placed(self.situation) + len(earlier),
            settings=self.situation.settings,
            failure=self.failure,
        )
        while len(picks) < n:
            before = earlier + picks
            # the first pick settles what all share, so the others are placed after it
            n_now = 1 if self.situation.shared and not before else n - len(picks)
            found = self._candidates(before).spread(
                n_centres - len(picks),
                taken=self._taken(before),
                seed=derive_seed(self.seed, kind),
            )[:n_now]
            if not found:
                break
            picks += [self._pick(each, kind, reason=words, earlier=before) for each in found]
        return picks

    def optimise(self, surrogate: Surrogate, n: int, *, earlier: list[Pick]) -> list[Pick]:
        """Returns the ``n`` candidates of highest acquisition, one after the other."""
        picks: list[Pick] = []
        candidates = self._candidates(earlier) if n else None
        for index in range(n):
            before = earlier + picks
            if self.situation.shared and len(before) == 1:
                candidates = self._candidates(before)
            assert candidates is not None
            seed = derive_seed(self.seed, "acquisition", index)
            waiting = np.vstack([self.situation.pending_rows(), *(p.x for p in before)])
            situation, score, found = self._search(
                surrogate, candidates, waiting, before, seed=seed
            )
            if found is None:
                break
            again = self._worth_more(surrogate, found, score, waiting=waiting, before=before)
            if again is None:
                reason = self._reason(situation, surrogate, found, waiting=waiting, seed=seed)
                picks.append(self._pick(found, "model", reason=reason, earlier=before))
            else:
                picks.append(self._repeat(again, surrogate, search=found.search, earlier=before))
        return picks

    def _search(
        self,
        surrogate: Surrogate,
        candidates: Candidates,
        waiting: Floats,
        before: list[Pick],
        *,
        seed: int,
    ) -> tuple[Situation, Score, Found | None]:
        """Returns the best candidate, by which score it is, and with what weight of the deviation.

        The weight is the usual one unless its best candidate shows nothing new.
        """
        taken = self._taken(before)

        def best(situation: Situation) -> tuple[Situation, Score, Found | None]:
            score = make_score(situation, surrogate, waiting=waiting, seed=seed)
            return situation, score, candidates.best(score, taken=taken, seed=seed)

        looked = best(self.situation)
        for farther in farther_than(self.situation, candidates):
            found = looked[2]
            if found is None or not shows_nothing_new(
                self.situation, surrogate, found, waiting=waiting
            ):
                break
            looked = best(farther)
        return looked

    def _reason(
        self,
        situation: Situation,
        surrogate: Surrogate,
        found: Found,
        *,
        waiting: Floats,
        seed: int,
    ) -> str:
        """Returns why a candidate was chosen, and why by another weight than usual if it was."""
        if situation.acquisition == "variance":
            return reasons.learned(situation, surrogate, found, waiting=waiting, seed=seed)
        reason = reasons.chosen(situation, surrogate, found, best=self.best)
        if situation is self.situation:
            return reason
        return f"{reason} {reasons.farther(self.situation.settings)}"

    def _worth_more(
        self,
        surrogate: Surrogate,
        found: Found,
        score: Score,
        *,
        waiting: Floats,
        before: list[Pick],
    ) -> Repeatable | None:
        """Returns a setting that is worth more to repeat than the one found is to try, if any."""
        space = self.situation.space
        if self.situation.shared and before:
            locks = {name: before[0].configuration[name] for name in self.situation.shared}
            space = space.restricted(locks)
        return find_repeat(
            replace(self.situation, space=space), surrogate, found, score=score, waiting=waiting
        )

    def _repeat(
        self,
        again: Repeatable,
        surrogate: Surrogate,
        *,
        search: Search | None,
        earlier: list[Pick],
    ) -> Pick:
        configuration = today(again, self.situation.space)
        x = self.situation.space.encode([configuration])[0]
        found = Found(configuration=configuration, row=again.row, x=x, search=search)
        reason = reasons.repeated(self.situation, surrogate, again, x)
        pick = self._pick(found, "model", reason=reason, earlier=earlier)
        return replace(pick, repeats=again.trials)

    def is_exhausted(self, picks: list[Pick]) -> bool:
        """Tells whether nothing is left that is not taken, whatever its shared values."""
        if not self.situation.shared:
            return True
        everything = _all_candidates(self.situation)
        return not everything.spread(1, taken=self._taken(picks), seed=self.seed)

    def _candidates(self, before: list[Pick]) -> Candidates:
        """Returns what may be chosen; after the first pick only what shares its values."""
        shared = self.situation.shared
        if not shared:
            return _all_candidates(self.situation)
        if before:
            locks = {name: before[0].configuration[name] for name in shared}
            space = self.situation.space.restricted(locks)
            return _all_candidates(replace(self.situation, space=space))
        candidates = _all_candidates(self.situation)
        if isinstance(candidates, TableCandidates):
            return candidates.with_room(self.q, shared=shared, taken=self._taken(before))
        return candidates

    def _pick(self, found: Found, kind: Kind, *, reason: str, earlier: list[Pick]) -> Pick:
        expected = None
        if self.surrogate is not None:
            expected = forecast(self.situation, self.surrogate, found.x, best=self.best)
        return Pick(
            configuration=found.configuration,
            row=found.row,
            x=found.x,
            kind=kind,
            forecast=expected,
            acquisition_value=found.score,
            reason=" ".join([reason, *self._remarks(found, earlier)]),
            search=found.search,
        )

    def _remarks(self, found: Found, earlier: list[Pick]) -> list[str]:
        """Returns what else there is to say of a pick: who decides, doubts, what is shared."""
        remarks = []
        if self.surrogate is not None:
            said = (
                reasons.taken_over(self.situation),
                self.surrogate.caveat,
                reasons.doubted(self.situation, self.surrogate),
            )
            remarks += [each for each in said if each]
        if found.search is not None and found.search.is_doubtful:
            remarks.append(f"There may be a better one: {found.search.in_words}")
        for name, value in self.assumed.items():
            unit = self.situation.space.parameter(name).unit_words
            remarks.append(
                f"{name} was not given, so the middle of its range, {value:g}{unit}, is assumed."
            )
        if earlier and self.situation.shared:
            same = ", ".join(f"{n} = {found.configuration[n]}" for n in self.situation.shared)
            remarks.append(f"{same} as for the whole batch.")
        return remarks

    def _taken(self, picks: list[Pick]) -> Floats:
        return np.vstack([self.situation.taken(), *(pick.x for pick in picks)])


def _all_candidates(situation: Situation) -> Candidates:
    if situation.space.rows is not None:
        return TableCandidates(space=situation.space, blocked=situation.blocked)
    small = enumerate_small(situation.space, at_most=_SMALL_SPACE)
    if small is not None:
        return TableCandidates(space=small, blocked=frozenset(), is_given=False)
    return OpenCandidates(space=situation.space, measured=looked_at(situation))


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
