"""Whether a constraint fits the parameters that it names, and what it says in their units."""

from __future__ import annotations

from collections.abc import Mapping

from planner.errors import InputError, UnknownName
from planner.space.base import Value
from planner.space.combinations import Excluded, Span
from planner.space.constraints import AnyConstraint, Exclusion, Mixture
from planner.space.parameters import (
    AnyParameter,
    Categorical,
    Contextual,
    Continuous,
    Discrete,
    Fixed,
    Integer,
    Ordinal,
)


def fit_constraint(
    constraint: AnyConstraint, parameters: Mapping[str, AnyParameter]
) -> AnyConstraint:
    """Returns the constraint with all its values in the parameters' own units and types.

    Args:
        constraint: as it was written; an exclusion's values may have units.
        parameters: of the space, profiles expanded.

    Raises:
        UnknownName: it names no parameter.
        InputError: it computes with a name, sums what cannot be summed, or excludes a value that
            can never appear.
    """
    for name in sorted(constraint.names):
        if name not in parameters:
            known = ", ".join(parameters)
            raise UnknownName(
                f"The constraint {constraint} names {name!r}, which is no parameter. Known are "
                f"{known}."
            )
    if isinstance(constraint, Exclusion):
        return _fit_exclusion(constraint, parameters)
    for name in sorted(constraint.names):
        _refuse_names(constraint, parameters[name])
    if isinstance(constraint, Mixture):
        _refuse_odd_components(constraint, parameters)
    return constraint


def _refuse_names(constraint: AnyConstraint, parameter: AnyParameter) -> None:
    """Refuses to compute with a parameter whose values are names."""
    is_text = isinstance(parameter, Fixed) and isinstance(parameter.value, str)
    if is_text or isinstance(parameter, Categorical | Ordinal):
        raise InputError(
            f"The constraint {constraint} computes with {parameter.name!r}, whose values are "
            f"names. Use 'exclude' for a rule on names, or a parameter of numbers ('values')."
        )


def _refuse_odd_components(mixture: Mixture, parameters: Mapping[str, AnyParameter]) -> None:
    """Refuses components that are measured, negative, or in another unit than the first."""
    first = parameters[mixture.mixture[0]]
    for name in mixture.mixture:
        parameter = parameters[name]
        if isinstance(parameter, Contextual):
            raise InputError(
                f"The mixture {mixture} has the component {name!r}, which is measured and not "
                f"set. Leave it out, or give it bounds that can be set."
            )
        if parameter.unit != first.unit:
            raise InputError(
                f"The mixture {mixture} has components in {first.unit!r} ({first.name}) and in "
                f"{parameter.unit!r} ({name}). Give all of them in one unit."
            )
        if _least(parameter) < 0:
            raise InputError(
                f"The mixture {mixture} has the component {name!r}, which may be as low as "
                f"{_least(parameter):g}. A share is not negative: raise its lower bound."
            )


def _least(parameter: AnyParameter) -> float:
    match parameter:
        case Continuous() | Integer() | Contextual():
            return parameter.low
        case Discrete():
            return parameter.values[0]
        case Fixed():
            return float(parameter.value)
        case Categorical() | Ordinal():
            raise TypeError(f"{parameter.name!r} has no least value")


def _fit_exclusion(constraint: Exclusion, parameters: Mapping[str, AnyParameter]) -> Exclusion:
    fitted = {
        name: _fit_excluded(constraint, parameters[name], excluded)
        for name, excluded in constraint.exclude.items()
    }
    return constraint.model_copy(update={"exclude": fitted})


def _fit_excluded(constraint: Exclusion, parameter: AnyParameter, excluded: Excluded) -> Excluded:
    if isinstance(excluded, Span):
        _refuse_names(constraint, parameter)
        return excluded
    choices = excluded if isinstance(excluded, tuple) else (excluded,)
    fitted = tuple(_as_written(parameter.check(choice)) for choice in choices)
    return fitted if isinstance(excluded, tuple) else fitted[0]


def _as_written(value: Value) -> float | str:
    return value if isinstance(value, str) else float(value)
