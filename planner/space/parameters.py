"""Parameters: one thing that we set, with name, unit and domain.

Each kind knows how to check a value, how to write it as columns of the unit cube, and how to come
back to the nearest value that the lab can set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from planner.space.base import Value, as_decimal
from planner.space.categories import Categorical, Ordinal
from planner.space.given import Contextual, Fixed
from planner.space.numeric import Continuous, Discrete, Integer

__all__ = [
    "AnyParameter",
    "Categorical",
    "Contextual",
    "Continuous",
    "Discrete",
    "Fixed",
    "Integer",
    "Ordinal",
    "Parameter",
    "count_levels",
    "list_levels",
]

AnyParameter = Continuous | Integer | Discrete | Ordinal | Categorical | Fixed | Contextual
Parameter = Annotated[
    Continuous | Integer | Discrete | Ordinal | Categorical | Fixed | Contextual,
    Field(discriminator="kind"),
]


def count_levels(parameter: AnyParameter) -> int | None:
    """Returns how many values may be chosen; None where no resolution was stated.

    What is fixed or measured leaves one, no choice.
    """
    match parameter:
        case Contextual():
            return 1
        case Continuous():
            if parameter.resolution is None:
                return None
            step, low = parameter.step_at(parameter.low)
            return int((as_decimal(parameter.high) - low) / step) + 1 + parameter.optional
        case _:
            return len(list_levels(parameter))


def list_levels(parameter: AnyParameter) -> Sequence[Value]:
    """Returns all values, in order; for parameters that have a number of them to choose from."""
    match parameter:
        case Integer():
            return range(int(parameter.low), int(parameter.high) + 1)
        case Discrete():
            return parameter.values
        case Ordinal():
            return parameter.levels
        case Categorical():
            return parameter.choices
        case Fixed():
            return (parameter.value,)
        case Continuous():
            step, low = parameter.step_at(parameter.low)
            absent = [0.0] if parameter.optional else []
            n_steps = (count_levels(parameter) or 0) - len(absent)
            return absent + [float(low + step * count) for count in range(n_steps)]
        case Contextual():
            raise TypeError(f"Parameter {parameter.name!r} is measured: it has no levels to list.")
