"""Constraints on what comes together: how many parameters are not zero, and what never meets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    ValidationError,
    field_validator,
    model_validator,
)

from planner.errors import UnknownName
from planner.space.base import Value, as_decimal
from planner.space.constraint_base import (
    ConstraintBase,
    Limited,
    keeps_within,
    limits_in_words,
    listed,
    number_of,
    refuse_limits_out_of_order,
    refuse_twice,
    shown,
)


class Presence(BaseModel):
    """How many may be present: both limits included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_least: StrictInt | None = Field(default=None, ge=0, description="The fewest.")
    at_most: StrictInt | None = Field(default=None, ge=0, description="The most.")

    @model_validator(mode="after")
    def _limits_in_order(self) -> Presence:
        refuse_limits_out_of_order(self.at_least, self.at_most)
        return self

    def holds(self, n_present: int) -> bool:
        """Tells whether so many may be present."""
        low, high = self.at_least, self.at_most
        return (low is None or n_present >= low) and (high is None or n_present <= high)

    def refuse_more_than(self, n_names: int) -> None:
        """Accepts limits that so many parameters can meet.

        Raises:
            ValueError: more are asked for than there are.
        """
        if self.at_least is not None and self.at_least > n_names:
            raise ValueError(
                f"at_least {self.at_least} cannot be met by {n_names} parameters: lower it, or "
                f"name more"
            )

    def limits(self) -> tuple[Decimal | None, Decimal | None]:
        """Returns the fewest and the most as decimals."""
        return (
            None if self.at_least is None else Decimal(self.at_least),
            None if self.at_most is None else Decimal(self.at_most),
        )

    def in_words(self) -> str:
        """Returns the limits in words."""
        return limits_in_words(*self.limits())


def count_present(
    names: Sequence[str], configuration: Mapping[str, Value], *, tolerance: float = 0.0
) -> int:
    """Counts the parameters that are not zero; up to the tolerance counts as zero."""
    slack = as_decimal(tolerance)
    return sum(abs(number_of(configuration, name)) > slack for name in names)


class Count(Limited):
    """How many of these parameters may be present (not 0) at once.

    Args:
        count: names of numeric parameters that can be 0.
        at_least: the fewest.
        at_most: the most.
    """

    kind: Literal["count"] = "count"
    count: tuple[str, ...] = Field(min_length=1, description="Names of the parameters.")
    at_least: StrictInt | None = Field(default=None, ge=0, description="The fewest not 0 at once.")
    at_most: StrictInt | None = Field(default=None, ge=0, description="The most not 0 at once.")

    @field_validator("count")
    @classmethod
    def _names_differ(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        refuse_twice(names)
        return names

    @model_validator(mode="after")
    def _can_be_met(self) -> Count:
        self.present.refuse_more_than(len(self.count))
        return self

    @property
    def present(self) -> Presence:
        """The limits, as a mixture has them."""
        return Presence(at_least=self.at_least, at_most=self.at_most)

    @property
    def names(self) -> frozenset[str]:
        """Names of the parameters that are counted."""
        return frozenset(self.count)

    def is_met(self, configuration: Mapping[str, Value], *, tolerance: float = 0.0) -> bool:
        """Tells whether as many are present as may be; up to the tolerance counts as absent."""
        n_present = count_present(self.count, configuration, tolerance=tolerance)
        low, high = self.at_least, self.at_most
        return (low is None or n_present >= low) and (high is None or n_present <= high)

    def in_words(self) -> str:
        """Returns the rule as a sentence."""
        words = self.present.in_words()
        return f"{words[0].upper()}{words[1:]} of {listed(self.count)} are present (not 0)."

    def _measure(self, configuration: Mapping[str, Value], tolerance: float) -> Decimal:
        return Decimal(count_present(self.count, configuration, tolerance=tolerance))

    def _limits(self) -> tuple[Decimal | None, Decimal | None]:
        return self.present.limits()

    def _subject(self) -> str:
        return f"The number of {listed(self.count)} that are present (not 0)"

    def __str__(self) -> str:
        return f"{self.present.in_words()} of {listed(self.count)} present"


class Span(BaseModel):
    """Numbers between limits, both included."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    at_least: StrictFloat | None = Field(default=None, description="The lowest of them.")
    at_most: StrictFloat | None = Field(default=None, description="The highest of them.")

    @model_validator(mode="after")
    def _limits_in_order(self) -> Span:
        refuse_limits_out_of_order(self.at_least, self.at_most)
        return self

    def limits(self) -> tuple[Decimal | None, Decimal | None]:
        """Returns the lowest and the highest as decimals."""
        return (
            None if self.at_least is None else as_decimal(self.at_least),
            None if self.at_most is None else as_decimal(self.at_most),
        )


Listed = StrictFloat | str
Excluded = StrictFloat | str | tuple[Listed, ...] | Span


class Exclusion(ConstraintBase):
    """A combination that never appears: each parameter as listed, all at once.

    Args:
        exclude: parameter name to a value, a list of values, or limits, in its own unit.
    """

    kind: Literal["exclude"] = "exclude"
    exclude: dict[str, Excluded] = Field(
        min_length=1,
        description="What never comes together: for each parameter a value, a list of values, or "
        "limits {at_least, at_most}.",
    )

    @field_validator("exclude", mode="before", json_schema_input_type=dict[str, Excluded])
    @classmethod
    def _each_says_what(cls, exclude: Any) -> Any:
        if not isinstance(exclude, Mapping):
            return exclude
        return {name: _read_excluded(str(name), excluded) for name, excluded in exclude.items()}

    @property
    def names(self) -> frozenset[str]:
        """Names of the parameters that must not come together so."""
        return frozenset(self.exclude)

    def is_met(self, configuration: Mapping[str, Value], *, tolerance: float = 0.0) -> bool:
        """Tells whether the configuration is another; limits are narrowed by the tolerance."""
        return not all(
            _is_excluded(configuration, name, excluded, tolerance)
            for name, excluded in self.exclude.items()
        )

    def find_breach(
        self, configuration: Mapping[str, Value], *, tolerance: float = 0.0
    ) -> str | None:
        """Returns the combination where the configuration has it."""
        if self.is_met(configuration, tolerance=tolerance):
            return None
        values = listed(f"{name} = {configuration[name]}" for name in self.exclude)
        return f"{values} never come together ({self})."

    def in_words(self) -> str:
        """Returns the rule as a sentence."""
        return f"Never {listed(self._parts())}{' together' if len(self.exclude) > 1 else ''}."

    def _parts(self) -> list[str]:
        return [f"{name} {_excluded_words(value)}" for name, value in self.exclude.items()]

    def __str__(self) -> str:
        return f"not ({' and '.join(self._parts())})"


def _read_excluded(name: str, excluded: Any) -> Any:
    """Reads a value, a list or limits, with one error in words where a union has one a member."""
    remedy = "give a value, a list of values, or limits such as {at_least: 60}"
    if isinstance(excluded, Mapping):
        try:
            return Span.model_validate(dict(excluded))
        except ValidationError as error:
            raise ValueError(f"{name!r} has limits that cannot be read: {remedy}") from error
    if excluded == [] or excluded == ():
        raise ValueError(f"{name!r} has an empty list: {remedy}")
    for value in excluded if isinstance(excluded, list | tuple) else (excluded,):
        if isinstance(value, bool) or not isinstance(value, int | float | str | Span):
            shown = "nothing" if value is None else str(value).lower()
            raise ValueError(f"{name!r} is excluded at {shown}, which is no value: {remedy}")
    return excluded


def _is_excluded(
    configuration: Mapping[str, Value], name: str, excluded: Excluded, tolerance: float
) -> bool:
    if name not in configuration:
        raise UnknownName(f"A constraint needs the parameter {name!r}, which has no value.")
    if isinstance(excluded, Span):
        number = number_of(configuration, name)
        return keeps_within(number, excluded.limits(), tolerance=-tolerance)
    choices = excluded if isinstance(excluded, tuple) else (excluded,)
    return any(_is_same(configuration[name], choice) for choice in choices)


def _is_same(value: Value, other: Value) -> bool:
    if isinstance(value, str) or isinstance(other, str):
        return value == other
    return as_decimal(value) == as_decimal(other)


def _excluded_words(excluded: Excluded) -> str:
    if isinstance(excluded, Span):
        return limits_in_words(*excluded.limits())
    choices = excluded if isinstance(excluded, tuple) else (excluded,)
    words = (choice if isinstance(choice, str) else shown(choice) for choice in choices)
    return f"= {listed(words, last='or')}"
