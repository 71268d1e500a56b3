"""Mistakes between parameters, constraints and candidates: what leaves nothing to choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from planner import units
from planner.campaign.contradictions.draft import Found, Parts, Where, scalars_of, unknown
from planner.campaign.outcomes import AnyOutcome
from planner.campaign.sources import ReplayedTable
from planner.errors import InputError, UnitError
from planner.space import (
    AnyConstraint,
    AnyParameter,
    Contextual,
    Exclusion,
    Fixed,
    LinearConstraint,
    Profile,
    SearchSpace,
    expand_profiles,
)
from planner.tables import TableRef


def find_in_region(parts: Parts) -> Found:
    """Finds names that clash or are unknown, and rules that leave nothing."""
    scalars = scalars_of(parts)
    for name in parts.outcomes:
        if name in parts.parameters:
            yield ("outcomes", name), f"{name!r} names a parameter too: rename one"
        elif name in scalars:
            yield (
                ("outcomes", name),
                f"{name!r} names a knot of a profile too: rename the outcome or the profile",
            )
    yield from _names_twice(parts)
    yield from _nothing_to_choose(scalars)
    for index, constraint in enumerate(parts.constraints):
        if constraint is not None:
            yield from _constraint_mistakes(scalars, ("constraints", index), constraint)
    yield from _emptiness(parts, scalars)
    yield from _candidate_mistakes(parts, scalars)


def _names_twice(parts: Parts) -> Found:
    known = {name: each for name, each in parts.parameters.items() if each is not None}
    try:
        expand_profiles(known)
    except InputError as error:
        yield ("parameters",), str(error)


def _nothing_to_choose(scalars: Mapping[str, AnyParameter | None]) -> Found:
    if scalars and all(isinstance(each, Fixed | Contextual) for each in scalars.values()):
        yield (
            ("parameters",),
            "leave nothing to choose: each is fixed or measured; give one of them bounds (low, "
            "high), values or choices",
        )


def _constraint_mistakes(
    scalars: Mapping[str, AnyParameter | None], where: Where, constraint: AnyConstraint
) -> Found:
    is_whole = True
    for name in sorted(constraint.names):
        if name not in scalars:
            yield (*where, *_place(constraint, name)), unknown("parameter", name, scalars)
        is_whole = is_whole and scalars.get(name) is not None
    if not is_whole:
        return
    try:
        SearchSpace(tuple(each for each in scalars.values() if each is not None), (constraint,))
    except InputError as error:
        yield where, str(error)


def _place(constraint: AnyConstraint, name: str) -> Where:
    """Returns where below the constraint the name stands, as far as it has a line of its own."""
    match constraint:
        case LinearConstraint():
            return ("weights", name)
        case Exclusion():
            return ("exclude", name)
        case _:
            return ()


def _emptiness(parts: Parts, scalars: Mapping[str, AnyParameter | None]) -> Found:
    """Finds constraints that contradict each other or the bounds.

    Rows of a candidate table are looked at when it is read.
    """
    parameters = [each for each in scalars.values() if each is not None]
    constraints = [each for each in parts.constraints if each is not None]
    profiles = [each for each in parts.parameters.values() if isinstance(each, Profile)]
    rules = [*constraints, *(rule for each in profiles for rule in each.constraints())]
    is_whole = len(parameters) == len(scalars) and len(constraints) == len(parts.constraints)
    if not (is_whole and rules) or parts.candidates is not None or any(_at_fault(parts, scalars)):
        return
    why = SearchSpace(tuple(parameters), tuple(rules)).find_emptiness()
    if why is not None:
        which = "it" if len(rules) == 1 else "one of them"
        yield ("constraints",), f"{why} Loosen {which}, or widen the bounds."


def _at_fault(parts: Parts, scalars: Mapping[str, AnyParameter | None]) -> Iterator[bool]:
    for constraint in parts.constraints:
        if constraint is not None:
            yield from (True for _ in _constraint_mistakes(scalars, (), constraint))


def _candidate_mistakes(parts: Parts, scalars: Mapping[str, AnyParameter | None]) -> Found:
    if parts.candidates is None:
        return
    name, table = parts.candidates.source, parts.candidates.table
    if table is not None:
        yield from find_in_columns(scalars, ("candidates",), table)
    elif name not in parts.sources:
        yield ("candidates", "source"), unknown("source", str(name), parts.sources)
    elif parts.sources[str(name)] is not None and not isinstance(
        parts.sources[str(name)], ReplayedTable
    ):
        yield (
            ("candidates", "source"),
            f"{name!r} replays no table: name a source of kind table, or give a table here",
        )


def find_in_columns(
    wanted: Mapping[str, AnyParameter | AnyOutcome | None], where: Where, table: TableRef
) -> Found:
    """Finds columns that a table lacks, or that are in a unit of another dimension."""
    columns = (*where, "table", "columns")
    for name, part in wanted.items():
        if name not in table.columns:
            if not isinstance(part, Fixed | Contextual):
                yield columns, f"names no column for {name!r}: add it"
        elif part is not None and (given := table.column(name).unit) is not None:
            try:
                units.convert(0.0, given=given, wanted=part.unit)
            except UnitError as error:
                yield (*columns, name, "unit"), str(error)
