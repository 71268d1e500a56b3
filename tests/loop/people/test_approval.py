"""Approval by one person or two, by rule; limits at proposal, approval and dispatch."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.campaign import parse_campaign
from planner.campaign.approval import Approval, Condition
from planner.errors import Refused, StaleWrite
from planner.ledger.entries import ApprovalGiven
from planner.loop import people
from planner.loop.deciding.propose import decide, write_proposals
from planner.loop.sessions.opening import agree, open_campaign
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.loop.steps.inline import run_inline
from planner.loop.steps.waiting import describe_waiting
from planner.loop.work_list import list_work
from planner.trials import Reported, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab
from tests.loop.steps.test_advance import on_the_hill

BY_RULE = (
    "start: 3, approval: {person: temperature > 120, "
    "two_people: temperature > 140 and flow >= 2 or flow > 4.5}"
)


def own(session: Session, *, temperature: float, flow: float) -> TrialState:
    values = {"temperature": Reported(value=temperature), "flow": Reported(value=flow)}
    return people.propose(session, values).trial.state


def as_(session: Session, author: str) -> Session:
    return dataclasses.replace(session, author=author)


def test_two_people_means_two_different_people_and_the_second_moves_the_trial(
    make_session: MakeSession,
) -> None:
    lab = ScriptedLab(on_the_hill)
    session = make_session(lab, text=campaign_text(policy="start: 3, approval: two people"))
    run_inline(session)
    assert "waits for approval by two people" in describe_waiting(session)
    people.approve(as_(session, "anna"), [1])
    run_inline(session)
    assert not lab.orders
    assert "second approval, by somebody else than anna" in describe_waiting(session)
    assert list_work(session.state)[0].who == "somebody else than anna"
    with pytest.raises(Refused, match="anna has approved trial 1 already"):
        people.approve(as_(session, "anna"), [1])
    people.approve(as_(session, "ben"), [1], reason="checked the gas")
    trial = session.refresh().trial(1)
    assert trial.approved_by == ("anna", "ben")
    assert trial.reason == "approved by anna and ben: checked the gas"
    run_inline(session)
    assert list(lab.acts) == ["bench/1/1"]


def test_two_who_approve_at_once_do_not_both_give_the_first_approval(
    make_session: MakeSession,
) -> None:
    session = make_session(
        ScriptedLab(on_the_hill), text=campaign_text(policy="start: 3, approval: two people")
    )
    run_inline(session)
    session.ledger.append("bench", [ApprovalGiven(trial=1, number=1)], author="anna")
    with pytest.raises(StaleWrite, match="cannot be number 1"):
        session.ledger.append("bench", [ApprovalGiven(trial=1, number=1)], author="ben")
    people.approve(as_(session, "ben"), [1])  # looks again, and so gives the second
    assert session.refresh().trial(1).state is TrialState.APPROVED


def test_rules_of_the_parameters_say_who_approves(make_session: MakeSession) -> None:
    """The strictest rule that holds counts: at 150 degC both do."""
    session = make_session(ScriptedLab(on_the_hill), text=campaign_text(policy=BY_RULE))
    assert own(session, temperature=120, flow=2) is TrialState.APPROVED
    assert own(session, temperature=121, flow=1) is TrialState.AWAITING_APPROVAL
    assert own(session, temperature=150, flow=2) is TrialState.AWAITING_APPROVAL
    people.approve(as_(session, "anna"), [2, 3])
    assert session.refresh().trial(2).state is TrialState.APPROVED
    assert session.state.trial(3).state is TrialState.AWAITING_APPROVAL
    assert "temperature > 140 and flow >= 2 or flow > 4.5" in session.state.trial(3).reason


@given(x=st.integers(-3, 3), y=st.integers(-3, 3), a=st.integers(-3, 3), b=st.integers(-3, 3))
def test_a_condition_says_what_python_would_say_of_it(x: int, y: int, a: int, b: int) -> None:
    text = f"x > {a} and y <= {b} or x + y >= {a} * {b} or 2 * x < y"
    assert Condition.parse(text).holds({"x": x, "y": y}) is bool(eval(text, {}, {"x": x, "y": y}))


def test_a_condition_that_cannot_be_computed_holds() -> None:
    assert Condition.parse("1 / flow > 2").holds({"flow": 0})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("temperature", "is no comparison"),
        ("1 < temperature < 2", "is no comparison"),
        ("temperature > 3 and", "is no comparison"),
        ("temperature > __import__('os')", "means nothing here"),
        ("temperature == 3", "is no comparison"),
        ("3 > 2", "names no parameter"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Approval(person=text)


def test_a_word_is_kept_as_the_word_that_it_was() -> None:
    """A ledger begun before rules were known has the same digest as before."""
    for word in ("automatic", "person", "two people"):
        spec = parse_campaign(campaign_text(policy=f"start: 3, approval: {word}"), path="x")
        policy = spec.model_dump(mode="json", exclude_defaults=True)["policy"]
        assert policy == {"start": 3} | ({} if word == "automatic" else {"approval": word})
    ruled = parse_campaign(campaign_text(policy=BY_RULE), path="x")
    again = type(ruled).model_validate(ruled.model_dump(mode="json", by_alias=True))
    assert again == ruled


def amend(session: Session, text: str) -> None:
    spec = parse_campaign(text, path="bench.yaml")
    open_campaign(session.ledger, spec, author="ada", may_amend=agree)
    session.refresh()


def test_what_is_outside_of_amended_limits_is_neither_approved_nor_dispatched(
    make_session: MakeSession,
) -> None:
    lab = ScriptedLab(on_the_hill)
    text = campaign_text(policy="start: 3, approval: person", source="capacity: 2")
    session = make_session(lab, text=text)
    own(session, temperature=140, flow=2)
    own(session, temperature=145, flow=2)
    people.approve(session, [1])
    colder = text.replace("high: 150", "high: 130")
    amend(session, colder)
    with pytest.raises(Refused, match=r"cannot be approved: .*145.*130"):
        people.approve(session, [2])
    for _ in range(5):
        advance(session)
    assert session.state.trial(1).state is TrialState.HELD
    assert "outside of the limits now in force" in session.state.trial(1).reason
    assert "140" in describe_waiting(session)
    assert not lab.orders
    amend(session, text)
    for _ in range(5):
        advance(session)
    assert session.state.trial(1).state is TrialState.COMPLETED


def test_an_amended_rule_holds_what_breaks_it(make_session: MakeSession) -> None:
    lab = ScriptedLab(on_the_hill)
    text = campaign_text(policy="start: 3, approval: person")
    session = make_session(lab, text=text)
    own(session, temperature=140, flow=2)
    people.approve(session, [1])
    amend(session, text + "constraints: [{expression: temperature * flow, at_most: 200}]\n")
    for _ in range(3):
        advance(session)
    assert session.state.trial(1).state is TrialState.HELD
    assert "temperature * flow is 280" in session.state.trial(1).reason
    assert not lab.orders


def test_a_choice_from_a_space_that_was_amended_is_not_proposed(make_session: MakeSession) -> None:
    """The process chose by the bounds it had read; what leaves is checked by those in force."""
    session = make_session(ScriptedLab(on_the_hill))
    narrow = campaign_text().replace("low: 100, high: 150", "low: 100, high: 100.1")
    amend(session, narrow)
    chosen = decide(session.state, session.space, q=3)
    with pytest.raises(StaleWrite, match="does not admit what was chosen"):
        write_proposals(session, chosen)
    assert not session.refresh().trials
