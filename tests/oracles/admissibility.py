"""Admissibility in fractions of the written digits, apart from everything that the planner does."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

from planner.space import (
    AnyConstraint,
    AnyParameter,
    Categorical,
    Configuration,
    Contextual,
    Continuous,
    Count,
    Discrete,
    Exclusion,
    ExpressionConstraint,
    Fixed,
    Integer,
    LinearConstraint,
    Mixture,
    Ordinal,
    SearchSpace,
    Span,
    Value,
)


def exactly(number: float) -> Fraction:
    return Fraction(repr(number))


def is_admissible(space: SearchSpace, configuration: Configuration) -> bool:
    """All parameters have a value that the lab can set, and all constraints are kept."""
    return (
        list(configuration) == list(space.names)
        and all(is_settable(each, configuration[each.name]) for each in space.parameters)
        and all(keeps(each, configuration) for each in space.constraints)
        and all(configuration[name] == value for name, value in space.held.items())
    )


def is_settable(parameter: AnyParameter, value: Value) -> bool:
    match parameter:
        case Categorical():
            return value in parameter.choices
        case Ordinal():
            return value in parameter.levels
        case Fixed():
            return value == parameter.value
        case Discrete():
            return value in parameter.values
        case Contextual():
            return isinstance(value, float) and math.isfinite(value)
        case Integer():
            return type(value) is int and parameter.low <= value <= parameter.high
        case Continuous():
            assert isinstance(value, float)
            if parameter.optional and value == 0:
                return True
            inside = exactly(parameter.low) <= exactly(value) <= exactly(parameter.high)
            return inside and is_on_grid(parameter, value)


def is_on_grid(parameter: Continuous, value: float) -> bool:
    """A whole number of steps above low; without a resolution at most four digits or so."""
    if parameter.resolution is not None:
        steps = (exactly(value) - exactly(parameter.low)) / exactly(parameter.resolution)
        return steps.denominator == 1
    size = max(abs(parameter.low), abs(parameter.high)) if parameter.scale == "linear" else value
    size = min(size, 10 * (parameter.high - parameter.low))
    return (exactly(value) / Fraction(10) ** (math.floor(math.log10(size)) - 3)).denominator == 1


def keeps(constraint: AnyConstraint, configuration: Configuration) -> bool:
    match constraint:
        case LinearConstraint():
            total = weighted(constraint.weights, configuration)
            if constraint.equals is not None:
                return total == exactly(constraint.equals)
            above = constraint.at_least is None or total >= exactly(constraint.at_least)
            return above and (constraint.at_most is None or total <= exactly(constraint.at_most))
        case Mixture():
            total = weighted(dict.fromkeys(constraint.mixture, 1.0), configuration)
            number = sum(configuration[name] != 0 for name in constraint.mixture)
            limits = constraint.present
            return total == exactly(constraint.total) and (
                limits is None or is_between(number, limits.at_least, limits.at_most)
            )
        case Count():
            number = sum(configuration[name] != 0 for name in constraint.count)
            return is_between(number, constraint.at_least, constraint.at_most)
        case Exclusion():
            return not all(
                is_among(configuration[name], excluded)
                for name, excluded in constraint.exclude.items()
            )
        case ExpressionConstraint():
            value = rational(constraint.expression, configuration)
            above = constraint.at_least is None or value >= exactly(constraint.at_least)
            return above and (constraint.at_most is None or value <= exactly(constraint.at_most))


def weighted(weights: Mapping[str, float], configuration: Configuration) -> Fraction:
    return sum(
        (exactly(weight) * exactly(configuration[name]) for name, weight in weights.items()),
        Fraction(0),
    )


def is_between(number: int, at_least: int | None, at_most: int | None) -> bool:
    return (at_least is None or number >= at_least) and (at_most is None or number <= at_most)


def is_among(value: Value, excluded: object) -> bool:
    if isinstance(excluded, Span):
        low, high = excluded.at_least, excluded.at_most
        return (low is None or value >= low) and (high is None or value <= high)
    return value in (excluded if isinstance(excluded, tuple) else (excluded,))


def rational(text: str, configuration: Configuration) -> Fraction:
    """A formula of sums, products and whole powers, computed by Python in fractions."""
    numbers = {
        name: exactly(value) for name, value in configuration.items() if not isinstance(value, str)
    }
    exact_text = re.sub(r"(?<![\w.])(\d+\.?\d*)", r"Fraction('\1')", text)
    return Fraction(eval(exact_text, {"__builtins__": {}, "Fraction": Fraction}, numbers))


def settable_values(parameter: AnyParameter) -> list[Value]:
    """All values of a parameter that has few, counted out from low."""
    match parameter:
        case Categorical():
            return list(parameter.choices)
        case Ordinal():
            return list(parameter.levels)
        case Fixed():
            return [parameter.value]
        case Discrete():
            return list(parameter.values)
        case Integer():
            return list(range(int(parameter.low), int(parameter.high) + 1))
        case Continuous():
            assert parameter.resolution is not None
            low, step = exactly(parameter.low), exactly(parameter.resolution)
            n_steps = (exactly(parameter.high) - low) // step
            values = [float(low + step * k) for k in range(n_steps + 1)]
            return [0.0, *values] if parameter.optional else values
        case Contextual():
            raise TypeError("what is measured has no values to list")


def enumerate_admissible(space: SearchSpace) -> Iterator[dict[str, Value]]:
    """Every admissible configuration of a small space, by brute force."""
    options = [
        [space.held[each.name]] if each.name in space.held else settable_values(each)
        for each in space.parameters
    ]
    for values in itertools.product(*options):
        configuration = dict(zip(space.names, values, strict=True))
        if all(keeps(each, configuration) for each in space.constraints):
            yield configuration
