"""Trials wait in the ledger, for days if need be: status says what waits for whom, since when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from planner.clock import ManualClock
from planner.loop import people
from planner.loop.people import Told
from planner.loop.work_list import list_work
from tests.loop.bench_days import bench_day, hand_out, settings, tell

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def test_what_waits_for_whom_and_since_when(tmp_path: Path) -> None:
    clock = ManualClock(START)
    with (
        bench_day(tmp_path, clock=clock) as ada,
        bench_day(tmp_path, clock=clock, author="ben") as ben,
    ):
        hand_out(ada, settings(110.0))
        clock.wait_s(3600)
        hand_out(ben, settings(120.0))
        hand_out(ada, settings(130.0))
        hand_out(ada, settings(140.0), to_robot=True)  # a machine's: nobody waits for a person
        tell(ada, 3, **{"yield": 50.0})
        work = {each.who + ": " + each.what: each.trials for each in list_work(ada.refresh())}
        assert work == {
            "ada: the result": (1,),
            "ben: the result": (2,),
            "tem: size": (3,),
            "ada: phase": (3,),
        }
        assert list_work(ada.state)[0].since == START
        people.tell(ada, 3, Told(lost=("phase", "size"), reason="the sample is gone"))
        assert [each.who for each in list_work(ada.state)] == ["ada", "ben"]
        said = list_work(ada.state, file="day.yaml")[0].in_words()
        assert said == (
            "ada: the result of trial 1, since 2026-01-05 08:00 UTC "
            "(planner tell day.yaml 1 yield=VALUE phase=VALUE, or a table)"
        )
