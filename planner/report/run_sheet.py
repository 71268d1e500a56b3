"""A run sheet: the trials of a day on paper, to take to the bench and to write on.

One page of HTML that needs no script, no network and no other file, made for A4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planner.report.standalone import render_page

STATES = ("done", "failed by machine", "failed by process")  # as in the table to fill in
_MOST_ABREAST = 5  # 33 mm each: "0.125 mL/min" in large letters


@dataclass(frozen=True, slots=True, kw_only=True)
class RunColumn:
    """A parameter or an outcome.

    Args:
        name: of it.
        unit: to stand behind a value; empty for a plain number or a name.
    """

    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCourse:
    """A programme in time to follow.

    Args:
        name: of it.
        unit: of its values; empty for plain numbers.
        time_unit: of its times.
        points: time and value of each knot, in order, as they are to be set.
        course: how it goes in between, such as ``in straight lines``.
    """

    name: str
    unit: str
    time_unit: str
    points: tuple[tuple[str, str], ...]
    course: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A trial.

    Args:
        trial: its number.
        settings: one value a column, as they are to be set.
        reason: why it was chosen, for the small print.
        set_up: what is to be changed before it, such as "column: HILIC (20 min)"; may be empty.
        place: where it runs, such as the name of a device; may be empty.
        courses: programmes in time, whole, with what is fixed.
    """

    trial: str
    settings: tuple[str, ...]
    reason: str = ""
    set_up: str = ""
    place: str = ""
    courses: tuple[RunCourse, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSheetHead:
    """What stands at the head of each page.

    Args:
        campaign: its name.
        who: asked for the trials.
        date: of the sheet.
        note: for whoever runs them; may be empty.
        set_up_time: that the order of the trials takes and saves, in words; may be empty.
    """

    campaign: str
    who: str
    date: str
    note: str = ""
    set_up_time: str = ""


def make_run_sheet(
    title: str,
    columns: Sequence[RunColumn],
    rows: Sequence[RunRow],
    *,
    outcomes: Sequence[RunColumn],
    head: RunSheetHead,
) -> str:
    """Returns the sheet as HTML; the same records give the same bytes.

    Args:
        title: of the sheet.
        columns: the parameters.
        rows: the trials, in the order to run them.
        outcomes: what is measured; each has an empty box.
        head: campaign, person and date.

    Raises:
        ValueError: a row has not one setting a column.
    """
    for row in rows:
        if len(row.settings) != len(columns):
            raise ValueError(
                f"Trial {row.trial} has {len(row.settings)} settings for {len(columns)} columns."
            )
    return render_page(
        "run_sheet",
        {
            "title": title,
            "columns": columns,
            "rows": rows,
            "outcomes": outcomes,
            "head": head,
            "states": STATES,
            "n_abreast": _abreast(len(columns)),
            "trials": _numbers([row.trial for row in rows]),
        },
    )


def _abreast(n: int) -> int:
    """Returns how many settings stand beside each other, so that their rows are equally full."""
    n_rows = max(1, math.ceil(n / _MOST_ABREAST))
    return max(1, math.ceil(n / n_rows))


def _numbers(trials: Sequence[str]) -> str:
    if not trials:
        return "no trials"
    word = "trial" if len(trials) == 1 else "trials"
    shown = trials if len(trials) <= 8 else [*trials[:4], "...", *trials[-2:]]
    return f"{word} {', '.join(shown)}"
