"""Search spaces under constraints of every kind: small ones that can be listed, and large ones."""

from __future__ import annotations

from hypothesis import strategies as st

from planner.space import (
    AnyConstraint,
    AnyParameter,
    Categorical,
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
    Presence,
    SearchSpace,
    Span,
)

RESOLUTIONS = (0.5, 0.25, 0.2, 0.1, 0.3)


@st.composite
def small_numbers(draw: st.DrawFn, name: str) -> AnyParameter:
    """A number of few values, with or without 0 among them."""
    kind = draw(st.sampled_from(["continuous", "optional", "integer", "discrete"]))
    if kind == "integer":
        low = draw(st.integers(-1, 2))
        return Integer(name=name, low=low, high=low + draw(st.integers(1, 3)))
    if kind == "discrete":
        values = draw(st.lists(st.integers(0, 8), min_size=2, max_size=4, unique=True))
        return Discrete(name=name, values=tuple(value / 4 for value in values))
    resolution = draw(st.sampled_from(RESOLUTIONS))
    low = draw(st.sampled_from([0.1, 0.25, 0.5] if kind == "optional" else [0, 0.1, -0.5]))
    high = round(low + resolution * draw(st.integers(2, 4)), 6)
    return Continuous(
        name=name, low=low, high=high, resolution=resolution, optional=kind == "optional"
    )


@st.composite
def fine_numbers(draw: st.DrawFn, name: str) -> AnyParameter:
    """A number of many values."""
    kind = draw(st.sampled_from(["continuous", "optional", "integer", "discrete"]))
    if kind == "integer":
        return Integer(name=name, low=0, high=draw(st.sampled_from([10, 500])))
    if kind == "discrete":
        return Discrete(name=name, values=(0.0, 0.5, 0.8, 3.3, 7.0))
    resolution = draw(st.sampled_from([None, 0.01, 0.007, 0.05]))
    low = draw(st.sampled_from([0.02, 0.1] if kind == "optional" else [0.0, 0.1]))
    return Continuous(
        name=name,
        low=low,
        high=draw(st.sampled_from([1.0, 2.0, 10.0])),
        resolution=resolution,
        optional=kind == "optional",
    )


def others() -> st.SearchStrategy[AnyParameter]:
    """A parameter that stands in no sum."""
    return st.sampled_from(
        [
            Categorical(name="solvent", choices=("THF", "DMF", "water")),
            Ordinal(name="grind", levels=("coarse", "medium", "fine")),
            Fixed(name="solvent", value="THF"),
        ]
    )


@st.composite
def rules(draw: st.DrawFn, numbers: list[AnyParameter], named: AnyParameter) -> AnyConstraint:
    """A constraint of any kind, that may or may not leave anything."""
    names = [each.name for each in numbers]
    some = draw(st.lists(st.sampled_from(names), min_size=2, max_size=len(names), unique=True))
    kind = draw(st.sampled_from(["mixture", "equals", "limit", "count", "exclude", "expression"]))
    number = st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0, 3.0])
    if kind == "mixture" and all(lowest(each) >= 0 for each in numbers):
        most = draw(st.none() | st.integers(1, len(some)))
        present = None if most is None else Presence(at_most=most)
        return Mixture(mixture=tuple(some), total=draw(number), present=present)
    if kind == "equals":
        weights = {name: draw(st.sampled_from([1.0, 1.0, 2.0, -1.0, 0.5])) for name in some}
        return LinearConstraint(weights=weights, equals=draw(number))
    if kind == "count":
        return Count(count=tuple(some), at_most=draw(st.integers(1, len(some))))
    if kind == "exclude":
        values = ("THF", "DMF") if named.name == "solvent" else ("fine",)
        values = ("THF",) if isinstance(named, Fixed) else values
        span = Span(at_least=draw(number), at_most=draw(st.none() | st.just(5.0)))
        return Exclusion(exclude={named.name: values, some[0]: span})
    if kind == "expression":
        text = " + ".join(f"{name} * {name}" for name in some)
        return ExpressionConstraint(expression=text, at_most=draw(number))
    weights = {name: draw(st.sampled_from([1.0, 2.0, -1.0, 0.3])) for name in some}
    return LinearConstraint(weights=weights, at_most=draw(number))


def lowest(parameter: AnyParameter) -> float:
    match parameter:
        case Integer() | Continuous():
            return parameter.low
        case Discrete():
            return parameter.values[0]
    raise TypeError(parameter.name)


@st.composite
def constrained_spaces(draw: st.DrawFn, *, is_small: bool) -> SearchSpace:
    """Two to five numbers and a name, under one to three constraints."""
    draw_number = small_numbers if is_small else fine_numbers
    count = draw(st.integers(2, 4 if is_small else 5))
    numbers = [draw(draw_number(f"p{index}")) for index in range(count)]
    named = draw(others())
    constraints = [draw(rules(numbers, named)) for _ in range(draw(st.integers(1, 3)))]
    return SearchSpace((*numbers, named), tuple(constraints))


@st.composite
def mixtures(draw: st.DrawFn) -> SearchSpace:
    """A mixture that has some configuration: up to eight components with least amounts."""
    count = draw(st.integers(3, 8))
    step = draw(st.sampled_from([0.01, 0.005, 0.002]))
    optional = draw(st.booleans())
    names = [f"c{index}" for index in range(count)]
    low = draw(st.sampled_from([0.02, 0.05, 0.1]))
    parts = tuple(
        Continuous(name=name, low=low, high=1, resolution=step, optional=optional) for name in names
    )
    most = draw(st.integers(1, count)) if optional else None
    present = None if most is None else Presence(at_most=most)
    return SearchSpace(parts, (Mixture(mixture=tuple(names), present=present),))
