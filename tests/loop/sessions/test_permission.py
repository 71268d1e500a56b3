"""Who may do what: roles, tokens, and a ledger in which nobody is registered."""

from __future__ import annotations

import typing
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.campaign.people import MAY, Act, Role
from planner.errors import NotAllowed, Refused, UnknownName
from planner.ledger import Ledger, open_ledger
from planner.ledger.entries import Record
from planner.ledger.people import find_by_token, read_people, read_people_acts, register, revoke
from planner.ledger.rebuild import rebuild
from planner.loop import people
from planner.loop.dispatch.keeper import holding
from planner.loop.people import Verdict
from planner.loop.people.told import Told
from planner.loop.sessions import permission
from planner.loop.sessions.permission import identify, this_person
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.trials import Answer, DeviceState, Reported, TrialState, Wanted
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab
from tests.loop.steps.test_advance import on_the_hill


def never_heard_of(order: object, _: int) -> Answer:
    return Answer(key=order.key, state=DeviceState.UNKNOWN, reason="restarted")  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(permission.TOKEN_VARIABLE, raising=False)


@pytest.fixture
def in_doubt(make_session: MakeSession) -> Session:
    """Trial 1 is in doubt, trial 2 waits for approval."""
    text = campaign_text(policy="start: 3, approval: person", source="capacity: 2")
    session = make_session(ScriptedLab(never_heard_of), text=text)
    advance(session)
    people.approve(session, [1])
    advance(session)
    assert session.state.trial(1).state is TrialState.IN_DOUBT
    assert session.state.trial(2).state is TrialState.AWAITING_APPROVAL
    return session


def staff(ledger: Ledger, session: Session) -> dict[Role, str]:
    """Registers one of each role, and returns their tokens."""
    order = (Role.LEAD, Role.OPERATOR, Role.AGENT, Role.VIEWER)
    now = session.clock.now()
    return {role: register(ledger, f"the {role}", role, by="ada", now=now) for role in order}


# each act that a role may or may not do, as people and programs really do it
DEEDS: dict[Act, Callable[[Session], object]] = {
    Act.APPROVE: lambda session: people.approve(session, [2]),
    Act.RESOLVE: lambda session: people.resolve(
        session, 1, Verdict.NO_RESULT, Told(outcomes={}, reason="spilt")
    ),
    Act.TELL: lambda session: people.tell(session, 3, Told(outcomes={"yield": Reported(value=3)})),
    Act.PROPOSE: lambda session: people.propose(
        session, {"temperature": Reported(value=120), "flow": Reported(value=2)}
    ),
    Act.NOTE: lambda session: people.note(session, "the lamp flickers"),
    Act.STEER: lambda session: people.want(session, Wanted.PAUSE, reason="lunch"),
    Act.CORRECT: lambda session: people.exclude(session, "4", reason="a wrong vial"),
}


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_its_line_of_the_table_says_and_nothing_else(
    in_doubt: Session, role: Role
) -> None:
    session = in_doubt
    for number in (3, 4):  # in the hands of who will tell, and told
        people.propose(
            session,
            {"temperature": Reported(value=100 + number), "flow": Reported(value=2)},
            by_hand=True,
        )
    people.tell(session, 4, Told(outcomes={"yield": Reported(value=3)}))
    staff(session.ledger, session)
    session.author = f"the {role}"
    for act, deed in DEEDS.items():
        before = session.refresh().sequence
        if act in MAY[role]:
            deed(session)
            assert session.state.sequence > before, act
        else:
            with pytest.raises(NotAllowed, match=f"may not {act}"):
                deed(session)
            assert session.refresh().sequence == before, act


def test_an_agent_cannot_end_a_doubt_by_telling_a_result(make_session: MakeSession) -> None:
    from planner.labs import PersonLab
    from planner.ledger.entries import RunMoved, TrialMoved
    from planner.trials import RunState

    text = campaign_text().replace("{kind: adapter, adapter: none}", "{kind: person}")
    session = make_session(PersonLab(), text=text)
    (trial,) = people.ask(session, 1)
    doubt = [
        RunMoved(key=trial.runs[0].key, to=RunState.IN_DOUBT),
        TrialMoved(trial=1, to=TrialState.IN_DOUBT, reason="the power was cut"),
    ]
    session.write(doubt)
    staff(session.ledger, session)
    session.author = "the agent"
    with pytest.raises((NotAllowed, Refused)):
        people.tell(session, 1, Told(outcomes={"yield": Reported(value=3)}))
    assert session.refresh().trial(1).state is TrialState.IN_DOUBT


def test_only_who_may_run_takes_a_campaign(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(on_the_hill))
    staff(session.ledger, session)
    for role in Role:
        session.author = f"the {role}"
        if Act.RUN in MAY[role]:
            with holding(session):
                advance(session)
        else:
            with pytest.raises(NotAllowed, match="may not run a campaign"), holding(session):
                pass


def test_only_a_lead_begins_and_amends_campaigns(make_session: MakeSession, tmp_path: Path) -> None:
    from planner.campaign import parse_campaign
    from planner.loop.sessions.opening import agree, open_campaign

    session = make_session(ScriptedLab(on_the_hill))
    staff(session.ledger, session)
    looser = parse_campaign(campaign_text(budget="trials: 60"), path="bench.yaml")
    other = parse_campaign(campaign_text().replace("bench", "other"), path="other.yaml")
    for spec in (looser, other):
        with pytest.raises(NotAllowed):
            open_campaign(session.ledger, spec, author="the operator", may_amend=agree)
        open_campaign(session.ledger, spec, author="the lead", may_amend=agree)


def test_where_nobody_is_registered_everybody_is_a_lead_under_their_own_name(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make_session(ScriptedLab(on_the_hill)).ledger
    monkeypatch.setenv(permission.TOKEN_VARIABLE, "of another ledger")
    assert identify(ledger) == permission.Identity(name=this_person(), role=Role.LEAD)


def test_a_token_says_who_acts_and_a_wrong_one_nobody(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_session(ScriptedLab(on_the_hill))
    tokens = staff(session.ledger, session)
    assert identify(session.ledger).role is Role.VIEWER  # this user is not registered
    assert identify(session.ledger, user="the operator").role is Role.OPERATOR
    for role, token in tokens.items():
        monkeypatch.setenv(permission.TOKEN_VARIABLE, token)
        me = identify(session.ledger)
        assert (me.name, me.role, me.by_token) == (f"the {role}", role, True)
    monkeypatch.setenv(permission.TOKEN_VARIABLE, tokens[Role.LEAD][:-1])
    with pytest.raises(NotAllowed) as caught:
        identify(session.ledger)
    assert tokens[Role.LEAD][:-1] not in str(caught.value)


def test_a_revoked_token_is_worthless_and_a_new_one_is_another(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(on_the_hill))
    ledger, now = session.ledger, session.clock.now()
    tokens = staff(ledger, session)
    revoke(ledger, "the operator", by="the lead", now=now, reason="left the lab")
    assert find_by_token(ledger, tokens[Role.OPERATOR]) is None
    again = register(ledger, "the operator", Role.AGENT, by="the lead", now=now)
    assert find_by_token(ledger, tokens[Role.OPERATOR]) is None
    found = find_by_token(ledger, again)
    assert found is not None
    assert found.role is Role.AGENT
    with pytest.raises(UnknownName):
        revoke(ledger, "nobody", by="the lead", now=now)
    told = [(each.by, each.act, each.name, each.reason) for each in read_people_acts(ledger)]
    assert told[-2:] == [
        ("the lead", "revoked", "the operator", "left the lab"),
        ("the lead", "registered", "the operator", ""),
    ]


def test_there_is_always_a_lead(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(on_the_hill))
    ledger, now = session.ledger, session.clock.now()
    with pytest.raises(Refused, match="first one who is registered must be a lead"):
        register(ledger, "ben", Role.OPERATOR, by="ada", now=now)
    register(ledger, "ada", Role.LEAD, by="ada", now=now)
    with pytest.raises(Refused, match="registered already"):
        register(ledger, "ada", Role.LEAD, by="ada", now=now)
    with pytest.raises(Refused, match="last lead"):
        revoke(ledger, "ada", by="ada", now=now)


def test_no_token_is_kept_or_shown(make_session: MakeSession, tmp_path: Path) -> None:
    """Every file of the ledger is searched, and whatever prints a person."""
    session = make_session(ScriptedLab(on_the_hill))
    tokens = staff(session.ledger, session)
    shown = repr(read_people(session.ledger)) + repr(read_people_acts(session.ledger))
    hashes = [each.token_hash for each in read_people(session.ledger)]
    assert len(set(hashes)) == len(tokens)
    files = [path.read_bytes() for path in tmp_path.glob("ledger.db*")]
    assert any(str(hashes[0]).encode() in content for content in files)  # the search would find it
    for token in tokens.values():
        assert len(token) >= 43  # 32 bytes in base 64
        assert token not in shown
        assert not any(token.encode() in content for content in files)
    assert not any(str(each) in shown for each in hashes)


def test_the_same_token_has_another_hash_in_another_ledger(
    make_session: MakeSession, tmp_path: Path
) -> None:
    from planner.ledger.people import hash_token

    session = make_session(ScriptedLab(on_the_hill))
    other = open_ledger(tmp_path / "other.db", clock=session.clock)
    assert hash_token(session.ledger, "abc") != hash_token(other, "abc")
    other.close()


def test_every_kind_of_record_has_its_act() -> None:
    kinds = {
        typing.get_type_hints(kind)["kind"].__args__[0]
        for kind in typing.get_args(typing.get_args(Record)[0])
    }
    assert kinds == set(permission._ACTS)


def test_asking_a_device_to_abort_is_an_act_of_its_own(in_doubt: Session) -> None:
    from planner.ledger.entries import RunMoved
    from planner.trials import RunState

    asked = RunMoved(key="bench/1/1", to=RunState.ABORTING)
    assert permission.acts_in([asked], in_doubt.state) == {Act.ABORT}


def test_roles_grow_and_only_leads_do_what_undoes_limits() -> None:
    assert MAY[Role.VIEWER] < MAY[Role.AGENT] < MAY[Role.OPERATOR] < MAY[Role.LEAD] == set(Act)
    forbidden = {Act.APPROVE, Act.CLEAR, Act.RESOLVE, Act.RELEASE, Act.ABORT, Act.RUN}
    assert not MAY[Role.AGENT] & forbidden
    only_lead = MAY[Role.LEAD] - MAY[Role.OPERATOR]
    assert only_lead == {Act.BEGIN, Act.AMEND, Act.CLEAR, Act.RELEASE, Act.REGISTER}


def test_a_rebuilt_ledger_has_the_approvals_again(in_doubt: Session) -> None:
    before = in_doubt.ledger.trial_rows("bench")
    assert [each.approvals for each in before] == [1, 0]
    rebuild(in_doubt.ledger)
    assert in_doubt.ledger.trial_rows("bench") == before
