"""Parameters that are names: in an order, in none, or described by numbers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, StrictFloat, field_validator, model_validator

from planner.space.base import Floats, ParameterBase, Value, refuse_extremes

# Two choices nearer than this in the unit cube would be one and the same to a model.
_NEAREST = 1e-9

Descriptors = dict[str, dict[str, StrictFloat]]
# What a file may write below ``choices``.
_Written = (
    Annotated[tuple[str, ...], Field(min_length=2)] | Annotated[Descriptors, Field(min_length=2)]
)


class Ordinal(ParameterBase):
    """One of a few names that have an order, such as coarse, medium and fine."""

    kind: Literal["ordinal"] = "ordinal"
    levels: tuple[str, ...] = Field(min_length=2, description="The names, from least to most.")

    @field_validator("levels")
    @classmethod
    def _levels_differ(cls, levels: tuple[str, ...]) -> tuple[str, ...]:
        return _distinct(levels, what="level")

    def check(self, value: Value) -> str:
        """Returns the level that the value names."""
        if not isinstance(value, str) or value not in self.levels:
            raise self._refuse(value, f"is not one of {', '.join(self.levels)}")
        return value

    def encode(self, values: Sequence[Value]) -> Floats:
        """Maps the first level to 0 and the last to 1, in equal steps."""
        places = [float(self.levels.index(str(value))) for value in values]
        return (np.asarray(places) / (len(self.levels) - 1))[:, None]

    def decode(self, x: Floats) -> str:
        """Returns the nearest level."""
        at = min(1.0, max(0.0, float(x[0])))
        return self.levels[round(at * (len(self.levels) - 1))]


class Categorical(ParameterBase):
    """One of a few names, in no order.

    Args:
        choices: the names; a file may give each its descriptors, ``{THF: {polarity: 4.0}, ...}``.
        descriptors: choice to descriptor to number, such as a solvent's polarity; with them
            choices are near each other where their descriptors are, and without them none are.
    """

    kind: Literal["categorical"] = "categorical"
    choices: tuple[str, ...] = Field(
        min_length=2, description="The names that may be chosen, each with descriptors or none."
    )
    descriptors: Annotated[
        Descriptors | None,
        Field(description="Numbers that describe each choice, such as a solvent's polarity."),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _choices_may_be_described(cls, content: Any) -> Any:
        """Takes the descriptors from where a file has them: below each choice."""
        if not isinstance(content, Mapping) or not isinstance(content.get("choices"), Mapping):
            return content
        if content.get("descriptors") is not None:
            raise ValueError("the descriptors are given twice: leave 'descriptors' out")
        return {**content, "descriptors": content["choices"]}

    @field_validator("choices", mode="before", json_schema_input_type=_Written)
    @classmethod
    def _names_of_described_choices(cls, choices: object) -> object:
        return tuple(choices) if isinstance(choices, Mapping) else choices

    @field_validator("choices")
    @classmethod
    def _choices_differ(cls, choices: tuple[str, ...]) -> tuple[str, ...]:
        return _distinct(choices, what="choice")

    @model_validator(mode="after")
    def _descriptors_describe(self) -> Categorical:
        if self.descriptors is None:
            return self
        _refuse_gaps(self.choices, self.descriptors)
        for name in self.descriptor_names:
            column = [self.descriptors[choice][name] for choice in self.choices]
            refuse_extremes(*column)
            if max(column) - min(column) <= _NEAREST * max(map(abs, column)):
                raise ValueError(
                    f"the descriptor {name!r} is {column[0]:g} for every choice, which tells none "
                    f"apart: leave it out"
                )
        _refuse_twins(self.choices, np.array(self._places))
        return self

    @property
    def descriptor_names(self) -> tuple[str, ...]:
        """Names of the descriptors, in the order of the first choice; none where there are none."""
        return tuple(self.descriptors[self.choices[0]]) if self.descriptors else ()

    @property
    def n_columns(self) -> int:
        """One column a descriptor, or without descriptors one a choice."""
        return len(self.descriptor_names) or len(self.choices)

    @cached_property
    def _places(self) -> tuple[tuple[float, ...], ...]:
        """Where each choice lies in the unit cube; no array, so that records stay comparable."""
        if not self.descriptors:
            return tuple(map(tuple, np.eye(len(self.choices)).tolist()))
        table = np.array(
            [
                [self.descriptors[choice][name] for name in self.descriptor_names]
                for choice in self.choices
            ]
        )
        low, high = table.min(axis=0), table.max(axis=0)
        return tuple(map(tuple, ((table - low) / (high - low)).tolist()))

    def check(self, value: Value) -> str:
        """Returns the choice that the value names."""
        if not isinstance(value, str) or value not in self.choices:
            raise self._refuse(value, f"is not one of {', '.join(self.choices)}")
        return value

    def encode(self, values: Sequence[Value]) -> Floats:
        """Writes the scaled descriptors, or a one in the column of the choice."""
        places = [self._places[self.choices.index(str(value))] for value in values]
        return np.array(places, dtype=np.float64).reshape(len(places), self.n_columns)

    def decode(self, x: Floats) -> str:
        """Returns the nearest choice; without descriptors the one with the largest column."""
        if not self.descriptors:  # the same choice, and no rounding between equal columns
            return self.choices[int(np.argmax(x))]
        return self.choices[int(np.argmin(((np.array(self._places) - x) ** 2).sum(axis=1)))]


def _distinct(names: tuple[str, ...], *, what: str) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError(f"a {what} is listed twice: leave one out")
    if not all(name.strip() for name in names):
        raise ValueError(f"a {what} is empty: name it")
    return names


def _refuse_gaps(choices: tuple[str, ...], descriptors: Descriptors) -> None:
    """Refuses descriptors that not every choice has."""
    if set(descriptors) != set(choices):
        odd = ", ".join(sorted(set(descriptors) ^ set(choices)))
        raise ValueError(f"choices and descriptors must have the same names, unlike {odd}")
    wanted = list(descriptors[choices[0]])
    if not wanted:
        raise ValueError(f"{choices[0]!r} has no descriptors: give them, or list the choices")
    for choice in choices[1:]:
        for name in wanted:
            if name not in descriptors[choice]:
                raise ValueError(
                    f"{choice!r} lacks the descriptor {name!r}, which {choices[0]!r} has: add it, "
                    f"or leave it out everywhere"
                )
        for name in descriptors[choice]:
            if name not in wanted:
                raise ValueError(
                    f"{choice!r} has the descriptor {name!r}, which {choices[0]!r} lacks: add it "
                    f"there, or leave it out everywhere"
                )


def _refuse_twins(choices: tuple[str, ...], places: Floats) -> None:
    """Refuses two choices that their descriptors do not tell apart."""
    order = np.lexsort(places.T)
    for one, other in itertools.combinations(order, 2):
        if np.abs(places[one] - places[other]).max() < _NEAREST:
            raise ValueError(
                f"{choices[one]!r} and {choices[other]!r} have the same descriptors, so that "
                f"nothing tells them apart: add a descriptor in which they differ"
            )
