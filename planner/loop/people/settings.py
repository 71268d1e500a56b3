"""Settings as a person gives them: in units of their own, with what needs no saying filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.campaign.words.phrases import near_name
from planner.errors import InputError, UnknownName
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
    read, mistakes = _read_each(values, space)
    _refuse_all(mistakes)
    return read


def read_trial(
    values: Mapping[str, Reported], state: CampaignState, space: SearchSpace
) -> tuple[dict[str, Value], tuple[str, ...]]:
    """Returns the whole configuration of a trial of a person's own, checked.

    Returns:
        The settings, and a sentence for each value that had to be taken from elsewhere.

    Raises:
        InputError: with all that is wrong: names that are none, values that are none or outside
            their domain, and those that are missing; a constraint once the values are right.
    """
    read, mistakes = _read_each(values, space)
    for name, value in read.items():
        parameter = space.parameter(name)
        try:
            if not isinstance(parameter, Contextual):
                parameter.check(value)
        except InputError as mistake:
            mistakes.append(mistake)
    meant = {name if name in space.names else near_name(name, space.names) for name in values}
    missing = [name for name in _asked_for(space) if name not in meant]
    if missing:
        mistakes.append(_give(missing))
    _refuse_all(mistakes)
    filled, notes = fill_settings(read, state, space)
    return space.check(filled), notes


def _read_each(
    values: Mapping[str, Reported], space: SearchSpace
) -> tuple[dict[str, Value], list[InputError]]:
    """Returns what can be read, and what is wrong with the rest."""
    read, mistakes = {}, []
    for name, each in values.items():
        try:
            read[name] = _read(name, each, space)
        except InputError as mistake:
            mistakes.append(mistake)
    return read, mistakes


def _read(name: str, reported: Reported, space: SearchSpace) -> Value:
    near = near_name(name, space.names) if name not in space.names else ""
    if near:
        raise UnknownName(f"There is no parameter {name!r}: did you mean {near!r}?")
    if reported.sd is not None:
        raise InputError(f"{name!r} is set, so it has no deviation (+-). Leave it out.")
    return read_achieved(name, reported, space, what="parameter")


def _refuse_all(mistakes: Sequence[InputError]) -> None:
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        raise InputError(" ".join(map(str, mistakes)))


def _asked_for(space: SearchSpace) -> list[str]:
    """Returns the parameters that a person has to give a value of."""
    return [each.name for each in space.parameters if not isinstance(each, Fixed | Contextual)]


def _give(missing: Sequence[str]) -> InputError:
    return InputError(f"Give a value for {', '.join(missing)} too.")


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
        raise _give(missing)
    return filled, tuple(notes)
