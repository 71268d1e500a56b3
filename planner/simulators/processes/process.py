"""What the built-in processes share: a record that admits, then asks one function, the physics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

from planner.simulators.admission import admit_course, admit_inputs, admit_theta
from planner.simulators.contract import (
    AnyInputSpec,
    AnyOutcomeSpec,
    CalibrationParameter,
    Card,
    Course,
    CourseSpec,
    Evidence,
    ExpectedCost,
    Given,
    LogNormal,
    Normal,
    SimulatorResult,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What a run is told: complete, known by name, finite and within bounds.

    Args:
        inputs: number by name of an `InputSpec`.
        courses: course by name of a `CourseSpec`.
        theta: number by name of a calibration parameter.
        seed: of all randomness in the run.
    """

    inputs: Mapping[str, float]
    courses: Mapping[str, Course]
    theta: Mapping[str, float]
    seed: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process behind the `Simulator` contract.

    Args:
        name: the name it is found by.
        version: changes whenever the same inputs may give other values.
        inputs: what a run needs to be told.
        outcomes: what a run yields.
        calibration_parameters: the uncertain constants.
        fidelity: how faithful it is, above 0 and below 1.
        cost: what one run is expected to cost.
        card: what it rests on.
        evaluate: the physics; may raise ValueOutOfRange where inputs do not go together.
    """

    name: str
    version: str
    inputs: tuple[AnyInputSpec, ...]
    outcomes: tuple[AnyOutcomeSpec, ...]
    calibration_parameters: tuple[CalibrationParameter, ...]
    fidelity: float
    cost: ExpectedCost
    card: Card
    evaluate: Callable[[Admitted], SimulatorResult]

    def run(
        self, inputs: Mapping[str, Given], theta: Mapping[str, float] | None = None, *, seed: int
    ) -> SimulatorResult:
        """Run once, as `Simulator` describes it.

        Raises:
            UnknownName: a name that the process does not have.
            ValueOutOfRange: a value that is missing, not finite or outside its bounds, or values
                that do not go together.
        """
        numbers = admit_inputs(inputs, self.inputs, simulator=self.name)
        courses = {
            spec.name: admit_course(inputs, spec, simulator=self.name)
            for spec in self.inputs
            if isinstance(spec, CourseSpec)
        }
        constants = admit_theta(theta, self.calibration_parameters, simulator=self.name)
        return self.evaluate(Admitted(inputs=numbers, courses=courses, theta=constants, seed=seed))


def uncertain(
    name: str,
    unit: str,
    prior: Normal | LogNormal,
    meaning: str,
    *,
    source: str,
    evidence: Evidence,
) -> CalibrationParameter:
    """Returns a calibration parameter in one line of a table; a process fixes the last two."""
    return CalibrationParameter(
        name=name, unit=unit, prior=prior, meaning=meaning, source=source, evidence=evidence
    )
