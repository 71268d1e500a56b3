"""Search spaces, with and without constraints, and configurations in them."""

from __future__ import annotations

from hypothesis import strategies as st

from planner.space import (
    Categorical,
    Configuration,
    Continuous,
    Discrete,
    Integer,
    LinearConstraint,
    SearchSpace,
)
from tests.strategies.parameters import continuous, parameters, values


@st.composite
def spaces(draw: st.DrawFn, *, most: int = 4) -> SearchSpace:
    """Spaces of any parameters, unconstrained."""
    count = draw(st.integers(1, most))
    return SearchSpace(tuple(draw(parameters(name=f"p{index}")) for index in range(count)))


@st.composite
def mixed_spaces(draw: st.DrawFn) -> SearchSpace:
    """Everyday spaces whose numbers can be summed, with one or two rules that leave some room."""
    numeric = [
        draw(
            st.sampled_from(
                [
                    Continuous(name=name, low=0, high=10),
                    Continuous(name=name, low=-1, high=1, resolution=0.05),
                    Continuous(name=name, low=0.123, high=4.56),
                    Integer(name=name, low=1, high=9),
                    Discrete(name=name, values=(0.5, 1, 2.5, 4)),
                ]
            )
        )
        for name in ("a", "b", "c")
    ]
    category = Categorical(name="d", choices=("x", "y", "z"))
    middle = {each.name: float(each.decode([0.5])) for each in numeric}
    rules = []
    for _ in range(draw(st.integers(1, 2))):
        weights = {
            name: draw(st.sampled_from([-2.0, -1.0, 0.1, 0.3, 1.0, 3.0]))
            for name in draw(st.sets(st.sampled_from("abc"), min_size=1))
        }
        total = sum(weight * middle[name] for name, weight in weights.items())
        room = draw(st.sampled_from([0.5, 1.0, 3.0]))
        rules.append(LinearConstraint(weights=weights, at_most=round(total + room, 3)))
    return SearchSpace((*numeric, category), tuple(rules))


@st.composite
def sums(draw: st.DrawFn) -> SearchSpace:
    """Continuous parameters whose weighted sum, weights above 0, has an upper limit."""
    count = draw(st.integers(2, 5))
    chosen = tuple(draw(continuous(name=f"p{index}", scale="linear")) for index in range(count))
    weights = {each.name: draw(st.sampled_from([0.5, 1.0, 2.0])) for each in chosen}
    lowest = sum(weight * each.low for each, weight in zip(chosen, weights.values(), strict=True))
    highest = sum(weight * each.high for each, weight in zip(chosen, weights.values(), strict=True))
    share = draw(st.floats(0.2, 0.9))
    rule = LinearConstraint(weights=weights, at_most=lowest + share * (highest - lowest))
    return SearchSpace(chosen, (rule,))


def configurations(space: SearchSpace) -> st.SearchStrategy[Configuration]:
    """Configurations at the lab's resolution; constraints are not looked at."""
    return st.fixed_dictionaries({each.name: values(each) for each in space.parameters})
