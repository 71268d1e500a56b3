"""The run sheet of trials that were asked: their settings, their boxes, the changes in between."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planner.loop import people
from planner.report.bench_sheet import duration, make_bench_sheet
from tests.loop.bench_days import BENCH, bench_day, hand_out, settings

TEXT = BENCH.replace(
    "{kind: adapter, adapter: none}",
    "{kind: person, set_up: {time: 40 min, parameters: [catalyst]}}",
)


def plain(html: str) -> str:
    body = html[html.index("<body") :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_trials_are_in_the_order_that_saves_time_with_what_is_to_be_changed(
    tmp_path: Path,
) -> None:
    with bench_day(tmp_path, text=TEXT) as session:
        for degrees, catalyst in ((110.5, "P1-L1"), (120.0, "1-2"), (130.0, "P1-L1")):
            hand_out(session, settings(degrees, catalyst))
        trials = [session.state.trial(number) for number in (1, 2, 3)]
        ordered, order = people.order_to_run(session.state, trials)
        page = make_bench_sheet(
            session.state, ordered, order=order, who="Ada <ada@bench>", date="5 January 2026"
        )
    said = plain(page)
    assert [trial.number for trial in ordered] == [1, 3, 2]
    assert said.index("110.5 degC") < said.index("130 degC") < said.index("120 degC")
    assert said.count("Change first:") == 1
    assert "Change first: catalyst to 1-2 (40 min)" in said
    assert "takes 40 min in this order, 40 min less than as chosen" in said
    assert "Ada &lt;ada@bench&gt;" in page
    assert said.count("measure rh_percent") == 3  # what nobody sets is measured
    assert "cubic / amorphous" in said
    assert "size" not in said  # that is measured elsewhere


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20.0, "20 s"), (60.0, "1 min"), (2400.0, "40 min"), (3600.0, "1 h"), (12000.0, "3 h 20 min")],
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
