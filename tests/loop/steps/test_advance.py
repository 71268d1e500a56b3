"""One campaign from its first trial to its end, on a lab that keeps the contract."""

from __future__ import annotations

import math

import pytest

from planner.clock import ManualClock
from planner.errors import LabUnavailable, StaleWrite, Unanswered
from planner.labs import Answer, DeliveryClass, Order, PersonLab, Reported
from planner.ledger.entries import FitFailed, ResultQuarantined
from planner.ledger.replay import replay
from planner.loop import people
from planner.loop.deciding.model import fit_surrogate
from planner.loop.deciding.propose import decide
from planner.loop.people import Told
from planner.loop.steps.advance import Waiting, advance
from planner.loop.steps.inline import run_inline
from planner.models import FitFailure
from planner.trials import DeviceState, RunState, TrialState, Wanted
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done, failed


def hill(order: Order) -> float:
    """A yield with its top at 120 degC and 3 sccm."""
    temperature = float(order.parameters["temperature"].value)
    flow = float(order.parameters["flow"].value)
    return 90 * math.exp(-(((temperature - 120) / 25) ** 2) - ((flow - 3) / 2) ** 2)


def on_the_hill(order: Order, _: int) -> Answer:
    return done(order, **{"yield": hill(order)})


def in_few_steps(text: str) -> str:
    """Returns a campaign with 54 settings, of which each can be looked at quickly."""
    text = text.replace("low: 100, high: 150", f"values: {list(range(100, 151, 10))}")
    return text.replace("low: 1, high: 5,", f"values: {[1 + each / 2 for each in range(9)]},")


def states(session) -> list[TrialState]:
    return [trial.state for trial in session.state.trials.values()]


def test_a_campaign_uses_its_budget_and_each_key_is_acted_on_once(make_session: MakeSession):
    lab = ScriptedLab(on_the_hill, latency=2)
    session = make_session(lab)
    step = run_inline(session)
    assert step.waiting is Waiting.END
    assert session.state.stopped is not None
    assert session.state.stopped.rule == "budget"
    assert states(session) == [TrialState.COMPLETED] * 6
    assert lab.acts == {f"bench/{number}/1": 1 for number in range(1, 7)}
    asked = {tuple(s.value for s in order.parameters.values()) for order in lab.orders}
    assert len(asked) == 6


def test_every_prediction_is_in_the_ledger_before_its_result(make_session: MakeSession):
    session = make_session(ScriptedLab(on_the_hill))
    run_inline(session)
    kinds = [
        (e.record.kind, getattr(e.record, "trial", None)) for e in session.ledger.read("bench")
    ]
    for trial in session.state.trials.values():
        assert kinds.index(("trial proposed", trial.number)) < kinds.index(
            ("outcomes observed", trial.number)
        )
        if trial.number > 3:
            stated = trial.proposal.predictions["yield"]
            assert 0 <= stated.low < stated.mean < stated.high <= 100
            assert trial.proposal.seen < session.state.sequence


def test_the_same_ledger_gives_the_same_proposals_again(make_session: MakeSession):
    first = make_session(ScriptedLab(on_the_hill), ledger="one.db")
    second = make_session(ScriptedLab(on_the_hill), ledger="two.db")
    run_inline(first)
    run_inline(second)
    for number, trial in first.state.trials.items():
        other = second.state.trials[number]
        assert trial.configuration == other.configuration
        assert trial.proposal.model_version == other.proposal.model_version
        assert trial.proposal.predictions == other.proposal.predictions


def test_any_proposal_can_be_computed_again_from_what_it_had_seen(make_session: MakeSession):
    session = make_session(ScriptedLab(on_the_hill))
    run_inline(session)
    last = session.state.trials[6]
    past = replay(e for e in session.ledger.read("bench") if e.sequence <= last.proposal.seen)
    assert past is not None
    again = decide(past, session.space, q=1)
    assert again.seed == last.proposal.seed
    assert again.picks[0].configuration == last.configuration


def test_as_many_trials_are_in_flight_as_the_source_admits_and_none_is_chosen_twice(
    make_session: MakeSession,
):
    lab = ScriptedLab(on_the_hill, latency=3)
    text = campaign_text(source="capacity: 3", budget="trials: 12")
    session = make_session(lab, text=text)
    run_inline(session)
    assert lab.most_at_once == 3
    asked = [tuple(s.value for s in order.parameters.values()) for order in lab.orders]
    assert len(set(asked)) == len(asked) == 12


def test_a_result_in_another_unit_is_converted(make_session: MakeSession):
    def in_fractions(order: Order, _: int) -> Answer:
        return done(order, **{"yield": Reported(value=0.25, unit="1")})

    session = make_session(
        ScriptedLab(in_fractions), text=campaign_text(budget="trials: 1", policy="start: 1")
    )
    run_inline(session)
    assert session.state.trials[1].observation.outcomes["yield"].value == pytest.approx(25.0)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Reported(value=math.nan), "finite"),
        (Reported(value=101.0), "bounds"),
        (Reported(value=3.0, unit="kg"), "kg"),
        (Reported(value="none"), "none"),
        (Reported(value=None), "None"),
    ],
)
def test_a_bad_value_is_put_aside_with_its_reason_and_the_campaign_goes_on(
    make_session: MakeSession, value: Reported, why: str
):
    def bad_once(order: Order, n: int) -> Answer:
        return done(order, **{"yield": value if n == 1 else hill(order)})

    session = make_session(ScriptedLab(bad_once))
    step = run_inline(session)
    assert states(session).count(TrialState.COMPLETED) == 5
    doubtful = session.state.trials[2]
    assert doubtful.state is TrialState.IN_DOUBT
    assert why in doubtful.quarantined[0]
    kept = [e.record for e in session.ledger.read("bench", kinds={"result quarantined"})]
    assert isinstance(kept[0], ResultQuarantined)
    arrived = next(iter(session.ledger.read("bench", kinds={"result arrived"})))
    assert arrived.record.payload["outcomes"]["yield"] is not None
    assert step.waiting is Waiting.PERSON
    people.resolve(
        session,
        2,
        people.Verdict.PERFORMED,
        people.Told(outcomes={"yield": Reported(value=12.0)}, reason="read off the sheet"),
    )
    assert run_inline(session).waiting is Waiting.END
    assert session.state.trials[2].observation.outcomes["yield"].value == 12.0


def test_a_failed_run_is_repeated_only_where_the_source_declares_that_safe(
    make_session: MakeSession,
):
    def fails_first(order: Order, _: int) -> Answer:
        if order.key.endswith("/1"):
            return failed(order, "pump lost pressure")
        return done(order, **{"yield": hill(order)})

    safe = make_session(ScriptedLab(fails_first), text=campaign_text(source="retries: 1"))
    run_inline(safe)
    assert states(safe) == [TrialState.COMPLETED] * 6
    assert [run.state for run in safe.state.trials[1].runs] == [RunState.FAILED, RunState.COMPLETED]
    assert safe.state.trials[1].runs[1].parent == "bench/1/1"

    unsafe = make_session(ScriptedLab(fails_first), ledger="unsafe.db")
    step = run_inline(unsafe)
    assert set(states(unsafe)) == {TrialState.FAILED_BY_MACHINE}
    assert len(unsafe.state.trials) == 5
    assert unsafe.state.stopped.failed
    assert "pump lost pressure" in step.why


def test_what_the_chemistry_refused_is_not_tried_again(make_session: MakeSession):
    def refuses_heat(order: Order, _: int) -> Answer:
        if float(order.parameters["temperature"].value) > 125:
            return failed(order, "it boiled over", by="process")
        return done(order, **{"yield": hill(order)})

    session = make_session(ScriptedLab(refuses_heat), text=campaign_text(budget="trials: 10"))
    run_inline(session)
    assert TrialState.FAILED_BY_PROCESS in states(session)
    asked = [tuple(trial.configuration.values()) for trial in session.state.trials.values()]
    assert len(set(asked)) == len(asked)


def test_a_campaign_that_stopped_by_failures_goes_on_when_a_person_asks(make_session: MakeSession):
    broken = True

    def until_mended(order: Order, _: int) -> Answer:
        return failed(order, "valve stuck") if broken else done(order, **{"yield": hill(order)})

    session = make_session(ScriptedLab(until_mended), text=campaign_text(budget="trials: 9"))
    assert run_inline(session).waiting is Waiting.END
    broken = False
    people.want(session, Wanted.RUN, reason="valve replaced")
    run_inline(session)
    assert states(session).count(TrialState.COMPLETED) == 4
    assert session.state.stopped.rule == "budget"


def test_a_device_that_forgot_leaves_the_trial_in_doubt_and_only_evidence_leads_out(
    make_session: MakeSession,
):
    def restarts(order: Order, n: int) -> Answer:
        if n == 0:
            return Answer(key=order.key, state=DeviceState.UNKNOWN, reason="boot id changed")
        return done(order, **{"yield": hill(order)})

    lab = ScriptedLab(restarts)
    session = make_session(lab)
    assert run_inline(session).waiting is Waiting.PERSON
    assert session.state.trials[1].state is TrialState.IN_DOUBT
    assert lab.acts["bench/1/1"] == 1
    lab.ends["bench/1/1"] = done(lab.orders[0], **{"yield": 42.0})  # its own record is found
    assert run_inline(session).waiting is Waiting.END
    assert session.state.trials[1].observation.outcomes["yield"].value == 42.0


def test_a_time_out_is_in_doubt_at_a_device_and_a_failure_at_a_repeatable_source(
    make_session: MakeSession,
):
    text = campaign_text(source="time_limit: 1 h", budget="trials: 1", policy="start: 1")
    device = make_session(ScriptedLab(on_the_hill, latency=10**9), text=text)
    run_inline(device)
    assert states(device) == [TrialState.IN_DOUBT]
    assert "1 h" in device.state.trials[1].reason or "3600" in device.state.trials[1].reason
    simulator = make_session(
        ScriptedLab(on_the_hill, latency=10**9, is_repeatable=True), text=text, ledger="s.db"
    )
    run_inline(simulator)
    assert states(simulator) == [TrialState.FAILED_BY_MACHINE]


def test_an_unanswered_order_is_sent_again_under_the_same_key(make_session: MakeSession):
    keys: list[str] = []

    def deaf_twice(order: Order, n: int) -> Answer | Exception:
        keys.append(order.key)
        return Unanswered("no answer") if n < 2 else done(order, **{"yield": hill(order)})

    session = make_session(
        ScriptedLab(deaf_twice), text=campaign_text(budget="trials: 1", policy="start: 1")
    )
    run_inline(session)
    assert keys == ["bench/1/1"] * 3
    assert len(session.state.trials[1].runs) == 1


def test_a_lab_out_of_reach_ends_the_run_and_loses_nothing(make_session: MakeSession):
    reachable = False

    def sometimes(order: Order, _: int) -> Answer | Exception:
        return done(order, **{"yield": 1.0}) if reachable else LabUnavailable("connection refused")

    session = make_session(
        ScriptedLab(sometimes), text=campaign_text(budget="trials: 2", policy="start: 1")
    )
    with pytest.raises(LabUnavailable, match="robot"):
        run_inline(session)
    reachable = True
    session.unreachable_since = None
    assert run_inline(session).waiting is Waiting.END
    assert states(session) == [TrialState.COMPLETED] * 2


def test_a_second_engine_fences_the_first(make_session: MakeSession):
    session = make_session(ScriptedLab(on_the_hill))
    session.lease = session.ledger.take("bench")
    advance(session)
    second = make_session(ScriptedLab(on_the_hill))
    second.lease = second.ledger.take("bench")
    with pytest.raises(StaleWrite):
        run_inline(session)
    assert run_inline(second).waiting is Waiting.END


def test_a_result_that_arrives_while_the_planner_thinks_does_not_make_a_proposal_stale(
    make_session: MakeSession,
):
    session = make_session(ScriptedLab(on_the_hill), text=campaign_text(budget="trials: 8"))
    handed = people.ask(session, 2)
    chosen = decide(session.refresh(), session.space, q=1)
    told = people.Told(outcomes={"yield": Reported(value=5.0)})
    people.tell(session, handed[0].number, told)
    from planner.loop.deciding.propose import write_proposals

    numbers = write_proposals(session, chosen)
    assert session.state.trials[numbers[0]].proposal.seen < session.state.changed


@pytest.mark.parametrize(
    ("wanted", "proposed", "dispatched"),
    [(Wanted.PAUSE, 0, 0), (Wanted.HOLD, 1, 0), (Wanted.DRAIN, 0, 0), (Wanted.RUN, 6, 6)],
)
def test_the_wanted_state_is_read_between_steps(
    make_session: MakeSession, wanted: Wanted, proposed: int, dispatched: int
):
    lab = ScriptedLab(on_the_hill)
    session = make_session(lab)
    people.want(session, wanted, reason="test")
    run_inline(session)
    assert len(session.state.trials) == proposed
    assert len(lab.orders) == dispatched


def test_a_failed_fit_is_said_and_answered_by_a_space_filling_choice(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
):
    # the one place where a fit can be made to fail at will
    failure = FitFailure("the matrix is singular", ("from the last fit",))
    monkeypatch.setattr("planner.acquisition.policy.fit_for", lambda *a, **k: failure)
    session = make_session(ScriptedLab(on_the_hill))
    assert run_inline(session).waiting is Waiting.END
    origins = [trial.proposal.origin for trial in session.state.trials.values()]
    assert origins[3:] == ["fallback"] * 3
    said = [e.record for e in session.ledger.read("bench", kinds={"fit failed"})]
    assert len(said) == 3
    assert isinstance(said[0], FitFailed)
    assert "singular" in said[0].reason


def test_a_failed_fit_is_said_too_where_the_start_comes_first(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
):
    """Of two trials one is the last of the start, and the other was for the model."""
    failure = FitFailure("the matrix is singular", ("from the last fit",))
    monkeypatch.setattr("planner.acquisition.policy.fit_for", lambda *a, **k: failure)
    text = campaign_text(budget="trials: 9", policy="start: 3").replace(
        "kind: adapter, adapter: none", "kind: person"
    )
    session = make_session(PersonLab(), text=text)
    for trial in people.ask(session, 2):
        people.tell(session, trial.number, Told(outcomes={"yield": Reported(value=trial.number)}))

    trials = people.ask(session, 2)

    assert [trial.proposal.origin for trial in trials] == ["start", "fallback"]
    (said,) = [e.record for e in session.ledger.read("bench", kinds={"fit failed"})]
    assert "singular" in said.reason


def test_time_and_money_are_budgets_too(make_session: MakeSession, clock: ManualClock):
    slow = make_session(
        ScriptedLab(on_the_hill, latency=4), text=campaign_text(budget="time: 0.2 s")
    )
    run_inline(slow)
    assert slow.state.stopped.rule == "budget"
    assert 1 <= len(slow.state.trials) <= 10  # each waits at least 0.02 s of the clock
    dear = make_session(
        ScriptedLab(on_the_hill),
        text=campaign_text(source="cost: 30", budget="cost: 100"),
        ledger="dear.db",
    )
    run_inline(dear)
    assert len(dear.state.trials) == 3


def test_a_reached_goal_stops_the_campaign_and_says_how_sure_it_is(make_session: MakeSession):
    text = campaign_text(budget="trials: 30", stop="goal_probability: 0.95").replace(
        "gain: 1", "goal: 60"
    )
    session = make_session(ScriptedLab(on_the_hill), text=text)
    run_inline(session)
    assert session.state.stopped.rule == "goal"
    assert len(session.state.trials) < 30


def test_little_left_to_gain_stops_the_campaign(make_session: MakeSession):
    text = in_few_steps(campaign_text(budget="trials: 30", stop="remaining_gain: 3"))
    session = make_session(ScriptedLab(on_the_hill), text=text)
    run_inline(session)
    assert session.state.stopped.rule == "remaining gain"
    assert not isinstance(fit_surrogate(session.state, session.space), FitFailure)


def test_nothing_better_left_stops_the_campaign_and_says_how_sure_it_is(make_session: MakeSession):
    text = in_few_steps(campaign_text(budget="trials: 30", stop="done_probability: 0.9"))
    session = make_session(ScriptedLab(on_the_hill), text=text)
    run_inline(session)
    assert session.state.stopped.rule == "nothing better"
    assert "(asked: 0.9)" in session.state.stopped.reason
    assert len(session.state.trials) < 30


def test_that_little_is_left_is_not_said_before_eight_results_are_in(make_session: MakeSession):
    text = in_few_steps(campaign_text(budget="trials: 30", stop="done_probability: 0.001"))
    session = make_session(ScriptedLab(on_the_hill), text=text)
    run_inline(session)
    assert session.state.stopped.rule == "nothing better"
    assert len(session.state.observations) == 8


def test_a_source_that_knows_no_keys_and_does_not_answer_leaves_doubt_and_is_sent_no_more(
    make_session: MakeSession,
):
    sent: list[str] = []

    def deaf(order: Order, _: int) -> Answer | Exception:
        sent.append(order.key)
        return Unanswered("the line is dead")

    lab = ScriptedLab(deaf, delivery=DeliveryClass.FIRE_AND_OBSERVE)
    session = make_session(lab, text=campaign_text(budget="trials: 1", policy="start: 1"))
    assert run_inline(session).waiting is Waiting.PERSON
    assert session.state.trials[1].state is TrialState.IN_DOUBT
    assert "the line is dead" in session.state.trials[1].reason
    run_inline(make_session(lab, text=campaign_text(budget="trials: 1", policy="start: 1")))
    assert sent == ["bench/1/1"]


def test_an_order_that_provably_did_not_leave_is_sent_again_also_without_keys(
    make_session: MakeSession,
):
    def refused_once(order: Order, _: int) -> Answer | Exception:
        first = not lab.orders
        lab.orders.append(order)
        return LabUnavailable("refused") if first else done(order, **{"yield": 5.0})

    lab = ScriptedLab(refused_once, delivery=DeliveryClass.FIRE_AND_OBSERVE)
    session = make_session(lab, text=campaign_text(budget="trials: 1", policy="start: 1"))
    assert run_inline(session).waiting is Waiting.END
    attempts = [e.record.attempt for e in session.ledger.read("bench", kinds={"order sent"})]
    assert attempts == [1, 2]


def test_a_broken_adapter_ends_the_run_with_its_name_and_loses_nothing(make_session: MakeSession):
    def broken(order: Order, _: int) -> Answer | Exception:
        return ZeroDivisionError("division by zero")

    session = make_session(
        ScriptedLab(broken), text=campaign_text(budget="trials: 1", policy="start: 1")
    )
    with pytest.raises(LabUnavailable, match="'robot' failed with ZeroDivisionError"):
        run_inline(session)
    assert session.state.trials[1].state is TrialState.RUNNING
