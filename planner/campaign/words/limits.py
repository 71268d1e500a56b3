"""What a campaign may use up, in words: trials, money, time and stock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from planner.campaign.amounts import Extent, extent
from planner.campaign.hours import ALWAYS
from planner.campaign.source_base import Consumable
from planner.campaign.sources import Analysis, Runner
from planner.campaign.spec import CampaignSpec
from planner.campaign.words.phrases import after, count, duration, moment, number, span
from planner.space import SearchSpace

_MOST_WINDOWS = 2_000  # looked at for the end of a campaign; some five years of nights


def describe_limits(spec: CampaignSpec, space: SearchSpace, now: datetime | None) -> Iterator[str]:
    """Yields when the campaign ends at the latest, what it may cost, and how long it takes."""
    budget, source = spec.budget, spec.source
    money = after(budget.currency)
    limits = []
    if budget.trials is not None:
        limits.append(count(budget.trials, "trial"))
    if budget.cost is not None:
        limits.append(f"a cost of {number(budget.cost)}{money}")
    if budget.time is not None:
        limits.append(f"{duration(budget.time)} after it was opened")
    which = ", whichever comes first" if len(limits) > 1 else ""
    yield f"It ends at the latest after {' or '.join(limits)}{which}."
    n_most = most_trials(spec, space)
    yield from _describe_cost(spec, space, n_most)
    for name, consumable in source.consumables.items():
        yield _describe_stock(name, consumable, extent_of(consumable.use, spec, space), n_most)
    if n_most is not None and source.duration is not None:
        yield from _describe_time(source, source.duration, n_most, now)
    if source.time_limit is not None:
        yield f"A run that takes longer than {duration(source.time_limit)} is taken for lost."


def extent_of(amount: float | str, spec: CampaignSpec, space: SearchSpace) -> Extent:
    """Returns how much an amount comes to: over the rows of the table, else over the bounds."""
    return extent(amount, tuple(spec.scalars.values()), configurations=space.rows or ())


def most_trials(spec: CampaignSpec, space: SearchSpace) -> int | None:
    """Returns how many trials the budget of trials and money allows; None where it is endless."""
    limits = [] if spec.budget.trials is None else [spec.budget.trials]
    if spec.budget.cost is not None:
        limits += _how_often(spec.budget.cost, cost_of_trial(spec, space).least)
    return min(limits) if limits else None


def _how_often(whole: float, part: float) -> list[int]:
    """Returns how often the part is held by the whole, within rounding; nothing where it is 0."""
    return [int(whole / part * (1 + 1e-9))] if part > 0 and whole / part < 1e9 else []


def cost_of_trial(spec: CampaignSpec, space: SearchSpace) -> Extent:
    """Returns what one trial costs, with the analyses of its sample."""
    own = extent_of(spec.source.cost, spec, space)
    least, most = own.least, own.most
    for source in spec.sources.values():
        if isinstance(source, Analysis):
            its = extent_of(source.cost, spec, space)
            least, most = least + its.least, most + its.most
    return Extent(least, most, own.at_least)


def _describe_cost(spec: CampaignSpec, space: SearchSpace, n_most: int | None) -> Iterator[str]:
    one = cost_of_trial(spec, space)
    if one.most <= 0:
        return
    money = after(spec.budget.currency)
    analysed = any(isinstance(each, Analysis) and each.cost for each in spec.sources.values())
    trial = "a trial with its analyses" if analysed else "a trial"
    depends = "" if one.least == one.most else ", depending on what is set"
    if n_most is None:
        yield f"{trial.capitalize()} costs {span(one.least, one.most, money)}{depends}."
        return
    limit = spec.budget.cost
    most = n_most * one.most if limit is None else min(n_most * one.most, limit)
    if depends:
        yield (
            f"{trial.capitalize()} costs {span(one.least, one.most, money)}{depends}; all of them "
            f"cost at most {number(most)}{money}."
        )
    else:
        yield f"At {number(one.most)}{money} {trial} it costs at most {number(most)}{money}."


def _describe_stock(name: str, consumable: Consumable, use: Extent, n_most: int | None) -> str:
    unit = after(consumable.unit)
    lasts = _how_often(consumable.stock, use.most)
    longest = _how_often(consumable.stock, use.least)
    words = (
        f"A trial uses {span(use.least, use.most, unit)} of {name}; the stock of "
        f"{number(consumable.stock)}{unit}"
    )
    if not lasts:
        return f"{words} lasts."
    if n_most is not None and lasts[0] >= n_most:
        return f"{words} lasts for all trials."
    if longest == lasts:
        return f"{words} lasts for {count(lasts[0], 'trial')}; then it is to be filled up."
    return (
        f"{words} lasts for at least {count(lasts[0], 'trial')}, depending on what is set; then it "
        f"is to be filled up."
    )


def _describe_time(
    source: Runner, one_s: float, n_most: int, now: datetime | None
) -> Iterator[str]:
    rounds = -(-n_most // source.places)
    yield (
        f"A trial takes about {duration(one_s)}, so {count(n_most, 'trial')} take about "
        f"{duration(rounds * one_s)} without a pause."
    )
    if source.time_zone is None or (source.hours == ALWAYS and not source.holidays):
        return
    if now is not None and (end := _end(source, one_s, n_most, now)) is not None:
        yield (
            f"Within the hours of {source.name} the last of them ends at the earliest on "
            f"{moment(end, source.time_zone)}."
        )


def _end(source: Runner, one_s: float, n_most: int, now: datetime) -> datetime | None:
    """Returns when so many trials can have ended, one window after the other."""
    one, left = timedelta(seconds=one_s), -(-n_most // source.places)
    for index, window in enumerate(source.opening.ahead(now)):
        if index == _MOST_WINDOWS:
            return None
        assert window.start is not None  # cut at the time that was asked for
        fit = left if window.end is None else (window.end - window.start) // one
        if fit >= left:
            return window.start + left * one
        left -= fit
    return None
