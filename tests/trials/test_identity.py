from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.trials import digest_json, digest_order, make_key

names = st.text(min_size=1, max_size=5)
values = st.integers(-(10**6), 10**6) | st.floats(allow_nan=False) | st.text(max_size=5)
configurations = st.dictionaries(names, values, max_size=5)


def test_a_key_names_campaign_trial_and_run() -> None:
    assert make_key("growth", 12, 3) == "growth/12/3"


@given(configurations, st.randoms())
def test_the_order_of_parameters_does_not_matter(
    configuration: dict[str, float | str], generator: object
) -> None:
    units = dict.fromkeys(configuration, "K")
    turned = dict(reversed(configuration.items()))
    assert digest_order(configuration, units=units) == digest_order(turned, units=units)


@given(configurations, configurations)
def test_other_parameters_have_another_digest(
    one: dict[str, float | str], other: dict[str, float | str]
) -> None:
    """Equality of text: 5 and 5.0 are told apart, as they are by a device."""
    units = dict.fromkeys(one | other, "K")
    is_same = {k: repr(v) for k, v in one.items()} == {k: repr(v) for k, v in other.items()}
    assert (digest_order(one, units=units) == digest_order(other, units=units)) is is_same


def test_another_unit_is_another_order() -> None:
    assert digest_order({"t": 300.0}, units={"t": "K"}) != digest_order(
        {"t": 300.0}, units={"t": "degC"}
    )


def test_the_digest_is_the_same_on_every_machine_and_release() -> None:
    """SHA-256 of the canonical text, written out by hand: runs of old ledgers keep their digest."""
    text = '{"parameters":{"n":[3,"1"],"t":[25.5,"degC"]},"protocol":1}'
    assert (
        digest_order({"t": 25.5, "n": 3}, units={"t": "degC", "n": "1"})
        == hashlib.sha256(text.encode()).hexdigest()
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_result_that_is_no_number_has_a_digest_too(number: float) -> None:
    """It is quarantined, and the inbox drops its repeats like any other."""
    assert digest_json({"y": number}) == digest_json({"y": number})
    assert digest_json({"y": number}) != digest_json({"y": 0.0})


def test_a_parameter_without_a_unit_is_refused() -> None:
    with pytest.raises(KeyError):
        digest_order({"t": 1.0}, units={})
