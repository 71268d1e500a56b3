"""What people do: ask, tell, approve, abort, resolve."""

from __future__ import annotations

import pytest

from planner.errors import InputError, Refused, UnknownName
from planner.labs import Answer, Order, PersonLab, Reported
from planner.loop import people
from planner.loop.people import Told, Verdict
from planner.loop.steps.advance import Waiting
from planner.loop.steps.inline import run_inline
from planner.loop.steps.waiting import describe_waiting
from planner.trials import DeviceState, RunState, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done
from tests.loop.steps.test_advance import on_the_hill


def told(value: float, **more: object) -> Told:
    return Told(outcomes={"yield": Reported(value=value)}, **more)


BY_HAND = campaign_text().replace("kind: adapter, adapter: none", "kind: person")


def test_who_asks_gets_approved_trials_with_an_open_run_that_no_engine_dispatches(
    make_session: MakeSession,
):
    session = make_session(PersonLab())
    trials = people.ask(session, 2)
    assert [trial.state for trial in trials] == [TrialState.RUNNING] * 2
    assert all(trial.handed and trial.run.source == session.author for trial in trials)
    lab = ScriptedLab(on_the_hill)
    engine = make_session(lab)
    run_inline(engine)
    assert not {"bench/1/1", "bench/2/1"} & set(lab.acts)
    assert engine.state.n_committed == 6


def test_what_was_asked_is_pending_for_the_next_ask(make_session: MakeSession):
    session = make_session(PersonLab())
    asked = [tuple(t.configuration.values()) for _ in range(3) for t in people.ask(session, 2)]
    assert len(set(asked)) == 6


def test_asking_beyond_the_budget_is_refused_and_asks_nothing(make_session: MakeSession):
    session = make_session(PersonLab())
    people.ask(session, 5)
    with pytest.raises(Refused, match="admits 1 more"):
        people.ask(session, 2)
    assert len(session.state.trials) == 5


def test_telling_completes_a_trial_and_the_model_sees_it(make_session: MakeSession):
    session = make_session(PersonLab())
    trial = people.ask(session, 1)[0]
    told_sd = Told(outcomes={"yield": Reported(value=0.4, unit="1", sd=0.02)})
    people.tell(session, trial.number, told_sd)
    seen = session.state.observations[0].outcomes["yield"]
    assert (seen.value, seen.sd) == (pytest.approx(40.0), pytest.approx(2.0))


def test_the_same_told_twice_is_harmless_and_another_value_is_refused(make_session: MakeSession):
    session = make_session(PersonLab())
    number = people.ask(session, 1)[0].number
    people.tell(session, number, told(40.0))
    sequence = session.state.sequence
    assert "nothing was changed" in people.tell(session, number, told(40.0))
    with pytest.raises(Refused, match="yield=40"):
        people.tell(session, number, told(41.0))
    assert session.refresh().sequence == sequence


@pytest.mark.parametrize(
    ("outcomes", "says"),
    [
        ({"yield": Reported(value=120.0)}, "bounds"),
        ({"yeild": Reported(value=12.0)}, "yeild"),
        ({"yield": Reported(value=12.0, unit="K")}, "K"),
        ({"yield": Reported(value="n.d.")}, "n.d."),
        ({}, "tell an outcome"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_and_nothing_is_entered(
    make_session: MakeSession, outcomes: dict[str, Reported], says: str
):
    session = make_session(PersonLab())
    number = people.ask(session, 1)[0].number
    with pytest.raises(InputError, match=says):
        people.tell(session, number, Told(outcomes=outcomes))
    assert session.state.trial(number).state is TrialState.RUNNING


def test_an_achieved_setting_is_what_the_model_learns_from(make_session: MakeSession):
    session = make_session(PersonLab())
    number = people.ask(session, 1)[0].number
    achieved = {"temperature": Reported(value=400.0, unit="K")}
    people.tell(session, number, told(40.0, achieved=achieved))
    seen = session.state.observations[0].configuration
    asked = session.state.trial(number).configuration
    assert seen["temperature"] == pytest.approx(126.85)
    assert seen["flow"] == asked["flow"]


def test_a_failure_needs_a_reason_and_an_end_does_not_change(make_session: MakeSession):
    session = make_session(PersonLab())
    number = people.ask(session, 1)[0].number
    with pytest.raises(InputError, match="reason"):
        people.tell(session, number, Told(failed="process"))
    people.tell(session, number, Told(failed="process", reason="it gelled"))
    assert session.state.trial(number).state is TrialState.FAILED_BY_PROCESS
    with pytest.raises(InputError, match="its end stays as it is"):
        people.tell(session, number, told(3.0))


def test_nobody_tells_the_result_of_a_machine_that_reports_its_own(make_session: MakeSession):
    session = make_session(ScriptedLab(on_the_hill, latency=10**6))
    from planner.loop.steps.advance import advance

    for _ in range(3):
        advance(session)
    with pytest.raises(Refused, match="reports its own"):
        people.tell(session, 1, told(3.0))
    with pytest.raises(UnknownName, match="no trial 99"):
        people.tell(session, 99, told(3.0))


def test_a_campaign_by_hand_waits_for_its_person_and_goes_on_when_told(make_session: MakeSession):
    session = make_session(PersonLab(), text=BY_HAND)
    for number in range(1, 7):
        step = run_inline(session)
        assert step.waiting is Waiting.PERSON
        assert f"trial {number} waits for its result" in step.why
        people.tell(session, number, told(10.0 * number))
    assert run_inline(session).waiting is Waiting.END


def test_approval_by_a_person_holds_dispatch_until_it_is_given(make_session: MakeSession):
    lab = ScriptedLab(on_the_hill)
    text = campaign_text(policy="start: 3, approval: person")
    session = make_session(lab, text=text)
    step = run_inline(session)
    assert step.waiting is Waiting.PERSON
    assert "planner approve" in step.why
    assert not lab.orders
    people.approve(session, [1])
    run_inline(session)
    assert list(lab.acts) == ["bench/1/1"]
    people.reject(session, [2], reason="too hot for this batch")
    assert session.state.trial(2).state is TrialState.REJECTED
    with pytest.raises(Refused, match="does not wait"):
        people.approve(session, [1])


def test_aborting_asks_the_device_and_believes_only_its_confirmation(make_session: MakeSession):
    lab = ScriptedLab(on_the_hill, latency=10**6)
    session = make_session(lab)
    from planner.loop.steps.advance import advance

    for _ in range(2):
        advance(session)
    assert people.abort(session, 1, reason="smells burnt") is TrialState.ABORTED
    assert lab.aborted == ["bench/1/1"]
    assert session.state.trial(1).reason == "smells burnt"
    with pytest.raises(Refused, match="already"):
        people.abort(session, 1, reason="again")


def test_a_device_that_does_not_confirm_leaves_the_run_aborting(make_session: MakeSession):
    class Busy(ScriptedLab):
        def abort(self, key: str, *, token: int, ledger: str) -> Answer:
            return Answer(key=key, state=DeviceState.STARTED, reason="finishing the ramp")

    session = make_session(Busy(on_the_hill, latency=10**6))
    from planner.loop.steps.advance import advance

    for _ in range(2):
        advance(session)
    people.abort(session, 1, reason="stop")
    trial = session.state.trial(1)
    assert trial.run.state is RunState.ABORTING
    assert trial.state is TrialState.RUNNING
    assert describe_waiting(session) == "trial 1 at 'robot' is asked to end (stop)"


@pytest.mark.parametrize(
    ("verdict", "ends", "run_ends"),
    [
        (Verdict.PERFORMED, TrialState.COMPLETED, RunState.COMPLETED),
        (Verdict.NO_RESULT, TrialState.FAILED_BY_MACHINE, RunState.FAILED),
        (Verdict.PARTLY, TrialState.FAILED_BY_MACHINE, RunState.FAILED),
        (Verdict.NOT_PERFORMED, TrialState.APPROVED, RunState.VOID),
    ],
)
def test_only_a_verdict_or_evidence_leads_out_of_doubt(
    make_session: MakeSession, verdict: Verdict, ends: TrialState, run_ends: RunState
):
    def forgets(order: Order, _: int) -> Answer:
        return Answer(key=order.key, state=DeviceState.UNKNOWN, reason="restarted")

    session = make_session(
        ScriptedLab(forgets), text=campaign_text(budget="trials: 1", policy="start: 1")
    )
    run_inline(session)
    assert session.state.trial(1).state is TrialState.IN_DOUBT
    with pytest.raises(InputError, match="reason"):
        people.resolve(session, 1, verdict, told(5.0))
    values = {"yield": Reported(value=5.0)} if verdict is Verdict.PERFORMED else {}
    people.resolve(session, 1, verdict, Told(outcomes=values, reason="looked into the oven"))
    trial = session.state.trial(1)
    assert (trial.state, trial.runs[0].state) == (ends, run_ends)
    with pytest.raises(Refused, match="not in doubt"):
        people.resolve(session, 1, verdict, told(5.0, reason="again"))


def test_a_trial_that_was_not_performed_runs_again_under_a_new_key_with_its_parent(
    make_session: MakeSession,
):
    def forgets_once(order: Order, n: int) -> Answer:
        if n == 0:
            return Answer(key=order.key, state=DeviceState.UNKNOWN, reason="restarted")
        return done(order, **{"yield": 9.0})

    session = make_session(
        ScriptedLab(forgets_once), text=campaign_text(budget="trials: 1", policy="start: 1")
    )
    run_inline(session)
    people.resolve(session, 1, Verdict.NOT_PERFORMED, Told(reason="the valve never opened"))
    assert run_inline(session).waiting is Waiting.END
    runs = session.state.trial(1).runs
    assert [(run.key, run.state, run.parent) for run in runs] == [
        ("bench/1/1", RunState.VOID, None),
        ("bench/1/2", RunState.COMPLETED, "bench/1/1"),
    ]
