"""Parameters: one thing that we set, with name, unit and domain.

Each kind knows how to check a value, how to write it as columns of the unit cube, and how to come
back to the nearest value that the lab can set.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, field_validator

from planner.space.base import Floats, ParameterBase, Value
from planner.space.numeric import Continuous, Discrete, Integer


class Categorical(ParameterBase):
    """One of a few names, in no order."""

    kind: Literal["categorical"] = "categorical"
    choices: tuple[str, ...] = Field(min_length=2, description="The names that may be chosen.")

    @field_validator("choices")
    @classmethod
    def _choices_differ(cls, choices: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(choices)) != len(choices):
            raise ValueError("a choice is listed twice: leave one out")
        if not all(choice.strip() for choice in choices):
            raise ValueError("a choice is empty: name it")
        return choices

    @property
    def n_columns(self) -> int:
        """One column a choice."""
        return len(self.choices)

    def check(self, value: Value) -> str:
        """Returns the choice that the value names."""
        if not isinstance(value, str) or value not in self.choices:
            raise self._refuse(value, f"is not one of {', '.join(self.choices)}")
        return value

    def encode(self, values: Sequence[Value]) -> Floats:
        """Writes a one in the column of the choice."""
        places = [self.choices.index(str(value)) for value in values]
        return np.eye(len(self.choices))[places].reshape(len(places), len(self.choices))

    def decode(self, x: Floats) -> str:
        """Returns the choice with the largest column."""
        return self.choices[int(np.argmax(x))]


AnyParameter = Continuous | Integer | Discrete | Categorical
Parameter = Annotated[Continuous | Integer | Discrete | Categorical, Field(discriminator="kind")]


def count_levels(parameter: AnyParameter) -> int | None:
    """Returns how many values there are; None where no resolution was stated."""
    if not isinstance(parameter, Continuous):
        return len(list_levels(parameter))
    if parameter.resolution is None:
        return None
    step, low = parameter.step_at(parameter.low)
    return int((Decimal(repr(parameter.high)) - low) / step) + 1


def list_levels(parameter: AnyParameter) -> Sequence[Value]:
    """Returns all values, in order; for parameters that have a number of them."""
    match parameter:
        case Integer():
            return range(int(parameter.low), int(parameter.high) + 1)
        case Discrete():
            return parameter.values
        case Categorical():
            return parameter.choices
        case Continuous():
            step, low = parameter.step_at(parameter.low)
            return [float(low + step * count) for count in range(count_levels(parameter) or 0)]
