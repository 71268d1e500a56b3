"""Which family learns where one was named, and that it says so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planner.errors import InputError
from planner.models import FAMILIES, serving

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "models.md"


@pytest.mark.parametrize(
    ("named", "n", "serves"),
    [
        ("bnn", 100, "bnn"),
        ("bnn", 101, "variational_bnn"),
        ("bnn", 2001, "large_gp"),
        ("variational_bnn", 2000, "variational_bnn"),
        ("variational_bnn", 2001, "large_gp"),
        ("deep_ensemble", 1000, "deep_ensemble"),
        ("deep_ensemble", 1001, "large_gp"),
        ("saas_gp", 200, "saas_gp"),
        ("saas_gp", 201, "averaged_gp"),
        ("bayesian_gp", 201, "averaged_gp"),
        ("bayesian_gp", 5001, "large_gp"),
        ("gp", 5000, "gp"),
        *[(name, 5001, "large_gp") for name in FAMILIES if FAMILIES[name].heir == "large_gp"],
        *[(name, 100_000, name) for name in ("auto", "full_auto", "forest", "large_gp")],
    ],
)
def test_past_what_it_learns_from_a_family_hands_over(named: str, n: int, serves: str) -> None:
    found = serving(named, n)

    assert found.family is FAMILIES[serves]
    assert bool(found.in_words()) == (serves != named)


def test_of_any_number_some_family_learns() -> None:
    """A family with a limit has an heir, one without has none, and the last has no limit."""
    for name, family in FAMILIES.items():
        assert (family.most is None) == (family.heir is None), name
        assert serving(name, 10**9).family.most is None


def test_who_decides_is_said_with_everyone_who_gave_way() -> None:
    assert serving("bnn", 100).in_words() == ""
    assert serving("bnn", 101).in_words() == (
        "variational_bnn decides: bnn learns from at most 100 results."
    )
    assert serving("bnn", 3000).in_words() == (
        "large_gp decides: bnn learns from at most 100 results and variational_bnn learns from at "
        "most 2,000 results."
    )


def test_a_family_that_does_not_exist_serves_nobody() -> None:
    with pytest.raises(InputError, match="no model family 'magic'"):
        serving("magic", 3)


def test_the_page_of_models_has_every_limit() -> None:
    rows = re.findall(r"^\| (`.+`) \| ([\d,]+) \| `(\w+)` \|$", PAGE.read_text("utf-8"), re.M)
    said = {
        name: (int(most.replace(",", "")), heir)
        for names, most, heir in rows
        for name in re.findall(r"\w+", names)
    }

    assert said == {
        name: (each.most, each.heir) for name, each in FAMILIES.items() if each.most is not None
    }
