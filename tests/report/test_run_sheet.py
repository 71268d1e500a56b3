"""The run sheet: what it says, that it stands alone, and that nothing in a name can break it."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from planner.report.run_sheet import RunColumn, RunRow, RunSheetHead, make_run_sheet
from tests.report.run_sheets import HEAD, OUTCOMES, make_sheet
from tests.report.test_page import read

NASTY = "<script>alert(1)</script>&\"'{{ 7*7 }}"


def test_it_says_all_that_is_needed_at_the_bench() -> None:
    page = read(make_sheet(3))
    for text in (
        "suzuki-coupling", "A. Curie", "21 November 2026", "trials 100, 101, 102", "temperature",
        "112.5 degC", "yield", "%", "done", "failed by machine", "failed by process",
        "remarks", "achieved", "Change first:", "flush with THF", "reactor B", "40 min less",
        "Chosen by the model",
    ):  # fmt: skip
        assert text in page.words


def test_trials_stand_in_the_order_given() -> None:
    rows = [RunRow(trial=number, settings=("1",)) for number in ("9", "3", "12")]
    page = make_run_sheet("x", [RunColumn(name="t")], rows, outcomes=OUTCOMES, head=HEAD)
    assert re.findall(r'aria-label="trial (\d+)"', page) == ["9", "3", "12"]


def test_each_trial_has_its_boxes() -> None:
    tags = [(tag, each.get("class", "")) for tag, each in read(make_sheet(3)).tags]
    assert sum(kind == "check" for _, kind in tags) == 3 * 3
    # five achieved values, two outcomes, remarks
    assert sum(kind == "box" for _, kind in tags) == 3 * (5 + 2 + 1)


@pytest.mark.parametrize(
    ("n", "abreast"), [(0, 1), (1, 1), (5, 5), (6, 3), (7, 4), (8, 4), (11, 4)]
)
def test_rows_of_settings_are_equally_full(n: int, abreast: int) -> None:
    assert f'class="settings of-{abreast}"' in make_sheet(1, n_parameters=n)


def test_many_trials_are_named_in_short() -> None:
    assert "trials 100, 101, 102, 103, ..., 118, 119" in read(make_sheet(20)).words


def test_without_trials_it_says_so() -> None:
    assert "There are no trials to run." in read(make_sheet(0)).words


def test_nothing_in_a_name_can_break_it() -> None:
    page = make_run_sheet(
        NASTY,
        [RunColumn(name=NASTY, unit=NASTY)],
        [RunRow(trial=NASTY, settings=(NASTY,), reason=NASTY, set_up=NASTY, place=NASTY)],
        outcomes=[RunColumn(name=NASTY, unit=NASTY)],
        head=RunSheetHead(campaign=NASTY, who=NASTY, date=NASTY, note=NASTY, set_up_time=NASTY),
    )
    read_page = read(page)
    assert "script" not in {tag for tag, _ in read_page.tags}
    assert NASTY in " ".join(read_page.text)
    assert "49" not in page.replace(_style(page), "")


def _style(page: str) -> str:
    found = re.search("<style>(.*)</style>", page, re.DOTALL)
    assert found is not None
    return found[1]


def test_it_stands_alone_and_allows_its_own_style_only() -> None:
    page = make_sheet(2)
    digest = base64.b64encode(hashlib.sha256(_style(page).encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page
    tags = read(page).tags
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags}
    # an inline style would be refused by the page's own policy
    assert not any({"style", "src", "href"} & set(each) for _, each in tags)


def test_the_same_records_give_the_same_bytes() -> None:
    assert make_sheet(4) == make_sheet(4)


def test_a_row_needs_a_setting_for_each_column() -> None:
    with pytest.raises(ValueError, match="Trial 4 has 1 settings for 2 columns"):
        make_run_sheet(
            "x",
            [RunColumn(name="a"), RunColumn(name="b")],
            [RunRow(trial="4", settings=("1",))],
            outcomes=OUTCOMES,
            head=HEAD,
        )
