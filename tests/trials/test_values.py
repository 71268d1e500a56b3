from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ConfigDict, TypeAdapter, ValidationError

from planner.errors import InputError
from planner.trials.values import Artifact, Curve, OutcomeValue, StoredCurve

HASH = "0123456789abcdef" * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    value: OutcomeValue
    sd: float | None = None


STORED: TypeAdapter[dict[str, _Measured]] = TypeAdapter(
    dict[str, _Measured],
    config=ConfigDict(allow_inf_nan=False, ser_json_inf_nan="constants", extra="forbid"),
)
finite = st.floats(allow_nan=False, allow_infinity=False)
curves = st.lists(st.tuples(finite, finite), max_size=6).map(
    lambda pairs: Curve(x=tuple(x for x, _ in pairs), y=tuple(y for _, y in pairs))
)
values: st.SearchStrategy[Any] = st.one_of(
    finite,
    st.text(max_size=10),
    finite.map(str),  # a class may be named like a number
    curves,
    st.builds(StoredCurve, sha256=st.just(HASH), n_points=st.integers(0, 10**9)),
    st.builds(
        Artifact,
        sha256=st.just(HASH),
        media_type=st.sampled_from(["image/png", "text/csv; charset=utf-8"]),
        n_bytes=st.integers(0, 10**15),
        name=st.sampled_from(["SEM 12.tif", "spectrum.csv", "\N{GREEK SMALL LETTER MU}.png"]),
    ),
)


@given(st.dictionaries(st.text(max_size=3), values, max_size=4), st.sampled_from([None, 0.5]))
def test_every_kind_of_value_survives_json(found: dict[str, Any], sd: float | None) -> None:
    """To the last bit, and in its own type: the class "1.5" is not the number 1.5."""
    measured = {name: _Measured(value=value, sd=sd) for name, value in found.items()}
    read = STORED.validate_json(STORED.dump_json(measured))
    assert read == measured
    for name, value in found.items():
        assert type(read[name].value) is type(value)


def test_a_whole_number_in_json_is_a_number() -> None:
    read = STORED.validate_json('{"a": {"value": 3}}')
    assert type(read["a"].value) is float
    assert STORED.validate_python({"a": _Measured(value=np.float64(3.5))})["a"].value == 3.5


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("true", "give a number, a class, a curve or a file"),
        ("null", "give a number, a class, a curve or a file"),
        ("[1, 2]", "give a number, a class, a curve or a file"),
        ("{}", "give a number, a class, a curve or a file"),
        ("NaN", "finite"),
        ("1e999", "finite"),
        ('{"x": [1], "y": [1, 2]}', "1 values of x and 2 of y"),
        ('{"x": ["1"], "y": [1]}', "valid number"),
        ('{"x": [true], "y": [1]}', "valid number"),
        ('{"x": [NaN], "y": [1]}', "finite"),
        ('{"x": [1], "y": [1], "z": [1]}', "z"),
        ('{"sha256": "../../etc/passwd", "n_points": 1}', "no SHA-256"),
        (f'{{"sha256": "{HASH}", "n_points": -1}}', "greater than or equal to 0"),
    ],
)
def test_what_is_no_value_is_refused_with_one_reason(value: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        STORED.validate_json(f'{{"a": {{"value": {value}}}}}')
    assert caught.value.error_count() == 1


def test_a_curve_has_a_y_for_each_x_and_finite_values() -> None:
    with pytest.raises(InputError, match="2 values of x and 1 of y"):
        Curve(x=(1.0, 2.0), y=(1.0,))
    for bad in (math.nan, math.inf):
        with pytest.raises(InputError, match="not finite"):
            Curve(x=(1.0,), y=(bad,))


@pytest.mark.parametrize("sha256", ["", "abc", HASH.upper(), HASH + "0", f"/{HASH[1:]}"])
def test_a_hash_is_64_digits_because_it_becomes_a_path(sha256: str) -> None:
    with pytest.raises(InputError, match="SHA-256"):
        StoredCurve(sha256=sha256, n_points=1)
    with pytest.raises(InputError, match="SHA-256"):
        Artifact(sha256=sha256, media_type="image/png", n_bytes=1, name="a.png")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "..\\b", "a\nb", "a" * 256])
def test_a_file_is_named_without_a_folder(name: str) -> None:
    with pytest.raises(InputError, match="no name of a file"):
        Artifact(sha256=HASH, media_type="image/png", n_bytes=1, name=name)


@pytest.mark.parametrize("media_type", ["", "png", "image/", "image/png\n", "a/b/c"])
def test_a_media_type_has_two_parts(media_type: str) -> None:
    with pytest.raises(InputError, match="no media type"):
        Artifact(sha256=HASH, media_type=media_type, n_bytes=1, name="a")
