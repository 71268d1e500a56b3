"""A person holds one trial before it is sent; only a person lets it go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.campaign.people import Role
from planner.errors import InputError, NotAllowed, Refused
from planner.ledger.people import register
from planner.loop import people
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Waiting, advance
from planner.loop.steps.outlook import has_work
from planner.loop.steps.waiting import describe_waiting
from planner.trials import TrialState, Wanted
from tests.loop.alerts.test_alerts import by_program, hold, post_of, propose, received
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab
from tests.loop.steps.test_advance import on_the_hill


@pytest.fixture
def session(make_session: MakeSession) -> Session:
    """Two approved trials, and nothing more is proposed."""
    session = make_session(ScriptedLab(on_the_hill), text=by_program(source="capacity: 2"))
    session.author = "ada"
    people.want(session, Wanted.DRAIN, reason="these two only")
    propose(session, 2)
    return session


def work(session: Session) -> Waiting:
    """Moves the campaign on until a step moves nothing."""
    for _ in range(20):
        waiting = advance(session).waiting
        if waiting is not Waiting.NOTHING:
            return waiting
    raise AssertionError("it does not come to rest")


def test_a_held_trial_waits_while_others_run_until_it_is_let_go_on(
    session: Session, tmp_path: Path
) -> None:
    said = people.hold(session, 1, reason="the crucible has a crack")
    assert said.startswith("Trial 1 is held until you let it go on: planner hold FILE 1 --undo")
    assert "already" in people.hold(session, 1, reason="again")
    assert work(session) is Waiting.PERSON
    assert session.state.trial(2).state is TrialState.COMPLETED
    assert session.state.trial(1).state is TrialState.HELD
    assert session.state.trial(1).runs == ()
    assert "trial 1 is held: the crucible has a crack (ada)" in describe_waiting(session)
    post_of(session, tmp_path).sweep()
    (alert,) = received(tmp_path)
    assert alert["about"] == "held"
    assert alert["text"] == "Trial 1 is held: the crucible has a crack (ada)."
    assert not has_work(session)
    assert people.hold(session, 1, reason="mended", undo=True) == "Trial 1 may go on."
    assert "not held" in people.hold(session, 1, reason="again", undo=True)
    assert has_work(session)
    work(session)
    assert session.state.trial(1).state is TrialState.COMPLETED


def test_what_something_else_holds_can_be_held_by_a_person_too(session: Session) -> None:
    """And is then not let go on by itself; what is held by itself no person lets go on."""
    hold(session, 1, by="interlock")
    with pytest.raises(Refused, match="is not held by a person: the door is open"):
        people.hold(session, 1, reason="go", undo=True)
    people.hold(session, 1, reason="I look first")
    work(session)  # no interlock is open
    assert session.state.trial(1).held_by == "person"


def test_what_cannot_be_held_is_refused(session: Session) -> None:
    with pytest.raises(InputError, match="needs a reason"):
        people.hold(session, 1, reason=" ")
    work(session)
    with pytest.raises(Refused, match="Trial 1 is completed, so there is nothing to hold"):
        people.hold(session, 1, reason="late")


def test_what_is_under_way_or_unapproved_is_refused(make_session: MakeSession) -> None:
    policy = "start: 3, approval: {default: person}"
    session = make_session(
        ScriptedLab(on_the_hill, latency=10**6), text=campaign_text(policy=policy)
    )
    advance(session)
    with pytest.raises(Refused, match="Trial 1 is awaiting approval, and waits as it is"):
        people.hold(session, 1, reason="no")
    people.approve(session, [1])
    advance(session)
    with pytest.raises(Refused, match=r"cannot be held any more\. .* planner abort"):
        people.hold(session, 1, reason="late")


def test_who_may_not_approve_may_not_hold(session: Session) -> None:
    register(session.ledger, "ada", role=Role.LEAD, by="ada", now=session.clock.now())
    register(session.ledger, "bot", role=Role.AGENT, by="ada", now=session.clock.now())
    session.author = "bot"
    with pytest.raises(NotAllowed, match="bot is registered as agent"):
        people.hold(session, 1, reason="no")
