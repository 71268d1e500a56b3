"""Linear constraints over the unit cube, for searches by gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from planner.space.base import Floats, Value
from planner.space.constraints import AnyConstraint
from planner.space.linear import LinearConstraint, Mixture
from planner.space.numeric import Bounded, Continuous, Discrete
from planner.space.parameters import AnyParameter, Fixed

Rule = tuple[Floats, float]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedRules:
    """Limits ``a @ x >= b`` and equations ``e @ x = t``, each with ``a`` or ``e`` of shape d."""

    limits: list[Rule] = field(default_factory=list)
    equations: list[Rule] = field(default_factory=list)


def encode_rules(
    parameters: Sequence[AnyParameter],
    columns: Sequence[int],
    constraints: Sequence[AnyConstraint],
    held: Mapping[str, Value],
) -> EncodedRules:
    """Returns the sums among the constraints; what is held or fixed is part of their limits."""
    rules = EncodedRules()
    for constraint in constraints:
        if not isinstance(constraint, LinearConstraint | Mixture):
            continue
        weights, offset = _encoded_weights(parameters, columns, constraint.weights, held)
        if isinstance(constraint, Mixture):
            rules.equations.append((weights, constraint.total - offset))
            continue
        if constraint.equals is not None:
            rules.equations.append((weights, constraint.equals - offset))
        if constraint.at_least is not None:
            rules.limits.append((weights, constraint.at_least - offset))
        if constraint.at_most is not None:
            rules.limits.append((-weights, offset - constraint.at_most))
    return rules


def _encoded_weights(
    parameters: Sequence[AnyParameter],
    columns: Sequence[int],
    weights: Mapping[str, float],
    held: Mapping[str, Value],
) -> tuple[Floats, float]:
    encoded, offset = np.zeros(len(columns)), 0.0
    for index, parameter in enumerate(parameters):
        weight = weights.get(parameter.name, 0.0)
        if parameter.name in held:
            offset += weight * float(held[parameter.name]) if weight else 0.0
        elif weight:
            at_zero, at_one = _ends(parameter)
            offset += weight * at_zero
            if parameter.n_columns:
                encoded[list(columns).index(index)] = weight * (at_one - at_zero)
    return encoded, offset


def _ends(parameter: AnyParameter) -> tuple[float, float]:
    """Returns the values that encode to 0 and to 1."""
    match parameter:
        case Discrete():
            return parameter.values[0], parameter.values[-1]
        case Continuous():
            return parameter.origin, parameter.high
        case Bounded():
            return parameter.low, parameter.high
        case Fixed():
            return float(parameter.value), float(parameter.value)
    raise TypeError(f"a sum over the names of {parameter.name!r}")  # the space refuses it
