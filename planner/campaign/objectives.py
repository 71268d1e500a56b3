"""Objectives: the function of outcomes that we optimise, and when it is met."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictFloat,
    model_serializer,
    model_validator,
)


class _Objective(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    aim: str
    outcome: str = Field(description="Name of the outcome.")

    @model_serializer(mode="wrap")
    def _keep_aim(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Writes the aim even where defaults are left out: it tells objectives apart."""
        return {"aim": self.aim, **write(self)}


class Maximise(_Objective):
    """As high as possible.

    Args:
        gain: the smallest improvement that is worth another trial, in the outcome's unit.
        goal: a value that is good enough, if there is one.
    """

    aim: Literal["maximise"] = "maximise"
    gain: StrictFloat | None = Field(default=None, gt=0)
    goal: StrictFloat | None = None


class Minimise(_Objective):
    """As low as possible; arguments as of ``Maximise``."""

    aim: Literal["minimise"] = "minimise"
    gain: StrictFloat | None = Field(default=None, gt=0)
    goal: StrictFloat | None = None


class HitTarget(_Objective):
    """As near to a value as possible.

    Args:
        target: the wanted value, in the outcome's unit.
        tolerance: how far off is still a hit, in the outcome's unit.
    """

    aim: Literal["target"] = "target"
    target: StrictFloat
    tolerance: StrictFloat = Field(gt=0)


class HitRange(_Objective):
    """Anywhere between two values."""

    aim: Literal["range"] = "range"
    low: StrictFloat
    high: StrictFloat

    @model_validator(mode="after")
    def _in_order(self) -> HitRange:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g}): swap them")
        return self


class HitClass(_Objective):
    """As probable as possible that the class is one of the wanted ones.

    Args:
        wanted: the classes that are wanted.
        goal: a probability that is good enough, if there is one.
    """

    aim: Literal["class"] = "class"
    wanted: tuple[str, ...] = Field(min_length=1)
    goal: StrictFloat | None = Field(default=None, gt=0, lt=1)


Objective = Annotated[
    Maximise | Minimise | HitTarget | HitRange | HitClass, Field(discriminator="aim")
]
NumberObjective = Maximise | Minimise | HitTarget | HitRange
AnyObjective = NumberObjective | HitClass


def utility(objective: AnyObjective, value: float) -> float:
    """Returns how good an outcome is, higher is better, in the outcome's unit.

    The value itself or its negative; minus the distance from a target; minus the distance outside
    a range; of a class 1 where it is wanted, otherwise 0.
    """
    match objective:
        case Maximise() | HitClass():
            return value
        case Minimise():
            return -value
        case HitTarget():
            return -abs(value - objective.target)
        case HitRange():
            return -max(objective.low - value, value - objective.high, 0.0)
