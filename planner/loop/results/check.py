"""Checking a result before it becomes data: names, kinds, units, bounds; computing from curves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from planner import units
from planner.campaign import CampaignSpec, NumberOutcome
from planner.campaign.reductions import ReductionFailure, reduce_curve
from planner.errors import InputError
from planner.labs import Reported, Result
from planner.loop.results.intake import Intake, axes_of, reduced
from planner.loop.results.measuring import check_bounds, measure, points_of, read_finite
from planner.space import (
    AnyParameter,
    Categorical,
    Configuration,
    Contextual,
    Continuous,
    Fixed,
    Integer,
    Mixture,
    Ordinal,
    SearchSpace,
    Value,
)
from planner.tables import number_text
from planner.trials import Measured

_OFF_TOTAL = 1e-3  # of the total: amounts that were weighed and rounded miss it by less


@dataclass(frozen=True, slots=True)
class Checked:
    """A result in the campaign's own units, and what is wrong with it.

    Args:
        outcomes: those that passed, and what was computed from them.
        achieved: the whole configuration as it was really set; None where it was as requested.
        problems: in words; with any of them nothing of the result is used.
        missing: outcomes that the source measures itself and did not report.
    """

    outcomes: dict[str, Measured]
    achieved: dict[str, Value] | None
    problems: tuple[str, ...]
    missing: tuple[str, ...] = ()


def check_result(
    result: Result,
    *,
    spec: CampaignSpec,
    space: SearchSpace,
    intake: Intake,
    requested: Configuration,
) -> Checked:
    """Checks every value of a result, and computes the numbers that are made of its curves.

    Args:
        result: as the source sent it.
        spec: names, kinds, units and bounds of outcomes.
        space: names and units of parameters.
        intake: where files are kept, and what reductions need.
        requested: the configuration that was asked for, or what is known of the achieved one.
    """
    problems: list[str] = []
    outcomes = _measured(result.outcomes, spec, intake, problems)
    computed = compute(outcomes, spec, intake, problems)
    missing = tuple(name for name in spec.measured_at_once if name not in result.outcomes)
    if not result.outcomes and spec.measured_at_once:
        problems.append("it holds no outcome")
    achieved = _achieved(result.achieved, space, requested, problems)
    return Checked({**outcomes, **computed}, achieved, tuple(problems), missing)


def compute(
    outcomes: Mapping[str, Measured], spec: CampaignSpec, intake: Intake, problems: list[str]
) -> dict[str, Measured]:
    """Returns the numbers that are computed from these curves and distributions.

    Args:
        outcomes: as measured.
        spec: which number is computed from which curve, and how.
        intake: where curves are kept, and what reductions need.
        problems: gets a sentence for each that cannot be computed or is impossible.
    """
    found: dict[str, Measured] = {}
    for name, outcome in reduced(spec).items():
        if outcome.reduce not in outcomes:
            continue
        try:
            found[name] = _compute(outcomes[str(outcome.reduce)], outcome, spec, intake)
        except InputError as error:
            problems.append(str(error))
    return found


def _compute(
    measured: Measured, outcome: NumberOutcome, spec: CampaignSpec, intake: Intake
) -> Measured:
    assert outcome.reduce is not None  # the caller looked
    assert outcome.by is not None
    curve = points_of(measured.value, intake.artifacts)
    number = reduce_curve(
        outcome.by,
        curve.x,
        curve.y,
        axes=axes_of(spec, outcome.reduce),
        unit=outcome.unit,
        target=intake.targets.get(outcome.name),
        own=intake.own,
    )
    if isinstance(number, ReductionFailure):
        reason = number.reason.rstrip(".")
        raise InputError(
            f"outcome {outcome.name!r} cannot be computed from {outcome.reduce!r}: {reason}"
        )
    check_bounds(number, outcome)
    return Measured(value=number, sd=outcome.noise)


def _measured(
    reported: Mapping[str, Reported], spec: CampaignSpec, intake: Intake, problems: list[str]
) -> dict[str, Measured]:
    outcomes: dict[str, Measured] = {}
    for name, each in reported.items():
        outcome = spec.outcomes.get(name)
        if outcome is None:
            problems.append(f"outcome {name!r} is not known, only {', '.join(spec.outcomes)}")
            continue
        if isinstance(outcome, NumberOutcome) and outcome.reduce is not None:
            problems.append(
                f"outcome {name!r} is computed from {outcome.reduce!r}: leave it out, and give that"
            )
            continue
        try:
            outcomes[name] = measure(each, outcome, intake.artifacts)
        except InputError as error:
            problems.append(_naming(error, "outcome", name))
    return outcomes


def _achieved(
    reported: Mapping[str, Reported],
    space: SearchSpace,
    requested: Configuration,
    problems: list[str],
) -> dict[str, Value] | None:
    if not reported:
        return None
    achieved = dict(requested)
    for name, each in reported.items():
        try:
            achieved[name] = read_achieved(name, each, space)
        except InputError as error:
            problems.append(_naming(error, "achieved", name))
    return achieved


def _naming(error: InputError, what: str, name: str) -> str:
    """Returns an error's words with the name of what it is about: units know no names."""
    text = str(error)
    return text if repr(name) in text else f"{what} {name!r}: {text[:1].lower()}{text[1:]}"


def read_achieved(
    name: str, reported: Reported, space: SearchSpace, *, what: str = "achieved"
) -> Value:
    """Returns what a parameter was really set to, in its unit; bounds and steps do not matter.

    Args:
        name: of the parameter.
        reported: as it was said.
        space: names and units of parameters.
        what: it is a value of, for messages.

    Raises:
        UnknownName: there is no such parameter.
        InputError: it is of another dimension, not finite, or no known choice.
    """
    parameter = space.parameter(name)
    value = reported.value
    if _is_named(parameter) and isinstance(value, str | int | float):
        return parameter.read(value if isinstance(value, str) else number_text(value))
    if isinstance(value, str) and not _is_number(value):
        return parameter.read(value)
    given = reported.unit if reported.unit is not None else parameter.unit
    number = read_finite(value, f"{what} {name!r}")
    return parameter.read(units.convert(number, given=given, wanted=parameter.unit))


def find_doubts(settings: Configuration, names: Collection[str], space: SearchSpace) -> list[str]:
    """Returns what is odd about settings that were achieved, in sentences: taken, but said.

    Args:
        settings: the whole configuration as it was.
        names: of the parameters that are looked at.
        space: their bounds, and mixtures.
    """
    mixtures = [each for each in space.constraints if isinstance(each, Mixture)]
    amounts = {name for mixture in mixtures for name in mixture.mixture}
    doubts = []
    for name in names:
        parameter, value = space.parameter(name), settings[name]
        is_amount = name in amounts or getattr(parameter, "optional", False)
        if is_amount and isinstance(value, int | float) and value < 0:
            what = f"an amount of {value:g}{parameter.unit_words}, below 0, which cannot be"
            doubts.append(f"{name} is {what}: taken as it was told; check it.")
        elif isinstance(parameter, Continuous | Integer | Contextual) and _is_beyond(
            parameter, float(value)
        ):
            doubts.append(
                f"{name} is {value:g}{parameter.unit_words}, outside its bounds: taken as it was "
                f"told."
            )
    return doubts + [
        f"{', '.join(mixture.mixture)} sum to {total:.6g}, not {mixture.total:g}: taken as they "
        f"were told."
        for mixture in mixtures
        if not mixture.names.isdisjoint(names)
        and abs((total := _sum(mixture, settings)) - mixture.total) > _OFF_TOTAL * mixture.total
    ]


def _sum(mixture: Mixture, settings: Configuration) -> float:
    return sum(float(settings[name]) for name in mixture.mixture)


def _is_beyond(parameter: Continuous | Integer | Contextual, value: float) -> bool:
    is_absent = value == 0 and getattr(parameter, "optional", False)
    return not (is_absent or parameter.low <= value <= parameter.high)


def _is_named(parameter: AnyParameter) -> bool:
    is_text = isinstance(parameter, Fixed) and isinstance(parameter.value, str)
    return is_text or isinstance(parameter, Categorical | Ordinal)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
