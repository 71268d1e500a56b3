"""What was asked elsewhere, where people have no names: it is entered once, and stops only."""

from __future__ import annotations

from datetime import timedelta

import pytest

from planner.clock import ManualClock
from planner.errors import StaleWrite
from planner.labs import PersonLab
from planner.ledger.entries import WantedSet
from planner.loop import people
from planner.loop.sessions.session import Session
from planner.trials import Wanted
from tests.loop.conftest import MakeSession


def enter(session: Session, act: str = "run 1 cancelled", **more: object) -> bool:
    given = {"at": session.clock.now(), "author": "the pages", "reason": "cancelled", **more}
    return people.enter_drain(session, act, **given)  # type: ignore[arg-type]


def wishes(session: Session) -> list[tuple[str, str]]:
    entries = session.ledger.read(session.campaign, kinds=("wanted set",))
    return [(each.author, each.record.wanted) for each in entries]  # type: ignore[union-attr]


def test_an_act_is_entered_once_by_whoever_sees_it_first(make_session: MakeSession) -> None:
    session, other = make_session(PersonLab()), make_session(PersonLab())
    assert enter(session)
    assert not enter(session)
    assert not enter(other)
    assert wishes(session) == [("the pages", "drain")]
    assert enter(other, "run 2 cancelled"), "another act is another entry"
    assert wishes(session) == [("the pages", "drain")] * 2


def test_the_ledger_itself_refuses_an_act_that_it_has(make_session: MakeSession) -> None:
    """So two processes that looked at the same moment cannot both enter it."""
    session = make_session(PersonLab())
    enter(session)
    people.want(session, Wanted.RUN, reason="go")
    again = WantedSet(wanted=Wanted.DRAIN, reason="cancelled", act="run 1 cancelled")
    with pytest.raises(StaleWrite, match="entered in campaign 'bench' already"):
        session.ledger.append("bench", [again], author="the pages")
    assert session.refresh().wanted is Wanted.RUN


def test_what_was_entered_before_go_does_not_come_back_after_it(make_session: MakeSession) -> None:
    session = make_session(PersonLab())
    enter(session)
    people.want(session, Wanted.RUN, reason="go")
    assert not enter(make_session(PersonLab()))
    assert session.refresh().wanted is Wanted.RUN


@pytest.mark.parametrize(
    ("before", "after"),
    [("run", "drain"), ("drain", "drain"), ("hold", "pause"), ("pause", "pause")],
)
def test_it_stops_proposing_and_begins_no_dispatching(
    make_session: MakeSession, before: str, after: str
) -> None:
    session = make_session(PersonLab())
    people.want(session, Wanted(before), reason="lunch")
    enter(session)
    assert session.state.wanted == after


def test_what_was_asked_of_an_earlier_campaign_of_this_name_is_not_asked_of_this_one(
    make_session: MakeSession, clock: ManualClock
) -> None:
    session = make_session(PersonLab())
    assert not enter(session, at=clock.now() - timedelta(seconds=1))
    assert wishes(session) == []


def test_run_again_overrules_what_nobody_was_left_to_enter(make_session: MakeSession) -> None:
    session = make_session(PersonLab())
    assert enter(session, go="run again")
    assert wishes(session) == [("the pages", "drain"), ("planner", "run")]
