"""Whether a simulator and a campaign fit: names, kinds and units, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner import units
from planner.campaign import (
    AnyOutcome,
    CampaignSpec,
    ClassOutcome,
    CurveOutcome,
    DistributionOutcome,
    NumberOutcome,
    SimulatedProcess,
)
from planner.errors import InputError, UnknownName
from planner.simulators.contract import (
    AnyInputSpec,
    AnyOutcomeSpec,
    ClassSpec,
    CourseSpec,
    CurveSpec,
    InputSpec,
    OutcomeSpec,
    Simulator,
)
from planner.space import AnyParameter, Categorical, Contextual, Fixed, Ordinal


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """In which units a simulator yields an outcome; None where it has none."""

    unit: str | None
    x_unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What the parts of a campaign are to a simulator, by name.

    Args:
        numbers: inputs that are numbers.
        courses: inputs that are courses in time, for profiles.
        contextual: parameters that are measured, not set.
        outcomes: those that the simulator yields.
    """

    numbers: Mapping[str, InputSpec]
    courses: Mapping[str, CourseSpec]
    contextual: Mapping[str, Contextual]
    outcomes: Mapping[str, Yield]


def match_simulator(simulator: Simulator, source: SimulatedProcess, spec: CampaignSpec) -> Matched:
    """Returns how a simulator is told the campaign's parameters and what it yields.

    Raises:
        UnknownName: it lacks a parameter or an outcome of the campaign.
        UnitError: a unit cannot be converted to the simulator's.
        InputError: a parameter or an outcome is of another kind than the simulator's.
    """
    inputs = {each.name: each for each in simulator.inputs}
    for name in source.inputs:
        if name not in inputs:
            raise UnknownName(
                f"Source {source.name!r} gives {name!r}, which is no input of simulator "
                f"{simulator.name!r}. Its inputs are {', '.join(inputs)}."
            )
    of_profiles = {each.name for profile in spec.profiles.values() for each in profile.parameters()}
    plain = {name: each for name, each in spec.scalars.items() if name not in of_profiles}
    yielded = {each.name: each for each in simulator.outcomes}
    return Matched(
        numbers={name: _number(name, each, inputs, simulator) for name, each in plain.items()},
        courses={name: _course(name, spec, inputs, simulator) for name in spec.profiles},
        contextual={name: each for name, each in plain.items() if isinstance(each, Contextual)},
        outcomes={
            name: _yield(spec.outcomes[name], yielded, simulator) for name in spec.measured_at_once
        },
    )


def _input(name: str, inputs: Mapping[str, AnyInputSpec], simulator: Simulator) -> AnyInputSpec:
    if name not in inputs:
        raise UnknownName(
            f"Simulator {simulator.name!r} has no input {name!r}. "
            f"Its inputs are {', '.join(inputs)}; name the parameter like one of them."
        )
    return inputs[name]


def _number(
    name: str, parameter: AnyParameter, inputs: Mapping[str, AnyInputSpec], simulator: Simulator
) -> InputSpec:
    found = _input(name, inputs, simulator)
    is_text = isinstance(parameter, Fixed) and isinstance(parameter.value, str)
    if is_text or isinstance(parameter, Categorical | Ordinal):
        raise InputError(
            f"Parameter {name!r} is a name, and input {name!r} of simulator {simulator.name!r} is "
            f"a number. Make it one."
        )
    if isinstance(found, CourseSpec):
        raise InputError(
            f"Input {name!r} of simulator {simulator.name!r} follows a course in time. Make the "
            f"parameter a profile: give it knots."
        )
    units.convert(1.0, given=parameter.unit, wanted=found.unit)
    return found


def _course(
    name: str, spec: CampaignSpec, inputs: Mapping[str, AnyInputSpec], simulator: Simulator
) -> CourseSpec:
    found, profile = _input(name, inputs, simulator), spec.profiles[name]
    if not isinstance(found, CourseSpec):
        raise InputError(
            f"Input {name!r} of simulator {simulator.name!r} is one number and follows no profile. "
            f"Give the parameter low and high instead of knots."
        )
    units.convert(1.0, given=profile.unit, wanted=found.unit)
    units.convert(1.0, given=profile.time_unit, wanted=found.time_unit)
    return found


def _yield(
    outcome: AnyOutcome, yielded: Mapping[str, AnyOutcomeSpec], simulator: Simulator
) -> Yield:
    found = yielded.get(outcome.name)
    if found is None:
        raise UnknownName(
            f"Simulator {simulator.name!r} yields no {outcome.name!r}. "
            f"It yields {', '.join(yielded)}; name the outcome like one of them."
        )
    match outcome, found:
        case NumberOutcome(), OutcomeSpec():
            units.convert(1.0, given=found.unit, wanted=outcome.unit)
            return Yield(unit=found.unit)
        case ClassOutcome(), ClassSpec():
            _check_classes(outcome, found, simulator)
            return Yield(unit=None)
        case CurveOutcome(), CurveSpec():
            units.convert(1.0, given=found.unit, wanted=outcome.unit)
            units.convert(1.0, given=found.x_unit, wanted=outcome.x_unit)
            return Yield(unit=found.unit, x_unit=found.x_unit)
        case DistributionOutcome(), CurveSpec():
            units.convert(1.0, given=found.x_unit, wanted=outcome.x_unit)
            return Yield(unit=None, x_unit=found.x_unit)
    kinds = {OutcomeSpec: "number", ClassSpec: "class", CurveSpec: "curve"}
    raise InputError(
        f"Simulator {simulator.name!r} yields {outcome.name!r} as a {kinds[type(found)]}, and the "
        f"campaign calls it one of kind {outcome.kind}. Change the kind."
    )


def _check_classes(outcome: ClassOutcome, found: ClassSpec, simulator: Simulator) -> None:
    missing = [name for name in found.classes if name not in outcome.classes]
    if missing:
        raise InputError(
            f"Simulator {simulator.name!r} may yield {outcome.name!r} as {', '.join(missing)}, "
            f"which is not among its classes. Add it."
        )
