"""What a step does, counted in Python and in the database, does not grow with the campaign."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import event

import planner
from planner.clock import ManualClock
from planner.ledger.entries import OutcomesObserved
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from tests.cost.past_trials import write_past
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done

OURS = str(Path(planner.__file__).parent)
FEW, MANY, MEASURED = 30, 330, 4

# what a file may ask for besides, each of which was once counted anew at every step
SOURCE = (
    "capacity: 2, cost: 2, duration: 1 min, set_up: {time: 1 min, parameters: [flow]}, "
    "consumables: {argon: {unit: l, stock: 100000, use: 1}}"
)


@dataclass(slots=True)
class Work:
    """Lines of ours that were run, and steps of the database's own machine."""

    lines: int = 0
    in_database: int = 0


def work_of_trials(session: Session) -> Work:
    """Return what some more trials of a campaign take."""
    work = Work()

    def in_database() -> int:
        work.in_database += 1
        return 0

    def line(_frame: FrameType, what: str, _: Any) -> Any:
        work.lines += what == "line"
        return line

    def call(frame: FrameType, _what: str, _: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(OURS) else None

    session.ledger.engine.dispose()  # every connection from here on is counted
    event.listen(
        session.ledger.engine,
        "connect",
        lambda connection, _: connection.set_progress_handler(in_database, 1),
    )
    told: list[int] = []
    session.listener = lambda entry, _: (
        told.append(1) if isinstance(entry.record, OutcomesObserved) else None
    )
    before = sys.gettrace()
    with holding(session):
        while len(told) < 2:  # what is made once is made
            advance(session)
        told.clear()
        work.in_database = 0
        sys.settrace(call)
        try:
            while len(told) < MEASURED:
                advance(session)
        finally:
            sys.settrace(before)
    return work


def test_a_trial_takes_as_much_work_after_many_trials_as_after_few(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """A step over all trials takes at least a line or a database step for each of them.

    Numbers are longer and the database's trees deeper, which is allowed a tenth and would not
    hide one line for each of 300 trials more in what is some 4,000 lines a trial.
    """
    found = []
    for n in (FEW, MANY):
        text = campaign_text(
            source=SOURCE, budget="trials: 5000, cost: 90000 EUR", policy="acquisition: random"
        ).replace("campaign: bench", f"campaign: bench_{n}")
        lab = ScriptedLab(lambda order, _: done(order, **{"yield": 50.0}))
        session = make_session(lab, text=text)
        write_past(session, n, at_once=10, between=lambda: clock.wait_s(120))
        found.append(work_of_trials(session))
    few, many = found
    assert few.lines > 1000
    assert many.lines < 1.1 * few.lines
    assert few.in_database > 1000
    assert many.in_database < 1.1 * few.in_database
