"""The families ``auto`` and ``full_auto``: the others are compared, and averaged that predict well.

What was compared stays in the memo, so that between two comparisons (until the data have grown by
a tenth) the members are fitted anew with their old weights, and the ledger says why they have them.
The dear ones, of which ``full_auto`` alone takes notice, are compared when the data have grown by
half.
A member that cannot be fitted any more gives its weight to the others until it is compared again.

| symbol | meaning                                       |
|--------|-----------------------------------------------|
| n      | observations now                              |
| n_0    | observations at the last comparison           |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from planner.errors import InputError
from planner.models.average import Average
from planner.models.comparing.comparison import FAVOURITES, FEWEST, Comparison
from planner.models.comparing.folds import HeldOut, hold_out, predict_others
from planner.models.comparing.members import fit_members
from planner.models.comparing.stacking import stack
from planner.models.failure import FitFailure
from planner.models.families import Family
from planner.models.surrogate import Surrogate
from planner.models.task import Task
from planner.space import Floats

_GROWTH, _DEAR_GROWTH = 1.1, 1.5
_FOLDS = 5
# Of more observations than this a part is compared on: the families differ less and cost more.
_FOLDED = 250
# How many observations the prior weights are worth, and the favourite's share of them.
_WORTH = 4.0
_FAVOURITE_SHARE = 0.5
# What weighs less is left out of the average.
_SMALLEST_WEIGHT = 0.1
_NOTHING = 1e-6  # what rounding leaves of it


@dataclass(frozen=True, eq=False)
class Auto(Average):
    """The average, with what it rests on.

    Args:
        compared: what the last comparison found.
        members: memo of each family that was ever fitted, from which its next fit starts.
        name: as the campaign file spells it.
    """

    compared: Comparison
    members: Mapping[str, Any]
    name: str = "auto"

    @property
    def comparison(self) -> Comparison:
        """What the last comparison found."""
        return self.compared

    @classmethod
    def of(
        cls,
        fitted: Mapping[str, Surrogate],
        comparison: Comparison,
        members: Mapping[str, Any],
        *,
        name: str,
    ) -> Auto:
        """Returns the average of surrogates by family, weighted as the comparison says."""
        return cls(
            components=tuple(fitted[member] for member in comparison.weights),
            weights=tuple(comparison.weights.values()),
            compared=comparison,
            members=members,
            name=name,
        )

    @property
    def family(self) -> str:
        """The average of several."""
        return self.name

    @property
    def memo(self) -> Mapping[str, object]:
        """The comparison, and the memo of each family."""
        return {
            "comparison": asdict(self.compared),
            "members": {name: dict(memo) for name, memo in self.members.items()},
        }


def fit_auto(
    task: Task,
    *,
    families: Mapping[str, Family],
    dear: Mapping[str, Family] = MappingProxyType({}),
    name: str = "auto",
) -> Surrogate | FitFailure:
    """Returns the average of the families that predict these data best.

    Args:
        task: with the memo of the last average, if there was one.
        families: those that are compared when the data have grown by a tenth, by name, the
            favourite among them.
        dear: those that are compared when the data have grown by half; between that they keep the
            weights that they had.
        name: of the average, as the campaign file spells it.
    """
    last = None if task.memo is None else _read(task.memo)
    n = len(task.observations.y)
    before = Comparison(n=0) if last is None else last.comparison
    members: Mapping[str, Any] = {} if last is None else last.members
    quick = _within_reach(families, n)
    every = {**families, **dear}
    if n < FEWEST:
        comparison = Comparison(n=n, weights={_favourite(quick): 1.0})
        return _average(task, every, comparison, members, name=name)
    is_due = bool(dear) and n >= _DEAR_GROWTH * before.n_dear
    is_fresh = not is_due and FEWEST <= before.n <= n < _GROWTH * before.n
    if is_fresh and set(before.weights) <= set(quick) | set(dear):
        conditioned = replace(task, keeps=n > _FOLDED)  # of fewer a search takes no time
        return _average(conditioned, every, before, members, name=name)
    compared = {**quick, **dear} if is_due else quick
    kept = Comparison(n=n, n_dear=n) if is_due else _of_dear(before, task, dear)
    if n > _FOLDED:
        comparison = _with_kept(_compare_on_part(task, families, compared), kept)
        # the search begins anew at each comparison, and goes on from what it found between them
        return _average(task, every, comparison, {}, name=name)
    found = _compare(task, compared, members)
    if not found.fitted:
        return _average(task, every, found.comparison, members, name=name)
    comparison = _with_kept(found.comparison, kept)
    if kept.weights:
        return _average(task, every, comparison, found.members, name=name)
    return Auto.of(found.fitted, comparison, found.members, name=name)


def _of_dear(before: Comparison, task: Task, dear: Mapping[str, Family]) -> Comparison:
    """Returns what dear families keep of the last comparison: those that still serve."""
    had = {name: w for name, w in before.weights.items() if name in dear}
    unfit = {name: why for name in had if (why := dear[name].misfit(task)) is not None}
    return Comparison(
        n=before.n,
        weights={name: w for name, w in had.items() if name not in unfit},
        dropped=unfit,
        n_dear=before.n_dear,
    )


def _with_kept(comparison: Comparison, kept: Comparison) -> Comparison:
    """Returns a comparison of quick families beside dear ones that keep their weights."""
    left = 1.0 - sum(kept.weights.values())
    quick = {name: left * w for name, w in comparison.weights.items()}
    # where the dear ones have all the weight nothing is left
    weights = {**kept.weights, **(quick if left > _NOTHING else {})}
    order = sorted(weights, key=lambda name: -weights[name])
    return replace(
        comparison,
        weights={name: weights[name] for name in order},
        dropped=kept.dropped,
        n_dear=kept.n_dear,
    )


def _within_reach(families: Mapping[str, Family], n: int) -> dict[str, Family]:
    """Returns the families that there is time for, and of the favourites the first of these."""
    quick = {name: family for name, family in families.items() if family.is_quick_for(n)}
    others = set(FAVOURITES) - {_favourite(quick)}
    return {name: family for name, family in quick.items() if name not in others}


def _favourite(families: Mapping[str, Family]) -> str:
    return next(name for name in FAVOURITES if name in families)


def _compare_on_part(
    task: Task, families: Mapping[str, Family], quick: Mapping[str, Family]
) -> Comparison:
    n = len(task.observations.y)
    left_out = {
        name: f"it takes too long past {family.quick_to:,} results"
        for name, family in families.items()
        if family.quick_to is not None and not family.is_quick_for(n)
    }
    if len(quick) == 1:
        past = max(families[name].quick_to or 0 for name in left_out)
        return Comparison(n=n, weights={_favourite(quick): 1.0}, left_out=left_out, past=past)
    found: dict[str, Floats] = {}
    for name, family in quick.items():
        predicted = family.misfit(task) or predict_others(family, task, n_fitted=_FOLDED)
        match predicted:
            case str():
                left_out[name] = predicted
            case FitFailure():
                left_out[name] = predicted.reason
            case _:
                found[name] = predicted
    return Comparison(
        n=n,
        scores={name: float(density.mean()) for name, density in found.items()},
        weights=_weigh(found) if found else {_favourite(quick): 1.0},
        left_out=left_out,
        n_fitted=_FOLDED,
    )


@dataclass(frozen=True, slots=True)
class _Compared:
    """A comparison, with what was fitted to all observations on the way, and every memo.

    Where no family could be compared nothing was fitted, and the favourite has all the weight: all
    results but one may be equal, and a fold without that one tells no scale.
    """

    comparison: Comparison
    fitted: Mapping[str, Surrogate]
    members: Mapping[str, Any]


def _compare(task: Task, families: Mapping[str, Family], members: Mapping[str, Any]) -> _Compared:
    found: dict[str, HeldOut] = {}
    left_out: dict[str, str] = {}
    for name, family in families.items():
        held_out = family.misfit(task) or _hold_out(family, task, members)
        match held_out:
            case str():
                left_out[name] = held_out
            case FitFailure():
                left_out[name] = held_out.reason
            case _:
                found[name] = held_out
    densities = {name: each.log_density for name, each in found.items()}
    comparison = Comparison(
        n=len(task.observations.y),
        scores={name: each.score for name, each in found.items()},
        weights=_weigh(densities) if found else {_favourite(families): 1.0},
        left_out=left_out,
    )
    memos = {name: each.surrogate.memo for name, each in found.items()}
    fitted = {name: each.surrogate for name, each in found.items()}
    return _Compared(comparison, fitted, {**members, **memos})


def _hold_out(family: Family, task: Task, members: Mapping[str, Any]) -> HeldOut | FitFailure:
    return hold_out(family, replace(task, memo=members.get(family.name)), n_folds=_FOLDS)


def _weigh(found: Mapping[str, Floats]) -> dict[str, float]:
    """Returns the weights of the families that count, the largest first."""
    names = list(found)
    others = max(1, len(names) - 1)
    prior = np.array(
        [
            _FAVOURITE_SHARE if name in FAVOURITES else (1 - _FAVOURITE_SHARE) / others
            for name in names
        ]
    )
    density = np.stack([found[name] for name in names], axis=1)
    weights = stack(density, prior=prior / prior.sum(), worth=_WORTH)
    order = [i for i in np.argsort(-weights, kind="stable") if weights[i] >= _SMALLEST_WEIGHT]
    total = sum(weights[i] for i in order)
    return {names[i]: float(weights[i] / total) for i in order}


def _average(
    task: Task,
    families: Mapping[str, Family],
    comparison: Comparison,
    members: Mapping[str, Any],
    *,
    name: str,
) -> Surrogate | FitFailure:
    found = fit_members(task, families, comparison, members)
    if isinstance(found, FitFailure):
        return found
    memos = {member: each.memo for member, each in found.fitted.items()}
    return Auto.of(found.fitted, found.comparison, {**members, **memos}, name=name)


@dataclass(frozen=True, slots=True)
class _Memo:
    comparison: Comparison
    members: Mapping[str, Any]


def _read(memo: Mapping[str, Any]) -> _Memo:
    try:
        return _Memo(comparison=Comparison(**memo["comparison"]), members=memo["members"])
    except (KeyError, TypeError) as error:
        raise InputError(
            f"The last fit was not one of the family auto: {', '.join(memo)}."
        ) from error
