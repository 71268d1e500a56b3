from __future__ import annotations

from typing import Any

import pytest
import yaml
from curve_samples import make_reduction, reduce
from pydantic import BaseModel, ConfigDict, ValidationError

from planner.campaign.reductions import (
    Axes,
    Reduction,
    ReductionFailure,
    check_reduction,
    names_for,
    reduce_curve,
)
from planner.errors import InputError, UnitError, UnknownName
from planner.space import Floats

RAMAN = Axes(x_unit="1/cm", y_unit="1")
SPECTRUM = Axes(x_unit="nm", y_unit="%")
RATIO = """{name: ratio, numerator: {name: area, from: 1250, to: 1450 1/cm, baseline: linear},
            denominator: {name: area, from: 1500, to: 1700}}"""


class _Outcome(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    by: Reduction | None = None


@pytest.mark.parametrize(
    "text",
    [
        "peak_position",
        "{name: peak_position, from: 400 nm}",
        "{name: quantile, level: 0.9}",
        "{name: area, from: 400 nm, to: 600}",
        "{name: value_at, x: 532 nm}",
        "{name: distance, target: {path: t.csv, columns: {x: nm, y: 2}}, normalised: true}",
        "{name: own, function: area_of_my_peak, unit: 1}",
        RATIO,
    ],
)
def test_a_reduction_is_read_from_yaml_and_survives_json(text: str) -> None:
    outcome = _Outcome(by=yaml.safe_load(text))
    for by_alias in (False, True):
        for exclude_defaults in (False, True):
            written = outcome.model_dump_json(by_alias=by_alias, exclude_defaults=exclude_defaults)
            assert _Outcome.model_validate_json(written) == outcome
    assert outcome.by is not None
    assert outcome.by.name in (text, yaml.safe_load(text)["name"] if "{" in text else text)


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("peak_postion", "does not match any of the expected tags"),
        ({"name": "area", "form": 400}, "form"),
        ({"name": "area", "from": "400 parsnip"}, "parsnip"),
        ({"name": "area", "from": "wide"}, "wide"),
        ({"name": "area", "from": float("nan")}, "finite"),
        ("quantile", "level"),
        ({"name": "quantile", "level": 1.0}, "less than 1"),
        ({"name": "distance", "target": {"path": "t.csv", "columns": {"x": 1}}}, "columns x and y"),
        ({"name": "ratio", "numerator": {"name": "mean"}}, "mean"),
        ({"name": "own", "function": "f", "unit": "parsnip"}, "parsnip"),
    ],
)
def test_a_mistake_in_a_reduction_is_said(by: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        _Outcome(by=by)  # type: ignore[arg-type]


def test_the_schema_tells_editors_of_bare_names_and_of_from_and_to() -> None:
    schema = _Outcome.model_json_schema()
    assert {"type": "string"} in schema["properties"]["by"]["anyOf"]
    assert {"from", "to", "baseline"} <= set(schema["$defs"]["Area"]["properties"])


@pytest.mark.parametrize(
    ("by", "axes", "unit"),
    [
        ("mean", Axes(x_unit="nm"), "nm"),
        ("polydispersity", Axes(x_unit="nm"), "1"),
        ("peak_position", SPECTRUM, "nm"),
        ("fwhm", SPECTRUM, "nm"),
        ("maximum", SPECTRUM, "%"),
        ("area", Axes(x_unit="nm"), "nm"),
        ("area", Axes(x_unit="s", y_unit="mA"), "coulomb"),
        ("area", Axes(x_unit="degC", y_unit="mW"), "W*K"),
        ("area", SPECTRUM, "um"),
        (yaml.safe_load(RATIO), RAMAN, "1"),
        ("sd", Axes(x_unit="degC"), "K"),
        ({"name": "value_at", "x": "5 min"}, Axes(x_unit="s", y_unit="degC"), "degF"),
    ],
)
def test_the_unit_of_the_number_follows_from_those_of_the_axes(
    by: object, axes: Axes, unit: str
) -> None:
    reduction = make_reduction(by)
    subject = "curve" if reduction.subject == "curve" else "distribution"
    check_reduction(reduction, subject=subject, axes=axes, unit=unit)
    with pytest.raises(UnitError, match=f"Reduction '{reduction.name}' gives a number in"):
        check_reduction(reduction, subject=subject, axes=axes, unit="kg*candela")


@pytest.mark.parametrize(
    ("by", "axes", "said"),
    [
        ("fwhm", Axes(x_unit="s", y_unit="degC"), "zero is arbitrary"),
        ("area", Axes(x_unit="s", y_unit="degC"), "zero is arbitrary"),
        ("span", Axes(x_unit="degC"), "zero is arbitrary"),
        ({"name": "area", "from": "4 min"}, SPECTRUM, "'min' cannot be converted to 'nm'"),
        ({"name": "area", "from": "0.6 um", "to": 400}, SPECTRUM, "must be below"),
        (
            {"name": "ratio", "numerator": {"name": "area"}, "denominator": {"name": "maximum"}},
            SPECTRUM,
            "Divide two areas",
        ),
        (
            {
                "name": "distance",
                "normalised": True,
                "target": {"path": "t.csv", "columns": {"x": 1, "y": 2}},
            },
            Axes(x_unit="s", y_unit="degC"),
            "zero is arbitrary",
        ),
    ],
)
def test_what_the_units_forbid_is_refused(by: object, axes: Axes, said: str) -> None:
    reduction = make_reduction(by)
    subject = "curve" if reduction.subject == "curve" else "distribution"
    with pytest.raises(InputError, match=said):
        check_reduction(reduction, subject=subject, axes=axes, unit="1")


def test_a_reduction_of_another_kind_of_outcome_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"for a distribution, not for a curve.*centroid"):
        check_reduction(make_reduction("mean"), subject="curve", axes=SPECTRUM, unit="nm")
    with pytest.raises(InputError, match=r"for a curve, not for a distribution.*mode"):
        check_reduction(
            make_reduction("peak_position"), subject="distribution", axes=SPECTRUM, unit="nm"
        )
    assert "own" in names_for("curve")
    assert "own" in names_for("distribution")


def test_the_number_is_converted_a_width_as_a_difference() -> None:
    """A triangle from 10 to 30 degC, highest at 20: its half width is 10 degC, a step of 10 K."""
    axes = Axes(x_unit="degC")
    triangle = ([10.0, 20.0, 30.0], [0.0, 1.0, 0.0])
    assert reduce("peak_position", *triangle, axes=axes, unit="K") == 293.15
    assert reduce("fwhm", *triangle, axes=axes, unit="K") == 10
    assert reduce("area", *triangle, axes=Axes(x_unit="min", y_unit="W"), unit="J") == 600
    part = {"name": "area", "from": "283.15 K", "to": "293.15 K"}
    assert reduce(part, *triangle, axes=axes, unit="K") == 5


def _second(x: Floats, y: Floats) -> float:
    y[:] = 0  # what it was handed is its own
    return float(x[1])


def test_a_function_of_the_users_own_gets_sorted_points() -> None:
    own = make_reduction({"name": "own", "function": "second", "unit": "nm"})
    y = [1.0, 2.0, 3.0]
    found = reduce_curve(own, [3.0, 1.0, 2.0], y, axes=SPECTRUM, unit="um", own={"second": _second})
    assert found == 0.002
    assert y == [1.0, 2.0, 3.0]


def test_a_function_that_is_not_handed_over_is_named_with_those_that_are() -> None:
    own = make_reduction({"name": "own", "function": "third"})
    with pytest.raises(UnknownName, match=r"'third'.*handed over: second"):
        reduce_curve(own, [1.0], [1.0], axes=SPECTRUM, own={"second": _second})


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x, y: 1 / 0, "ZeroDivisionError"),
        (lambda x, y: x[99], "IndexError"),
        (lambda x, y: float("nan"), "no finite number"),
        (lambda x, y: "wide", "ValueError"),
        (lambda x, y: None, "TypeError"),
    ],
)
def test_a_function_that_fails_gives_a_reason_and_not_a_crash(function: Any, said: str) -> None:
    own = make_reduction({"name": "own", "function": "f"})
    found = reduce_curve(own, [1.0], [1.0], axes=SPECTRUM, own={"f": function})
    assert isinstance(found, ReductionFailure)
    assert said in found.reason
