"""Numbers, labels, ranges and ticks."""

# ruff: noqa: RUF001 - the minus and times signs that readers see are meant

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from planner.pictures.axis import (
    HARD_SPACE,
    Quantity,
    Range,
    fitted,
    number,
    number_axis,
    range_of,
    text_width,
)
from planner.pictures.frame import house_style


def axis(shown, **kwargs):
    axes = Figure().add_subplot()
    quantity = Quantity("rate", "mol/s", **kwargs)
    number_axis(axes, "x", shown, quantity=quantity, length=500.0)
    labels = [label.get_text() for label in axes.get_xticklabels()]
    return axes.get_xticks(), labels, axes.get_xlabel().replace(HARD_SPACE, " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-2.5, "−2.5"), (1234567.0, "1.235×10⁶"), (2.5e-9, "2.5×10⁻⁹"), (80.0, "80")],
)
def test_numbers_in_sentences_have_four_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize("size", [1e-9, 1e-3, 1.0, 42.0, 1e6, 1e12])
def test_tick_labels_times_the_labels_power_of_ten_are_the_ticks(size):
    ticks, labels, label = axis(Range(-0.3 * size, 1.1 * size))
    factor = 1.0
    if "×10" in label:
        power = label.split("×10")[1].split(" ")[0]
        factor = 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
        assert round(np.log10(factor)) % 3 == 0, "powers that units have names for"
    read = [float(text.replace("−", "-")) * factor for text in labels]
    # labels carry all decimals of the step, so only float rounding may differ
    np.testing.assert_allclose(read, ticks, rtol=1e-12, atol=1e-12 * size)
    assert max(len(text) for text in labels) <= 7


def test_values_that_differ_in_the_ninth_digit_are_counted_from_a_round_number():
    ticks, labels, label = axis(Range(1e6 - 1e-3, 1e6 + 1e-3))
    assert label == "rate − 1000000 (mol/s)"
    read = [float(text.replace("−", "-")) + 1e6 for text in labels]
    # doubles near 1e6 are 1.2e-10 apart
    np.testing.assert_allclose(read, ticks, rtol=0, atol=3e-10)


def test_counts_have_whole_ticks():
    for n in (1, 2, 3, 7, 30, 400):
        ticks, _, _ = axis(Range(0.5, n + 0.5), is_whole=True)
        assert len(ticks)
        assert all(tick == round(tick) for tick in ticks)


def test_a_log_axis_writes_all_its_labels_in_one_way():
    _, labels, _ = axis(Range(1e-8, 1e-2, is_log=True))
    assert all(label.startswith("10") for label in labels)
    _, labels, _ = axis(Range(0.009, 110.0, is_log=True))
    assert {"0.01", "0.1", "1", "10", "100"} <= set(labels)


@given(st.text(max_size=80), st.floats(40, 400), st.integers(1, 3))
def test_fitted_text_fits(text, width, lines):
    with house_style():
        shown = fitted(text, width, size=12.0, lines=lines).split("\n")
        widths = [text_width(line, 12.0) for line in shown]
    assert len(shown) <= lines
    assert max(widths) <= width


@given(st.lists(st.floats(-1e9, 1e9) | st.just(np.nan), max_size=8))
def test_a_range_holds_what_it_is_of_and_has_a_length(values):
    shown = range_of(np.array(values, dtype=float))
    assert shown.low < shown.high
    finite = [value for value in values if np.isfinite(value)]
    assert all(shown.low <= value <= shown.high for value in finite)


def test_a_range_on_a_log_scale_stays_positive():
    shown = range_of(np.array([1e-9, 1e-5]), is_log=True)
    assert 0 < shown.low < 1e-9 < 1e-5 < shown.high
