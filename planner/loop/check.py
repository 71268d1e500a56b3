"""Checking a result before it becomes data: schema, unit, plausibility."""

from __future__ import annotations

import math
from dataclasses import dataclass

from planner import units
from planner.campaign import AnyOutcome, CampaignSpec, NumberOutcome
from planner.errors import InputError
from planner.labs import Reported, Result
from planner.space import SearchSpace, Value
from planner.trials import Measured


@dataclass(frozen=True, slots=True)
class Checked:
    """A result in the campaign's own units, and what is wrong with it.

    Args:
        outcomes: those that passed.
        achieved: the whole configuration as it was really set; None where it was as requested.
        problems: in words; with any of them nothing of the result is used.
    """

    outcomes: dict[str, Measured]
    achieved: dict[str, Value] | None
    problems: tuple[str, ...]


def check_result(
    result: Result, spec: CampaignSpec, space: SearchSpace, requested: dict[str, Value]
) -> Checked:
    """Checks every value of a result.

    Args:
        result: as the source sent it.
        spec: names, units and bounds of outcomes.
        space: names and units of parameters.
        requested: the configuration that was asked for.
    """
    problems: list[str] = []
    outcomes: dict[str, Measured] = {}
    for name, reported in result.outcomes.items():
        if name not in spec.outcomes:
            problems.append(f"outcome {name!r} is not known, only {', '.join(spec.outcomes)}")
            continue
        try:
            outcomes[name] = measure(reported, spec.outcomes[name])
        except InputError as error:
            problems.append(str(error))
    if not result.outcomes:
        problems.append("it holds no outcome")
    achieved = _achieved(result, space, requested, problems)
    return Checked(outcomes, achieved, tuple(problems))


def measure(reported: Reported, outcome: AnyOutcome) -> Measured:
    """Returns a reported value in the outcome's unit.

    Raises:
        InputError: it is no finite number, of another dimension, or outside the bounds.
    """
    if not isinstance(outcome, NumberOutcome):
        raise InputError(f"outcome {outcome.name!r} is of kind {outcome.kind}, which is not read")
    value = _number(reported, f"outcome {outcome.name!r}")
    given = reported.unit if reported.unit is not None else outcome.unit
    value = units.convert(value, given=given, wanted=outcome.unit)
    low, high = outcome.bounds
    if (low is not None and value < low) or (high is not None and value > high):
        raise InputError(
            f"outcome {outcome.name!r} is {value:g} {_word(outcome.unit)}, outside its bounds "
            f"{_bound(low)} to {_bound(high)}"
        )
    sd = reported.sd if reported.sd is not None else None
    if sd is not None:
        if not (math.isfinite(sd) and sd >= 0):
            raise InputError(f"outcome {outcome.name!r} has the deviation {sd}, not 0 or more")
        sd = units.convert_difference(sd, given=given, wanted=outcome.unit)
    return Measured(value=value, sd=sd if sd is not None else outcome.noise)


def _achieved(
    result: Result, space: SearchSpace, requested: dict[str, Value], problems: list[str]
) -> dict[str, Value] | None:
    if not result.achieved:
        return None
    achieved = dict(requested)
    for name, reported in result.achieved.items():
        try:
            parameter = space.parameter(name)
            if isinstance(reported.value, str) and not _is_number(reported.value):
                achieved[name] = parameter.check(reported.value)
            else:
                given = reported.unit if reported.unit is not None else parameter.unit
                number = _number(reported, f"achieved {name!r}")
                achieved[name] = units.convert(number, given=given, wanted=parameter.unit)
        except InputError as error:
            problems.append(str(error))
    return achieved


def _number(reported: Reported, what: str) -> float:
    value = reported.value
    if isinstance(value, str) and _is_number(value):
        value = float(value)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{what} is {value!r}, not a finite number")
    return float(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def _word(unit: str) -> str:
    return "" if unit in ("", units.DIMENSIONLESS) else unit
