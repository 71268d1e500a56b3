"""Parameters of every kind, over the sizes of number that labs meet."""

from __future__ import annotations

from hypothesis import strategies as st

from planner.space import AnyParameter, Categorical, Continuous, Discrete, Integer, Value

UNITS = ("1", "degC", "K", "min", "mol_percent", "sccm", "nm")


def names() -> st.SearchStrategy[str]:
    """Names as a campaign file may have them, in any alphabet."""
    letters = st.characters(categories=("L",), codec="utf-8")
    more = st.text(st.characters(categories=("L", "Nd"), include_characters="_"), max_size=8)
    return st.builds("{}{}".format, letters, more)


def written(smallest: int = -12, largest: int = 12) -> st.SearchStrategy[float]:
    """Numbers as people write them: up to five digits, 1e-12 to 1e12, either sign, or zero."""
    return st.builds(
        lambda digits, exponent: float(f"{digits}e{exponent}"),
        st.integers(-99_999, 99_999),
        st.integers(smallest, largest - 5),
    )


@st.composite
def ranges(draw: st.DrawFn, *, is_positive: bool = False) -> tuple[float, float]:
    """Two numbers in order, not closer than the planner accepts."""
    numbers = written().map(abs).filter(bool) if is_positive else written()
    low, high = sorted([draw(numbers), draw(numbers)])
    if high - low <= 1e-8 * max(abs(low), abs(high)):
        high = low + max(abs(low), 1e-9)
    return low, high


@st.composite
def continuous(draw: st.DrawFn, *, name: str = "p", scale: str | None = None) -> Continuous:
    """With and without a resolution, linear and log."""
    scale = scale or draw(st.sampled_from(["linear", "log"]))
    low, high = draw(ranges(is_positive=scale == "log"))
    n_steps = draw(st.none() | st.integers(1, 10_000))
    # steps of one digit, so that the whole grid has few enough digits to be exact
    resolution = None if n_steps is None else float(f"{(high - low) / n_steps:.0e}")
    unit = draw(st.sampled_from(("1", "K", "min", "sccm") if scale == "log" else UNITS))
    try:
        return Continuous(
            name=name, low=low, high=high, scale=scale, resolution=resolution, unit=unit
        )
    except ValueError:  # too fine a resolution for its range
        return Continuous(name=name, low=low, high=high, scale=scale, unit=unit)


@st.composite
def integers(draw: st.DrawFn, *, name: str = "p") -> Integer:
    """Of any range."""
    low = draw(st.integers(-1_000_000, 1_000_000))
    return Integer(name=name, low=low, high=low + draw(st.integers(1, 100_000)))


@st.composite
def discrete(draw: st.DrawFn, *, name: str = "p") -> Discrete:
    """Two to eight numbers, in any order."""
    values = draw(st.lists(written(-6, 6), min_size=2, max_size=8, unique=True))
    return Discrete(name=name, values=values)


@st.composite
def categorical(draw: st.DrawFn, *, name: str = "p") -> Categorical:
    """Two to eight names."""
    words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6).filter(str.strip)
    return Categorical(
        name=name, choices=draw(st.lists(words, min_size=2, max_size=8, unique=True))
    )


def parameters(name: str = "p") -> st.SearchStrategy[AnyParameter]:
    """Any parameter."""
    return (
        continuous(name=name) | integers(name=name) | discrete(name=name) | categorical(name=name)
    )


@st.composite
def parameters_and_points(draw: st.DrawFn) -> tuple[AnyParameter, list[float]]:
    """A parameter with a point of its columns of the unit cube."""
    parameter = draw(parameters())
    unit = st.floats(0, 1)
    return parameter, draw(
        st.lists(unit, min_size=parameter.n_columns, max_size=parameter.n_columns)
    )


def values(parameter: AnyParameter) -> st.SearchStrategy[Value]:
    """Values that the lab can set."""
    match parameter:
        case Continuous():
            return st.floats(parameter.low, parameter.high).map(parameter.snap)
        case Integer():
            return st.integers(int(parameter.low), int(parameter.high))
        case Discrete():
            return st.sampled_from(parameter.values)
        case Categorical():
            return st.sampled_from(parameter.choices)
