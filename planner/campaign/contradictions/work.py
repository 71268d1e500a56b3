"""Mistakes between sources and what they are to run, measure, cost and use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from planner.campaign.amounts import extent
from planner.campaign.contradictions.draft import Found, Parts, Where, scalars_of, unknown
from planner.campaign.contradictions.region import find_in_columns
from planner.campaign.hours import Hours
from planner.campaign.outcomes import ClassOutcome, NumberOutcome
from planner.campaign.slots import waiting_until
from planner.campaign.source_base import Consumable
from planner.campaign.sources import Analysis, ReplayedTable, Runner
from planner.campaign.times import written_time
from planner.space import (
    AnyParameter,
    Categorical,
    Contextual,
    Expression,
    Fixed,
    Ordinal,
    Profile,
)

Scalars = Mapping[str, AnyParameter | None]

_SHORTEST_S, _LONGEST_S = 1e-3, 1e9  # what a timedelta and the calendar hold
_A_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)  # any week will do: holidays are left out


def find_in_work(parts: Parts) -> Found:
    """Finds what sources cannot run, measure, pay or supply."""
    scalars = scalars_of(parts)
    yield from _runner_mistakes(parts)
    yield from _approval_mistakes(parts, scalars)
    for name, source in parts.sources.items():
        where: Where = ("sources", name)
        if source is None:
            continue
        yield from _amount_mistakes(scalars, (*where, "cost"), source.cost)
        if isinstance(source, Analysis):
            yield from _analysis_mistakes(parts, where, source)
            continue
        yield from _named_parameters(parts, scalars, where, source)
        yield from _time_mistakes(where, source)
        for key, consumable in source.consumables.items():
            place = (*where, "consumables", key)
            yield from _consumable_mistakes(scalars, place, consumable)
        if isinstance(source, ReplayedTable):
            yield from _replay_mistakes(parts, scalars, name, source)


def _approval_mistakes(parts: Parts, scalars: Scalars) -> Found:
    rules = parts.policy.approval.rules if parts.policy is not None else {}
    for who, rule in rules.items():
        where: Where = ("policy", "approval", who.replace(" ", "_"))
        for name in sorted(rule.names):
            part = scalars.get(name)
            if name not in scalars:
                yield where, unknown("parameter", name, scalars)
            elif isinstance(part, Categorical | Ordinal):
                yield (
                    where,
                    f"{name!r} has names for values, which cannot be compared like numbers: leave "
                    f"it out",
                )


def _runner_mistakes(parts: Parts) -> Found:
    if not parts.sources or None in parts.sources.values():
        return
    runners = [name for name, each in parts.sources.items() if not isinstance(each, Analysis)]
    if not runners:
        yield (
            ("sources",),
            f"none runs trials: an analysis ({', '.join(parts.sources)}) measures what another "
            f"source made; add that source, such as {{kind: person}}",
        )
    for name in runners[1:]:
        yield (
            ("sources", name),
            f"is a second source that runs trials, beside {runners[0]!r}, and one is enough: leave "
            f"it out; several like devices are named in 'devices' of one source, and what measures "
            f"samples afterwards is of kind analysis",
        )


def _analysis_mistakes(parts: Parts, where: Where, source: Analysis) -> Found:
    earlier = [*_measured_before(parts, source.name)]
    for index, name in enumerate(source.measures):
        place = (*where, "measures")
        outcome = parts.outcomes.get(name)
        if name not in parts.outcomes:
            yield place, unknown("outcome", name, parts.outcomes)
        elif isinstance(outcome, NumberOutcome) and outcome.reduce is not None:
            yield (
                place,
                f"{name!r} is computed from {outcome.reduce!r} and measured by nobody: leave it "
                f"out, or name {outcome.reduce!r}",
            )
        if name in source.measures[:index]:
            yield place, f"{name!r} is listed twice: leave one out"
        elif other := next((by for by, each in earlier if each == name), None):
            yield place, f"{name!r} is measured by {other!r} already: leave it out at one of them"


def _measured_before(parts: Parts, name: str) -> Iterator[tuple[str, str]]:
    for other, source in parts.sources.items():
        if other == name:
            return
        if isinstance(source, Analysis):
            yield from ((other, each) for each in source.measures)


def _named_parameters(parts: Parts, scalars: Scalars, where: Where, source: Runner) -> Found:
    """Finds shared and set-up parameters that are unknown, or that nobody sets."""
    named = [((*where, "shared"), name) for name in source.shared]
    if source.set_up is not None:
        named += [((*where, "set_up", "parameters"), each) for each in source.set_up.parameters]
    for place, name in named:
        profile = parts.parameters.get(name)
        if isinstance(profile, Profile):
            free = ", ".join(each.name for each in profile.parameters())
            yield place, f"{name!r} is a profile: name what is free of it, {free}"
        elif name not in scalars:
            yield place, unknown("parameter", name, scalars)
        elif isinstance(scalars[name], Contextual):
            yield place, f"{name!r} is measured, not set, so nobody can see to it: leave it out"
        elif isinstance(scalars[name], Fixed):
            yield place, f"{name!r} is fixed and the same everywhere: leave it out"


def _time_mistakes(where: Where, source: Runner) -> Found:
    if source.duration is None:
        return
    if source.time_limit is not None and source.time_limit < source.duration:
        yield (
            (*where, "time_limit"),
            f"{written_time(source.time_limit)} is less than a trial takes "
            f"({written_time(source.duration)}), so that every run would be taken for lost: raise "
            f"it",
        )
    hours = Hours(shifts=source.opening.shifts, time_zone=source.opening.time_zone)
    duration = timedelta(seconds=min(max(source.duration, _SHORTEST_S), _LONGEST_S))
    if waiting_until(_A_MONDAY, hours=hours, duration=duration) is None:
        yield (
            (*where, "duration"),
            f"{written_time(source.duration)} is longer than any time between opening and closing "
            f"({source.hours}), so that no trial could end: shorten it, or lengthen the hours",
        )


def _consumable_mistakes(scalars: Scalars, where: Where, consumable: Consumable) -> Found:
    place = (*where, "use")
    mistakes = [*_amount_mistakes(scalars, place, consumable.use)]
    yield from mistakes
    if mistakes or None in _named(scalars, consumable.use).values():
        return
    least = extent(consumable.use, _known(scalars)).least
    if least > consumable.stock:
        unit = "" if consumable.unit == "1" else f" {consumable.unit}"
        yield (
            (*where, "stock"),
            f"{consumable.stock:g}{unit} does not suffice for one trial, which uses at least "
            f"{least:.4g}{unit}: give the stock that there is, or check 'use' and the unit",
        )


def _amount_mistakes(scalars: Scalars, where: Where, amount: float | str) -> Found:
    """Finds a number below 0, and a formula that has unknown names, no value, or is below 0."""
    named = _named(scalars, amount)
    if isinstance(amount, str):
        for name in sorted(Expression.parse(amount).names - scalars.keys()):
            yield where, unknown("parameter", name, scalars)
        for name, part in named.items():
            is_name = isinstance(part, Fixed) and isinstance(part.value, str)
            if is_name or isinstance(part, Categorical | Ordinal):
                yield (
                    where,
                    f"{name!r} has names for values, and nothing can be computed with these: leave "
                    f"it out",
                )
                return
        if None in named.values() or Expression.parse(amount).names - scalars.keys():
            return
    yield from _sign_mistakes(scalars, where, amount)


def _sign_mistakes(scalars: Scalars, where: Where, amount: float | str) -> Found:
    found = extent(amount, _known(scalars))
    if found.without is not None:
        yield (
            where,
            f"{amount!r} has no value{_at(found.without)}, such as where it divides by zero: "
            f"change the expression, or the bounds",
        )
    elif found.least < 0:
        yield (
            where,
            f"comes to {found.least:.4g}{_at(found.at_least)}, and must be 0 or more: change the "
            f"{'expression' if isinstance(amount, str) else 'number'}",
        )


def _at(configuration: Mapping[str, object]) -> str:
    values = ", ".join(f"{name} = {value:.4g}" for name, value in configuration.items())
    return f" at {values}" if values else ""


def _named(scalars: Scalars, amount: float | str) -> dict[str, AnyParameter | None]:
    names = Expression.parse(amount).names if isinstance(amount, str) else ()
    return {name: scalars[name] for name in sorted(names) if name in scalars}


def _known(scalars: Scalars) -> list[AnyParameter]:
    return [each for each in scalars.values() if each is not None]


def _replay_mistakes(parts: Parts, scalars: Scalars, name: str, source: ReplayedTable) -> Found:
    elsewhere = {
        outcome
        for each in parts.sources.values()
        if isinstance(each, Analysis)
        for outcome in each.measures
    }
    measured = {
        name: each
        for name, each in parts.outcomes.items()
        if name not in elsewhere and getattr(each, "reduce", None) is None
    }
    for key, each in measured.items():
        if each is not None and not isinstance(each, NumberOutcome | ClassOutcome):
            yield (
                ("outcomes", key, "kind"),
                f"{key!r} is of kind {each.kind}, which no cell of a table holds: a table replays "
                f"numbers and classes; leave the outcome out",
            )
    held = {k: v for k, v in measured.items() if v is None or v.kind in ("number", "class")}
    yield from find_in_columns({**scalars, **held}, ("sources", name), source.table)
    if parts.candidates is None or parts.candidates.source != name:
        yield (
            ("sources", name),
            "replays a table, so only its conditions can be run: "
            f"add 'candidates: {{source: {name}}}'",
        )
