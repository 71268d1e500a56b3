"""What can be read of a campaign file that has mistakes, so that none hides another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from planner.campaign.contradictions.draft import Draft
from planner.campaign.objectives import AnyObjective, Objective
from planner.campaign.outcomes import AnyOutcome, Outcome
from planner.campaign.sensed import PreconditionText, SensedContext
from planner.campaign.sensors import Sensor
from planner.campaign.sources import AnySource, Source
from planner.campaign.spec import (
    Budget,
    Candidates,
    Modelling,
    Policy,
    StopRule,
    name_part,
)
from planner.space import AnyConstraint, AnyParameter, Constraint, DeclaredParameter, Profile

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def read_draft(content: dict[str, Any]) -> Draft:
    """Returns the parts that are right by themselves, and None for the others."""
    parameters: dict[str, AnyParameter | Profile | None] = _each_named(
        content, "parameters", DeclaredParameter
    )
    outcomes: dict[str, AnyOutcome | None] = _each_named(content, "outcomes", Outcome)
    sources: dict[str, AnySource | None] = _each_named(content, "sources", Source)
    constraints: list[AnyConstraint | None] = _each(content, "constraints", Constraint)
    objectives: list[AnyObjective | None] = _each(content, "objectives", Objective)
    return Draft(
        parameters=parameters,
        constraints=constraints,
        candidates=_part(content.get("candidates"), Candidates),
        outcomes=outcomes,
        objectives=objectives,
        sources=sources,
        sensors=_each_named(content, "sensors", Sensor),
        context=_each_of_a_name(content, "context", SensedContext),
        preconditions=_each(content, "preconditions", PreconditionText),
        budget=_part(content.get("budget"), Budget),
        policy=_part(content.get("policy", {}), Policy),
        model=_part(content.get("model", {}), Modelling),
        stop=_part(content.get("stop", {}), StopRule),
        aimed_at=_aimed_at(content, objectives),
    )


def _aimed_at(content: dict[str, Any], objectives: Sequence[AnyObjective | None]) -> dict[int, str]:
    """Returns the outcomes that mistaken objectives name, where they name one."""
    return {
        index: part["outcome"]
        for index, read in enumerate(objectives)
        if read is None
        and isinstance(part := content["objectives"][index], dict)
        and isinstance(part.get("outcome"), str)
    }


def _part(content: object, kind: Any) -> Any:
    try:
        return _adapter(kind).validate_python(content)
    except ValidationError:
        return None


def _each(content: dict[str, Any], key: str, kind: Any) -> list[Any]:
    parts = content.get(key)
    return [_part(part, kind) for part in parts] if isinstance(parts, list) else []


def _each_named(content: dict[str, Any], key: str, kind: Any) -> dict[str, Any]:
    parts = content.get(key)
    if not isinstance(parts, dict):
        return {}
    return {name: _named(key, name, part, kind) for name, part in parts.items()}


def _each_of_a_name(content: dict[str, Any], key: str, kind: Any) -> dict[str, Any]:
    parts = content.get(key)
    if not isinstance(parts, dict):
        return {}
    return {name: _part(part, kind) for name, part in parts.items()}


def _named(key: str, name: str, part: object, kind: Any) -> Any:
    try:
        return _part(name_part(key, name, part), kind)
    except ValueError:
        return None
