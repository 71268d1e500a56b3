"""What a search space refuses: sums of logarithms, and locks outside the domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.errors import InputError
from planner.space.base import Value
from planner.space.constraint_base import shown
from planner.space.constraints import AnyConstraint
from planner.space.given import Contextual
from planner.space.linear import LinearConstraint, Mixture
from planner.space.numeric import Continuous
from planner.space.parameters import AnyParameter


def refuse_logarithms(constraint: AnyConstraint, parameters: Mapping[str, AnyParameter]) -> None:
    """Accepts a constraint, but for a sum over a parameter on a log scale.

    Raises:
        InputError: there is such a parameter in the sum.
    """
    if not isinstance(constraint, LinearConstraint | Mixture):
        return
    for name in sorted(constraint.names):
        parameter = parameters[name]
        if isinstance(parameter, Continuous) and parameter.scale == "log":
            raise InputError(
                f"Parameter {name!r} cannot stand in the linear constraint {constraint}: it is on "
                f"a log scale. Write the constraint as an expression, or use a linear scale."
            )


def check_lock(parameter: AnyParameter, value: Value, *, held: Value | None) -> Value:
    """Returns the value at which a parameter is held, in the parameter's own type.

    Raises:
        InputError: it is outside the domain, or the parameter is held at another value.
    """
    is_measured = isinstance(parameter, Contextual)
    checked = parameter.read(value) if is_measured else parameter.check(value)
    if held is not None and held != checked:
        raise InputError(
            f"Parameter {parameter.name!r} is held at {held!r} already, and cannot be held at "
            f"{checked!r} too. Give one of them."
        )
    return checked


def refuse_between_steps(parameter: AnyParameter, value: Value) -> None:
    """Accepts a value that the lab can set.

    Raises:
        InputError: the parameter states a resolution, and the value lies between two steps.
    """
    if not isinstance(parameter, Continuous) or parameter.resolution is None:
        return
    nearest = parameter.snap(float(value))
    if nearest != value:
        raise InputError(
            f"Parameter {parameter.name!r} is set in steps of {parameter.resolution:g}"
            f"{parameter.unit_words} from {parameter.low:g}, and {value} lies between two. "
            f"The nearest is {nearest:g}: give that, or amend the resolution."
        )


def why_nothing_is_left(
    held: Mapping[str, Value], avoid: Sequence[Mapping[str, Value]], why: str
) -> str:
    """Returns the message for locks and combinations to avoid that leave no configuration."""
    words = f"With {_settings(held)} held" if held else ""
    if avoid:
        avoided = "; ".join(map(_settings, avoid))
        words = f"{words} and {avoided} avoided" if words else f"With {avoided} avoided"
    return f"{words} nothing can be tried. {why} Hold or avoid less."


def _settings(values: Mapping[str, Value]) -> str:
    words = {name: each if isinstance(each, str) else shown(each) for name, each in values.items()}
    return ", ".join(f"{name} = {word}" for name, word in words.items())
