"""Numbers and their units on one line."""

from __future__ import annotations

import pytest

from planner.report import gather, make_page
from planner.report.unbroken import hold_together
from tests.report.campaigns import make_spec, measured


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("38.7 to 47.6 mg.", "38.7 to 47.6_mg."),
        ("(95 % of the time)", "(95_% of the time)"),
        ("7.1 \u00b1 5.2 mg", "7.1 \u00b1_5.2_mg"),
        ("2.5\u00d710\u207b\u2079 mg", "2.5\u00d710\u207b\u2079_mg"),
        ("3 mg/mL of 4 mgs", "3_mg/mL of 4 mgs"),
        ("12 &lt;a&gt; or 12 b", "12_&lt;a&gt; or 12 b"),
        ("2.3 d of trials, 8 trials", "2.3_d of trials, 8 trials"),
        ('<a title="5 mg">5 mg</a>', '<a title="5 mg">5_mg</a>'),
        ("<svg><text>5 mg</text></svg> 5 mg", "<svg><text>5 mg</text></svg> 5_mg"),
        ("<style>p { margin: 5 mg }</style>", "<style>p { margin: 5 mg }</style>"),
    ],
)
def test_a_number_is_never_parted_from_its_unit(given: str, shown: str) -> None:
    assert hold_together(given, ["mg", "mg/mL", "<a>"]).replace("\xa0", "_") == shown


def test_the_page_holds_its_numbers_and_units_together(tmp_path) -> None:
    diary = measured(make_spec(), [10.0, 25.0, 40.0, 75.0, 60.0])
    page = make_page(gather(diary.state, diary.space, folder=tmp_path))
    assert "90\xa0% interval of the mean" in page
    assert "measured there (trial 4): 75\xa0percent" in page
