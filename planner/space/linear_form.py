"""Which formulas are linear: a weighted sum of parameters and a number, however written."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal

from planner.space.expressions import Expression
from planner.space.formula_parser import Step

_DIGITS = Context(prec=50, traps=[])


@dataclass(frozen=True, slots=True)
class LinearForm:
    """A weighted sum of parameters, and a number.

    Args:
        weights: by parameter; none of them is 0.
        constant: what is added.
    """

    weights: dict[str, Decimal]
    constant: Decimal


def linear_form(expression: Expression) -> LinearForm | None:
    """Returns a formula as a weighted sum; None where it is none."""
    stack: list[LinearForm | None] = []
    for step in expression.steps:
        operands = [stack.pop() for _ in range(step.n_operands)][::-1]
        stack.append(_apply(step, operands))
    form = stack[0]
    if form is None:
        return None
    numbers = (*form.weights.values(), form.constant)
    return form if all(each.is_finite() for each in numbers) else None


def _apply(step: Step, operands: list[LinearForm | None]) -> LinearForm | None:
    match step.kind:
        case "number":
            return LinearForm({}, step.number)
        case "name":
            return LinearForm({step.text: Decimal(1)}, Decimal(0))
    known = [each for each in operands if each is not None]
    if len(known) < len(operands):
        return None
    match step.text, known:
        case "negative", [one]:
            return _scaled(one, Decimal(-1))
        case "+", [one, other]:
            return _sum(one, other)
        case "-", [one, other]:
            return _sum(one, _scaled(other, Decimal(-1)))
        case "*", [one, other] if not one.weights:
            return _scaled(other, one.constant)
        case "*", [one, other] if not other.weights:
            return _scaled(one, other.constant)
        case "/", [one, other] if not other.weights and other.constant != 0:
            return _scaled(one, _DIGITS.divide(Decimal(1), other.constant))
    return None


def _scaled(form: LinearForm, factor: Decimal) -> LinearForm:
    weights = {name: _DIGITS.multiply(each, factor) for name, each in form.weights.items()}
    kept = {name: each for name, each in weights.items() if each != 0}
    return LinearForm(kept, _DIGITS.multiply(form.constant, factor))


def _sum(one: LinearForm, other: LinearForm) -> LinearForm:
    weights = dict(one.weights)
    for name, each in other.weights.items():
        weights[name] = _DIGITS.add(weights.get(name, Decimal(0)), each)
    kept = {name: each for name, each in weights.items() if each != 0}
    return LinearForm(kept, _DIGITS.add(one.constant, other.constant))
