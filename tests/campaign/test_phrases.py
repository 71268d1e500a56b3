"""Numbers as sentences have them."""

from __future__ import annotations

import pytest

from planner.campaign.words.phrases import typeset


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("-0", "0"),
        ("-0.00", "0.00"),
        ("0.00", "0.00"),
        ("-0.01", "\u22120.01"),
        ("-1.5e-05", "\u22121.5e\u221205"),
        ("+3", "+3"),
    ],
)
def test_a_rounded_zero_has_no_sign_and_a_minus_is_one(text: str, read: str) -> None:
    assert typeset(text) == read
