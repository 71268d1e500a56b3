"""What can be read of a campaign file, whose parts may be mistaken, and how names are looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from planner.campaign.objectives import AnyObjective
from planner.campaign.outcomes import AnyOutcome
from planner.campaign.sensed import SensedContext
from planner.campaign.sensors import Sensor
from planner.campaign.sources import AnySource
from planner.campaign.spec import Budget, CampaignSpec, Candidates, Modelling, Policy, StopRule
from planner.campaign.words.phrases import near_name
from planner.errors import InputError
from planner.space import AnyConstraint, AnyDeclared, AnyParameter, expand_profiles

Where = tuple[str | int, ...]
Found = Iterator[tuple[Where, str]]

_MOST_LISTED = 12  # names in a message; more are no help


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The parts of a campaign file; None stands for a part that is mistaken by itself.

    Args:
        aimed_at: the outcomes that mistaken objectives name, by the place in the list; the other
            arguments are the parts of the file, by their names there.
    """

    parameters: Mapping[str, AnyDeclared | None]
    constraints: Sequence[AnyConstraint | None]
    candidates: Candidates | None
    outcomes: Mapping[str, AnyOutcome | None]
    objectives: Sequence[AnyObjective | None]
    sources: Mapping[str, AnySource | None]
    sensors: Mapping[str, Sensor | None]
    context: Mapping[str, SensedContext | None]
    preconditions: Sequence[str | None]
    budget: Budget | None
    policy: Policy | None
    model: Modelling | None
    stop: StopRule | None
    aimed_at: Mapping[int, str]


Parts = CampaignSpec | Draft


def scalars_of(parts: Parts) -> dict[str, AnyParameter | None]:
    """Returns the parameters with profiles expanded; None for one that is mistaken by itself."""
    missing = {name: None for name, each in parts.parameters.items() if each is None}
    known = {name: each for name, each in parts.parameters.items() if each is not None}
    try:
        return {**expand_profiles(known), **missing}
    except InputError:  # two of the same name, which is said by itself
        return dict.fromkeys(parts.parameters)


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Says that there is nothing of this name, and which name was probably meant.

    Args:
        what: kind of thing, such as ``parameter``.
        name: as it was written.
        known: the names that there are.
    """
    names = list(known)
    if near := near_name(name, names):
        return f"there is no {what} {name!r}: did you mean {near!r}?"
    if not names:
        return f"there is no {what} {name!r}: add it"
    others = ", ".join(names[:_MOST_LISTED]) + (", ..." if len(names) > _MOST_LISTED else "")
    choice = others if len(names) == 1 else f"one of {others}"
    return f"there is no {what} {name!r}: use {choice}, or add it"
