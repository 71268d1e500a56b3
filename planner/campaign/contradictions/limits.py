"""Mistakes between the budget and what trials cost."""

from __future__ import annotations

from planner.campaign.amounts import extent
from planner.campaign.contradictions.draft import Found, Parts, scalars_of
from planner.campaign.sources import Analysis, AnySource
from planner.space import Categorical, Expression, Fixed, Ordinal


def find_in_limits(parts: Parts) -> Found:
    """Finds a budget that ends nothing, or pays for nothing."""
    budget, sources = parts.budget, list(parts.sources.values())
    if budget is None or budget.cost is None or not sources or None in sources:
        return
    runners = [each for each in sources if each is not None and not isinstance(each, Analysis)]
    if all(each is not None and each.cost == 0 for each in sources):
        if not (budget.trials or budget.time):
            yield (
                ("budget",),
                "cost is the only limit, but a trial costs nothing: give trials or time too, or "
                "the cost of a trial at its source",
            )
        return
    least = [_least_cost(parts, each) for each in runners]
    if len(least) == 1 and least[0] is not None and least[0] > budget.cost:
        yield (
            ("budget", "cost"),
            f"{budget.cost:g} pays for no trial: one costs at least {least[0]:.4g}; raise it",
        )


def _least_cost(parts: Parts, source: AnySource) -> float | None:
    """Returns what the cheapest trial costs; None where the formula is mistaken."""
    scalars = scalars_of(parts)
    if isinstance(source.cost, str):
        for name in Expression.parse(source.cost).names:
            part = scalars.get(name)
            is_name = isinstance(part, Fixed) and isinstance(part.value, str)
            if part is None or is_name or isinstance(part, Categorical | Ordinal):
                return None
    return extent(source.cost, [each for each in scalars.values() if each is not None]).least
