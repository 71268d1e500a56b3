"""Who approves a trial: nobody, one person or two, by its parameters where the file says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from planner.errors import ValueOutOfRange
from planner.space import Expression, Value

Approver = Literal["automatic", "person", "two people"]
N_PEOPLE: Mapping[str, int] = {"automatic": 0, "person": 1, "two people": 2}

_SIGN = re.compile(r"(<=|>=|<|>)")


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Two formulas and the sign between them."""

    left: Expression
    sign: str
    right: Expression

    def holds(self, configuration: Mapping[str, Value]) -> bool:
        """Tells whether it holds; also where a formula has no value, for then nobody knows."""
        try:
            left, right = self.left.exact(configuration), self.right.exact(configuration)
        except ValueOutOfRange:
            return True
        return _compare(left, self.sign, right)


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule such as ``temperature > 900 and flow > 5 or pressure > 2``.

    Args:
        text: as it was written.
        alternatives: it holds where all comparisons of one of them do.
    """

    text: str
    alternatives: tuple[tuple[_Comparison, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Reads a condition; ``and`` binds more closely than ``or``.

        Raises:
            ValueError: it is none, and why.
        """
        alternatives = tuple(
            tuple(_read(part) for part in re.split(r"\band\b", alternative))
            for alternative in re.split(r"\bor\b", text)
        )
        return cls(text, alternatives)

    @property
    def names(self) -> frozenset[str]:
        """Names of the parameters in it."""
        each = (one for alternative in self.alternatives for one in alternative)
        return frozenset().union(*(one.left.names | one.right.names for one in each))

    def holds(self, configuration: Mapping[str, Value]) -> bool:
        """Tells whether the condition holds at a configuration."""
        return any(all(one.holds(configuration) for one in each) for each in self.alternatives)


class Approval(BaseModel):
    """Who approves a trial before it is dispatched, by its parameters.

    Of all that applies the strictest counts.

    Args:
        default: who approves where no rule applies.
        person: condition under which a person approves, such as `temperature > 900`; comparisons
            of formulas, joined by `and` and `or`, parameters in their own units.
        two_people: condition under which two different people approve.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Approver = "automatic"
    person: str | None = None
    two_people: str | None = None

    @field_validator("person", "two_people")
    @classmethod
    def _can_be_read(cls, text: str | None) -> str | None:
        if text is not None and not Condition.parse(text).names:
            raise ValueError("names no parameter, so that it always says the same: name one")
        return text

    @model_serializer(mode="wrap")
    def _as_short_as_it_was_written(self, write: SerializerFunctionWrapHandler) -> Any:
        return write(self) if self.rules else self.default

    @cached_property
    def rules(self) -> dict[Approver, Condition]:
        """Conditions under which more than the default is asked."""
        written: dict[Approver, str | None] = {"person": self.person, "two people": self.two_people}
        return {who: Condition.parse(text) for who, text in written.items() if text is not None}

    def people_needed(self, configuration: Mapping[str, Value]) -> int:
        """Returns how many different people approve a trial with these settings: 0, 1 or 2."""
        who = [self.default, *(w for w, rule in self.rules.items() if rule.holds(configuration))]
        return max(N_PEOPLE[each] for each in who)

    def why(self, configuration: Mapping[str, Value]) -> str:
        """Returns the condition that asks for as many, or nothing where it is the default."""
        needed = self.people_needed(configuration)
        texts = (rule.text for who, rule in self.rules.items() if N_PEOPLE[who] == needed)
        return "" if N_PEOPLE[self.default] == needed else next(texts)


def _from_a_word(content: object) -> object:
    return {"default": content} if isinstance(content, str) else content


# In the file a word is enough: approval: person.
WhoApproves = Annotated[
    Approval, BeforeValidator(_from_a_word, json_schema_input_type=Approver | Approval)
]


def _read(text: str) -> _Comparison:
    parts = _SIGN.split(text)
    if len(parts) != 3:
        raise ValueError(
            f"{text.strip()!r} is no comparison: write one such as temperature > 900, and join "
            f"several by 'and' or 'or'"
        )
    left, sign, right = parts
    return _Comparison(Expression.parse(left.strip()), sign, Expression.parse(right.strip()))


def _compare(left: Decimal, sign: str, right: Decimal) -> bool:
    if sign.startswith("<"):
        left, right = right, left
    return left >= right if sign.endswith("=") else left > right
