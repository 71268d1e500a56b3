"""Fitting the families that count, where one of them may not be fitted any more."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import Any

from planner.models.comparing.comparison import FAVOURITES, Comparison
from planner.models.failure import FitFailure
from planner.models.families import Family
from planner.models.surrogate import Surrogate
from planner.models.task import Task


@dataclass(frozen=True, slots=True)
class Members:
    """What was fitted, and the comparison with the weights of just these."""

    fitted: Mapping[str, Surrogate]
    comparison: Comparison


def fit_members(
    task: Task,
    families: Mapping[str, Family],
    comparison: Comparison,
    memos: Mapping[str, Any],
) -> Members | FitFailure:
    """Fits those that count; the weight of one that cannot be fitted goes to the others.

    Where none of them can be, the first of the favourites that can be stands in.

    Args:
        task: what to fit to.
        families: all that may count, by name.
        comparison: with the weights.
        memos: what the last fit of each family found.
    """
    tried = {each: _fit(families[each], task, memos) for each in comparison.weights}
    fitted = _surrogates(tried)
    if not fitted:
        tried |= _stand_in(task, families, memos, without=tried)
        fitted = _surrogates(tried)
        comparison = replace(comparison, weights=dict.fromkeys(tried, 1.0), past=None)
    unfit = {each: why.reason for each, why in tried.items() if isinstance(why, FitFailure)}
    if not fitted:
        return FitFailure(
            reason=next(iter(unfit.values())),
            tried=tuple(f"{each}: {why}" for each, why in unfit.items()),
        )
    return Members(fitted=fitted, comparison=comparison.without(unfit) if unfit else comparison)


def _fit(family: Family, task: Task, memos: Mapping[str, Any]) -> Surrogate | FitFailure:
    why = family.misfit(task)
    if why is not None:
        return FitFailure(reason=why)
    return family.fit(replace(task, memo=memos.get(family.name)))


def _stand_in(
    task: Task,
    families: Mapping[str, Family],
    memos: Mapping[str, Any],
    *,
    without: Container[str],
) -> dict[str, Surrogate | FitFailure]:
    """Fits favourites until one can be."""
    n, tried = len(task.observations.y), dict[str, Surrogate | FitFailure]()
    for each in FAVOURITES:
        if each in families and families[each].is_quick_for(n) and each not in without:
            tried[each] = _fit(families[each], task, memos)
            if isinstance(tried[each], Surrogate):
                break
    return tried


def _surrogates(tried: Mapping[str, Surrogate | FitFailure]) -> dict[str, Surrogate]:
    return {name: each for name, each in tried.items() if isinstance(each, Surrogate)}
