"""What the next trials may cost and use up: money and stock, counted in decimal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

import numpy as np

from planner.campaign import CampaignSpec
from planner.campaign.source_base import exact_amount
from planner.errors import InputError
from planner.ledger.entries import NothingFits
from planner.ledger.replay import CampaignState
from planner.loop.rules.budget import amount_in_words, money_left
from planner.loop.rules.stock import stock_left
from planner.space import (
    AnyConstraint,
    Configuration,
    Expression,
    ExpressionConstraint,
    Floats,
    LinearConstraint,
    SearchSpace,
)
from planner.space.base import as_decimal
from planner.space.linear_form import linear_form

MONEY = None  # what stands for money among the names of consumables

# Doubles decide where a row of a table is this far from what is left, decimals otherwise.
_NEAR = 1e-9


@dataclass(frozen=True)
class Resource:
    """Something of which a trial takes a known amount.

    Args:
        name: of the consumable; None for money.
        amounts: what a trial takes of it, to be added up: numbers, or expressions of parameters.
        left: that is neither used nor reserved.
        unit: of all of them.
    """

    name: str | None
    amounts: tuple[float | str, ...]
    left: Decimal
    unit: str

    def taken_by(self, configuration: Configuration) -> Decimal | None:
        """Returns what one trial takes, at least 0; None where nobody can say."""
        try:
            parts = [max(Decimal(0), exact_amount(each, configuration)) for each in self.amounts]
        except InputError:
            return None
        return sum(parts, Decimal(0))

    @cached_property
    def constant(self) -> Decimal | None:
        """What every trial takes; None where it depends on the configuration."""
        if any(isinstance(each, str) and Expression.parse(each).names for each in self.amounts):
            return None
        return self.taken_by({})

    def in_words(self) -> str:
        """Says what is left of it."""
        amount = amount_in_words(max(Decimal(0), self.left), self.unit)
        return f"{amount} of the budget" if self.name is MONEY else f"{amount} of {self.name}"


@dataclass(frozen=True)
class Allowance:
    """What is left for the next trials.

    Args:
        resources: money, where there is a limit, and each consumable.
    """

    resources: tuple[Resource, ...]

    @classmethod
    def of(cls, state: CampaignState) -> Allowance:
        """Returns what the campaign has left, with all reservations."""
        return cls(
            tuple(
                Resource(name, amounts, left, unit)
                for name, amounts, unit in _kinds(state.spec)
                if (left := _left(state, name)) is not None
            )
        )

    def n_that_fit(self, configurations: Sequence[Configuration]) -> int:
        """Returns how many of these, from the first on, fit together."""
        left = {each.name: each.left for each in self.resources}
        for number, configuration in enumerate(configurations):
            for each in self.resources:
                taken = each.taken_by(configuration)
                if taken is None or taken > left[each.name]:
                    return number
                left[each.name] -= taken
        return len(configurations)

    def most(self) -> int | None:
        """Returns how many trials fit as far as their configuration does not matter."""
        counts = [
            int(max(Decimal(0), each.left) // each.constant)
            for each in self.resources
            if each.constant
        ]
        counts += [0 for each in self.resources if each.left < 0]
        return min(counts, default=None)

    def only(self, name: str | None) -> Allowance:
        """Returns what is left of one resource alone."""
        return Allowance(tuple(each for each in self.resources if each.name == name))

    def restrict(self, space: SearchSpace) -> SearchSpace | None:
        """Returns the part of a space of which one trial fits; None where there is none.

        Rows of a table are looked at in decimal where it matters. Elsewhere the rules are as exact
        as doubles are, so whoever chooses from the part counts again.
        """
        if any(each.left < 0 for each in self.resources):
            return None
        if space.rows is not None:
            return self._rows_that_fit(space)
        rules: list[AnyConstraint] = []
        for each in self.resources:
            if each.constant is None:
                rules += _rules(each)
            elif each.constant > each.left:
                return None
        try:
            part = replace(space, constraints=(*space.constraints, *rules))
            return None if part.find_emptiness() is not None else part
        except InputError:  # the expression has a value nowhere
            return None

    def _rows_that_fit(self, space: SearchSpace) -> SearchSpace | None:
        assert space.rows is not None
        fits = np.ones(len(space.rows), dtype=np.bool_)
        for each in self.resources:
            for index in np.flatnonzero(fits & ~_surely(each, space)):
                taken = each.taken_by(space.rows[index])
                fits[index] = taken is not None and taken <= each.left
        kept = np.flatnonzero(fits)
        if len(kept) == 0:
            return None
        numbers = space.row_numbers or range(len(space.rows))
        part = replace(
            space,
            rows=tuple(space.rows[index] for index in kept),
            row_numbers=tuple(numbers[index] for index in kept),
        )
        part.__dict__["encoded_rows"] = space.encoded_rows[kept]  # encoding many takes long
        return part


def find_shortage(state: CampaignState) -> NothingFits | None:
    """Returns what does not suffice for any trial, as far as that is known without choosing one.

    Either an ask has found nothing that fits, or a trial takes the same of it wherever it is.
    """
    if state.nothing_fits is not None:
        return state.nothing_fits
    for each in Allowance.of(state).resources:
        if each.left < 0 or (each.constant is not None and each.constant > each.left):
            return nothing_fits([each])
    return None


def nothing_fits(short: Sequence[Resource]) -> NothingFits:
    """Returns the record that these do not suffice."""
    what = " and ".join(each.in_words() for each in short)
    verb = "does" if len(short) == 1 else "do"
    return NothingFits(
        short_of=short[0].name, reason=f"{what} {verb} not suffice for any trial that is left"
    )


def _kinds(spec: CampaignSpec) -> list[tuple[str | None, tuple[float | str, ...], str]]:
    costs = tuple(source.cost for source in spec.sources.values())
    found: list[tuple[str | None, tuple[float | str, ...], str]] = [
        (MONEY, costs, spec.budget.currency)
    ]
    for name, each in spec.source.consumables.items():
        found.append((name, (each.use,), each.unit))
    return found


def _left(state: CampaignState, name: str | None) -> Decimal | None:
    return money_left(state) if name is MONEY else stock_left(state)[name]


def _surely(resource: Resource, space: SearchSpace) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tells which rows certainly fit, by doubles; about the others decimals decide."""
    assert space.rows is not None
    total = np.zeros(len(space.rows))
    for amount in resource.amounts:
        total += np.maximum(_values(amount, space), 0.0)
    left = float(resource.left)
    return total <= left - _NEAR * max(1.0, abs(left))  # what is NaN is not sure


def _values(amount: float | str, space: SearchSpace) -> Floats:
    assert space.rows is not None
    if not isinstance(amount, str):
        return np.full(len(space.rows), amount)
    formula = Expression.parse(amount)
    columns = {
        name: np.array([row[name] for row in space.rows], dtype=np.float64)
        for name in formula.names
    }
    return np.broadcast_to(formula.values(columns), (len(space.rows),))


def _rules(resource: Resource) -> list[AnyConstraint]:
    """Returns rules that keep what a trial takes within what is left, as far as doubles can."""
    numbers = (max(0.0, each) for each in resource.amounts if not isinstance(each, str))
    left = resource.left - sum(map(as_decimal, numbers), Decimal(0))
    total = " + ".join(f"({each})" for each in resource.amounts if isinstance(each, str))
    form = linear_form(Expression.parse(total))
    if form is not None and form.weights:
        weights = {name: float(weight) for name, weight in form.weights.items()}
        if all(as_decimal(weights[name]) == exact for name, exact in form.weights.items()):
            return [LinearConstraint(weights=weights, at_most=_floor(left - form.constant))]
    return [ExpressionConstraint(expression=total, at_most=_floor(left))]


def _floor(number: Decimal) -> float:
    """Returns the largest double that is not above a number."""
    near = float(number)
    return near if as_decimal(near) <= number else math.nextafter(near, -math.inf)
