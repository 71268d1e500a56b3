"""What a simulator is: its description in records, and one verb, ``run``.

A description says what goes in (`InputSpec`, `CourseSpec`), what comes out (`OutcomeSpec`,
`ClassSpec`, `CurveSpec`), which constants are uncertain (`CalibrationParameter`, with a prior and
how well its number is known), what a run costs (`ExpectedCost`) and what the model rests on
(`Card`). Values are in the stated units: a float, the name of a class, a curve, or the course of an
input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import NormalDist
from typing import Protocol, runtime_checkable

from planner.errors import InputError, ValueOutOfRange


class Status(StrEnum):
    """How a run ended. A simulator answers one of the first three; the worker pool adds two."""

    OK = "ok"
    NO_PRODUCT = "no product"  # the process itself fails there, as it would in the lab
    FAILED = "failed"  # the computation failed, which says nothing about the process
    TIMED_OUT = "timed out"
    REJECTED = "rejected"  # the inputs could not be used; in process that is an InputError


class Evidence(StrEnum):
    """How well the number at the centre of a prior is known."""

    READ = "read in its source"
    CODE = "read in public code"  # facts, not verified against the paper that the code follows
    MEMORY = "from memory, unverified"
    CHOSEN = "chosen, from no source"  # within what such processes show


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """One thing that a run needs to be told.

    Args:
        name: the input's name.
        unit: its unit.
        low: smallest value that `run` accepts, in that unit.
        high: largest value that `run` accepts.
        meaning: what it is, in one sentence.
        default: the value taken when it is not given; None makes it required.

    Raises:
        InputError: bounds that are not finite or not ascending, or a default outside them.
    """

    name: str
    unit: str
    low: float
    high: float
    meaning: str
    default: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InputError(
                f"Input {self.name!r} has the bounds {self.low} to {self.high} {self.unit}; "
                "give two finite numbers, the lower one first."
            )
        if self.default is not None and not self.low <= self.default <= self.high:
            raise InputError(
                f"Input {self.name!r} has the default {self.default} {self.unit}, which is outside "
                f"its bounds {self.low} to {self.high}. Move the default or the bounds."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What an input does in time: straight lines through these points, or steps at them.

    Args:
        times: from 0 on, rising; the last one is the end.
        values: at these times.
        is_stepped: whether each value holds until the next time.
    """

    times: tuple[float, ...]
    values: tuple[float, ...]
    is_stepped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseSpec:
    """An input that follows a course in time, such as a furnace's temperature.

    Args:
        name: the input's name.
        unit: of its values.
        low: smallest value that `run` accepts, in that unit.
        high: largest value that `run` accepts.
        time_unit: of its times.
        longest: the latest end that `run` accepts, in that unit.
        meaning: what it is, in one sentence.
    """

    name: str
    unit: str
    low: float
    high: float
    time_unit: str
    longest: float
    meaning: str


AnyInputSpec = InputSpec | CourseSpec
Given = float | Course


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSpec:
    """One number that a run yields, with its unit and meaning."""

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSpec:
    """One of a few names that a run yields, such as the phase that was found."""

    name: str
    classes: tuple[str, ...]
    meaning: str

    @property
    def unit(self) -> str:
        """Names have none."""
        return "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Values over an axis: ``y`` at the places ``x``."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveSpec:
    """A curve that a run yields: the unit of its values, and its axis with unit."""

    name: str
    unit: str
    x_name: str
    x_unit: str
    meaning: str


AnyOutcomeSpec = OutcomeSpec | ClassSpec | CurveSpec
Yielded = float | str | Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """A normal prior: ``mean`` and ``sd`` in the parameter's own unit."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        _require_positive("sd", self.sd)

    @property
    def nominal(self) -> float:
        """The value used when none is given: the mean."""
        return self.mean

    def quantile(self, probability: float) -> float:
        """The value that the parameter stays below with this probability, inside (0, 1)."""
        return NormalDist(self.mean, self.sd).inv_cdf(probability)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormal:
    """A log-normal prior for a positive constant: ``median`` in its unit, ``log_sd`` of its ln.

    A ``log_sd`` of 0.7 says: within a factor of two, two times in three.
    """

    median: float
    log_sd: float

    def __post_init__(self) -> None:
        _require_positive("median", self.median)
        _require_positive("log_sd", self.log_sd)

    @property
    def nominal(self) -> float:
        """The value used when none is given: the median."""
        return self.median

    def quantile(self, probability: float) -> float:
        """The value that the parameter stays below with this probability, inside (0, 1)."""
        return math.exp(NormalDist(math.log(self.median), self.log_sd).inv_cdf(probability))


def _require_positive(what: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueOutOfRange(f"A prior's {what} is {value}; it must be a finite number above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationParameter:
    """A constant of the model that data may correct.

    Args:
        name: the name under which `run` takes it in ``theta``.
        unit: its unit.
        prior: what is believed before any data.
        meaning: what it is, in one sentence.
        source: where the number at the prior's centre comes from.
        evidence: how well that number is known. The width is always the authors' own judgement.
    """

    name: str
    unit: str
    prior: Normal | LogNormal
    meaning: str
    source: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCost:
    """What one run is expected to cost: seconds on one thread, and money."""

    duration_s: float
    money_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRange:
    """A range of one input over which the model was compared with something else."""

    name: str
    unit: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a simulator rests on, for the person who decides whether to believe it.

    Args:
        title: an honest name.
        equations: the model, one formula an entry.
        sources: where the equations and numbers come from, and how far each was verified.
        assumptions: what was assumed, in plain words.
        validity: the box in which the model was compared; outside it `run` extrapolates.
        compared_with: what was compared with what, and the largest difference found.
    """

    title: str
    equations: tuple[str, ...]
    sources: tuple[str, ...]
    assumptions: tuple[str, ...]
    validity: tuple[ComparedRange, ...]
    compared_with: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """What the computation says about itself.

    Args:
        converged: whether the numerical method met its tolerances.
        n_steps: steps or iterations that it took.
        balance_residual: relative error of what must be conserved (carbon, mass, energy);
            None where nothing is checked.
        message: what happened, and what to try where the run failed.
    """

    converged: bool
    n_steps: int = 0
    balance_residual: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorResult:
    """What a run yields: values by outcome name (empty unless the status is OK)."""

    status: Status
    diagnostics: Diagnostics
    values: Mapping[str, Yielded] = field(default_factory=dict)


def result_with(
    values: Mapping[str, Yielded], *, n_steps: int = 0, balance_residual: float | None = None
) -> SimulatorResult:
    """The result of a run that went well."""
    return SimulatorResult(
        status=Status.OK,
        diagnostics=Diagnostics(converged=True, n_steps=n_steps, balance_residual=balance_residual),
        values=values,
    )


def no_result(
    status: Status, message: str, *, n_steps: int = 0, balance_residual: float | None = None
) -> SimulatorResult:
    """The result of a run that has no values, with the reason."""
    return SimulatorResult(
        status=status,
        diagnostics=Diagnostics(
            converged=False, n_steps=n_steps, balance_residual=balance_residual, message=message
        ),
    )


@runtime_checkable
class Simulator(Protocol):
    """Code that imitates the process: eta(x, theta).

    ``fidelity`` is 1 for the lab itself and smaller the less faithful the model is.
    """

    @property
    def name(self) -> str:
        """The name it is found by."""

    @property
    def version(self) -> str:
        """Changes whenever the same inputs may give other values."""

    @property
    def inputs(self) -> tuple[AnyInputSpec, ...]:
        """What a run needs to be told."""

    @property
    def outcomes(self) -> tuple[AnyOutcomeSpec, ...]:
        """What a run yields."""

    @property
    def calibration_parameters(self) -> tuple[CalibrationParameter, ...]:
        """The uncertain constants, with their priors."""

    @property
    def fidelity(self) -> float:
        """How faithful it is, above 0 and below 1."""

    @property
    def cost(self) -> ExpectedCost:
        """What one run is expected to cost."""

    @property
    def card(self) -> Card:
        """Equations, sources, assumptions and validity."""

    def run(
        self, inputs: Mapping[str, Given], theta: Mapping[str, float] | None = None, *, seed: int
    ) -> SimulatorResult:
        """Run once.

        Args:
            inputs: value or course by input name, in the stated units; inputs with a default may
                be left out.
            theta: value by calibration parameter name; what is left out takes its prior's nominal.
            seed: of all randomness in the run; the same arguments give the same result.

        Returns:
            The values, or a status of NO_PRODUCT or FAILED with the reason: a failure is a value.

        Raises:
            UnknownName: a name in ``inputs`` or ``theta`` that the simulator does not have.
            ValueOutOfRange: a value that is missing, not finite or outside its bounds.
        """
