"""Parameters of the kinds beside plain numbers and names, and what can be set."""

from __future__ import annotations

import itertools
from decimal import Decimal

from hypothesis import strategies as st

from planner.space import (
    AnyParameter,
    Categorical,
    Contextual,
    Continuous,
    Fixed,
    Ordinal,
    Value,
)
from tests.strategies.parameters import parameters, ranges, values, written

_WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6).filter(str.strip)


@st.composite
def optional(draw: st.DrawFn, *, name: str = "p") -> Continuous:
    """Absent, or between a least amount and a most, with and without a resolution."""
    low, high = draw(ranges(is_positive=True))
    n_steps = draw(st.none() | st.integers(1, 10_000))
    resolution = None if n_steps is None else float(f"{(high - low) / n_steps:.0e}")
    try:
        return Continuous(name=name, low=low, high=high, optional=True, resolution=resolution)
    except ValueError:  # too fine a resolution for its range
        return Continuous(name=name, low=low, high=high, optional=True)


@st.composite
def ordinal(draw: st.DrawFn, *, name: str = "p") -> Ordinal:
    """Two to eight names, in an order."""
    return Ordinal(name=name, levels=draw(st.lists(_WORDS, min_size=2, max_size=8, unique=True)))


@st.composite
def described(draw: st.DrawFn, *, name: str = "p") -> Categorical:
    """Two to six names, each with one to three numbers that tell them apart."""
    choices = draw(st.lists(_WORDS, min_size=2, max_size=6, unique=True))
    columns = draw(
        st.lists(
            st.lists(
                written(-6, 6), min_size=len(choices), max_size=len(choices), unique=True
            ).filter(_is_spread),
            min_size=1,
            max_size=3,
        )
    )
    table = {
        choice: {f"d{index}": column[row] for index, column in enumerate(columns)}
        for row, choice in enumerate(choices)
    }
    return Categorical.model_validate({"name": name, "choices": table})


def _is_spread(column: list[float]) -> bool:
    """Whether no two numbers are as near each other as a parameter refuses."""
    ordered, size = sorted(column), max(map(abs, column))
    gaps = [after - before for before, after in itertools.pairwise(ordered)]
    return min(gaps) > 1e-8 * size


@st.composite
def contextual(draw: st.DrawFn, *, name: str = "p") -> Contextual:
    """Of any range."""
    low, high = draw(ranges())
    return Contextual(name=name, low=low, high=high)


def fixed(*, name: str = "p") -> st.SearchStrategy[Fixed]:
    """A number or a name."""
    return st.builds(Fixed, name=st.just(name), value=written() | _WORDS)


def parameters_of_any_kind(name: str = "p") -> st.SearchStrategy[AnyParameter]:
    """All kinds there are."""
    return (
        parameters(name=name)
        | optional(name=name)
        | ordinal(name=name)
        | described(name=name)
        | contextual(name=name)
        | fixed(name=name)
    )


def values_of_any_kind(parameter: AnyParameter) -> st.SearchStrategy[Value]:
    """Values that can be set, measured or are fixed."""
    match parameter:
        case Continuous(optional=True):
            return st.just(0.0) | st.floats(parameter.low, parameter.high).map(parameter.snap)
        case Ordinal():
            return st.sampled_from(parameter.levels)
        case Fixed():
            return st.just(parameter.value)
        case Contextual():
            # as a meter shows it: six digits of the largest value
            largest = Decimal(repr(max(abs(parameter.low), abs(parameter.high))))
            last = Decimal(1).scaleb(largest.adjusted() - 5)
            digits = st.floats(parameter.low, parameter.high).map(
                lambda each: float(Decimal(repr(each)).quantize(last))
            )
            return digits.filter(lambda each: parameter.low <= each <= parameter.high)
        case _:
            return values(parameter)
