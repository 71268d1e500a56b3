"""Settings as a person gives them: in units of their own, with what needs no saying filled in."""

from __future__ import annotations

from collections.abc import Mapping

from planner.errors import InputError
from planner.labs import Reported
from planner.ledger.replay import CampaignState
from planner.loop.deciding.context import last_context
from planner.loop.results.check import read_achieved
from planner.space import Contextual, Fixed, SearchSpace, Value


def read_settings(values: Mapping[str, Reported], space: SearchSpace) -> dict[str, Value]:
    """Returns values in the parameters' units; whether they are admissible is not asked.

    Raises:
        UnknownName: a name belongs to no parameter.
        InputError: a value is of another dimension, or no value of its parameter.
    """
    for name, reported in values.items():
        if reported.sd is not None:
            raise InputError(f"{name!r} is set, so it has no deviation (+-). Leave it out.")
    return {
        name: read_achieved(name, each, space, what="parameter") for name, each in values.items()
    }


def fill_settings(
    given: Mapping[str, Value], state: CampaignState, space: SearchSpace
) -> tuple[dict[str, Value], tuple[str, ...]]:
    """Adds what is fixed, and what was last measured of what nobody sets.

    Returns:
        The settings, and a sentence for each value that had to be taken from elsewhere.

    Raises:
        InputError: a parameter that is set has no value.
    """
    filled: dict[str, Value] = {}
    notes, missing = [], []
    context = last_context(state, space)
    for parameter in space.parameters:
        name = parameter.name
        if name in given:
            filled[name] = given[name]
        elif isinstance(parameter, Fixed):
            filled[name] = parameter.value
        elif isinstance(parameter, Contextual):
            filled[name] = context.get(name, (parameter.low + parameter.high) / 2)
            taken = "as last measured" if name in context else "the middle of its range"
            notes.append(f"{name} was not given: {filled[name]:g}{parameter.unit_words}, {taken}.")
        else:
            missing.append(name)
    if missing:
        raise InputError(f"Give a value for {', '.join(missing)} too.")
    return filled, tuple(notes)
