"""Mistakes between a device's names and units and those of the campaign."""

from __future__ import annotations

from collections.abc import Mapping

from planner import units
from planner.campaign.contradictions.draft import Found, Parts, Where, scalars_of, unknown
from planner.campaign.devices import AnyDevice, MappedOutcome, MappedParameter
from planner.campaign.mapped import find_loss
from planner.campaign.outcomes import AnyOutcome, CurveOutcome, NumberOutcome
from planner.campaign.sources import Analysis
from planner.space import AnyParameter, Profile

Mapped = Mapping[str, MappedParameter] | Mapping[str, MappedOutcome]


def find_in_devices(parts: Parts) -> Found:
    """Finds maps that name what is not there, or on whose way something is lost."""
    for name, source in parts.sources.items():
        if isinstance(source, AnyDevice):
            yield from _parameter_mistakes(parts, ("sources", name, "map"), source)
            yield from _outcome_mistakes(parts, ("sources", name, "outcomes"), source)


def _parameter_mistakes(parts: Parts, where: Where, source: AnyDevice) -> Found:
    scalars = scalars_of(parts)
    profiles = {name: each for name, each in parts.parameters.items() if isinstance(each, Profile)}
    for name, mapped in source.map.items():
        place = (*where, name)
        if name not in scalars and name not in profiles:
            yield place, unknown("parameter", name, [*scalars, *profiles])
            continue
        problem = _loss(scalars.get(name), profiles.get(name), mapped)
        if problem:
            yield place, problem
    yield from _one_field_twice(where, source.map, list(scalars), "parameters")
    yield from _one_field_twice(where, source.map, list(profiles), "parameters")


def _loss(parameter: AnyParameter | None, profile: Profile | None, mapped: MappedParameter) -> str:
    if profile is not None and mapped.unit is not None:
        if units.are_compatible(profile.unit, mapped.unit):
            return ""
        return (
            f"A value in {profile.unit!r} cannot be converted to {mapped.unit!r}: they measure "
            f"different things. Give the unit that the device reads."
        )
    return find_loss(parameter, mapped) if parameter is not None else ""


def _outcome_mistakes(parts: Parts, where: Where, source: AnyDevice) -> Found:
    elsewhere = _measured_elsewhere(parts)
    for name, mapped in source.outcomes.items():
        place = (*where, name)
        outcome = parts.outcomes.get(name)
        if name not in parts.outcomes:
            yield place, unknown("outcome", name, parts.outcomes)
        elif name in elsewhere:
            yield place, f"{name!r} is measured by {elsewhere[name]!r}: leave it out here"
        elif isinstance(outcome, NumberOutcome) and outcome.reduce is not None:
            yield (
                place,
                f"{name!r} is computed from {outcome.reduce!r}, which is what the device reports: "
                f"name that",
            )
        elif problem := _unit_problem(outcome, mapped):
            yield place, problem
    reported = [name for name in parts.outcomes if name not in elsewhere]
    yield from _one_field_twice(where, source.outcomes, reported, "outcomes")


def _measured_elsewhere(parts: Parts) -> dict[str, str]:
    return {
        outcome: name
        for name, source in parts.sources.items()
        if isinstance(source, Analysis)
        for outcome in source.measures
    }


def _unit_problem(outcome: AnyOutcome | None, mapped: MappedOutcome) -> str:
    if outcome is None or mapped.unit is None:
        return ""
    if not isinstance(outcome, NumberOutcome | CurveOutcome):
        return f"is of kind {outcome.kind}, which has no unit: leave it out"
    if units.are_compatible(mapped.unit, outcome.unit):
        return ""
    return (
        f"A value in {mapped.unit!r} cannot be converted to {outcome.unit!r}: they measure "
        f"different things. Give the unit that the device reports."
    )


def _one_field_twice(where: Where, named: Mapped, names: list[str], what: str) -> Found:
    """Finds two that the device would not tell apart, also where one is not mapped."""
    owners: dict[str, str] = {}
    for name in names:
        field = _field(named, name)
        if field in owners:
            first = owners[field]
            culprit = name if name in named else first
            yield (
                (*where, culprit),
                f"{what} {first!r} and {name!r} are both {field!r} at the device, which could not "
                f"tell them apart: give each a field of its own",
            )
        owners.setdefault(field, name)


def _field(named: Mapped, name: str) -> str:
    mapped = named.get(name)
    return name if mapped is None or mapped.field is None else mapped.field
