"""Stop rules hold for who asks and tells as for an engine, and people may go on all the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import pytest

from planner.campaign.people import Role
from planner.clock import ManualClock
from planner.errors import Refused, StaleWrite
from planner.labs import PersonLab, Reported
from planner.ledger.entries import CampaignStopped
from planner.ledger.people import register
from planner.loop import people
from planner.loop.deciding.stopping import NOTHING_LEFT, assess
from planner.loop.people import Told
from planner.loop.sessions.opening import agree, open_campaign
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Waiting, advance
from planner.trials import Trial, TrialState, Wanted
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab
from tests.loop.steps.test_advance import in_few_steps, on_the_hill

OWN = {"temperature": Reported(value=111.0), "flow": Reported(value=1.5)}


def by_hand(*, goal: str = "", **parts: str) -> str:
    text = campaign_text(**parts).replace("kind: adapter, adapter: none", "kind: person")
    return text.replace("gain: 1", f"gain: 1, goal: {goal}") if goal else text


def yield_of(trial: Trial) -> float:
    """A yield with its top of 90 at 120 degC and 3 sccm."""
    away = ((float(trial.configuration["temperature"]) - 120) / 25) ** 2
    return 90 * math.exp(-away - ((float(trial.configuration["flow"]) - 3) / 2) ** 2)


def measured(trial: Trial) -> Told:
    return Told(outcomes={"yield": Reported(value=yield_of(trial))})


def broken(_: Trial) -> Told:
    return Told(failed="machine", reason="the pump leaks")


def play(session: Session, *, n: int = 20, tell=measured) -> str:
    """Asks and tells one trial after the other, and returns why no more was handed out."""
    for _ in range(n):
        try:
            (trial,) = people.ask(session, 1)
        except Refused as refusal:
            return str(refusal)
        people.tell(session, trial.number, tell(trial))
    raise AssertionError("nothing stopped it")


def stops(session: Session) -> list[CampaignStopped]:
    entries = session.ledger.read(session.campaign, kinds={"campaign stopped"})
    return [entry.record for entry in entries]


RULES = {
    "goal": by_hand(goal="20", stop="goal_probability: 0.9"),
    "remaining gain": in_few_steps(by_hand(stop="remaining_gain: 40", budget="trials: 9")),
    "nothing better": in_few_steps(by_hand(stop="done_probability: 0.001", budget="trials: 9")),
    "failures": by_hand(stop="failures: 2"),
    "budget": by_hand(budget="trials: 3"),
}


@pytest.mark.parametrize(("rule", "text"), RULES.items())
def test_who_asks_is_stopped_by_the_rule_that_stops_an_engine_with_the_same_record(
    make_session: MakeSession, rule: str, text: str
):
    asking = make_session(PersonLab(), text=text)
    tell = broken if rule == "failures" else measured
    said = play(asking, tell=tell)
    assert said.startswith("Campaign 'bench' has stopped: ")
    (stop,) = stops(asking)
    assert stop.rule == rule
    assert stop.reason in said
    assert "planner go FILE" in said if rule == "failures" else "planner amend FILE" in said
    assert ("planner propose" in said) == (rule != "budget")

    # the same trials, told in another ledger, and an engine that looks at them
    engine = make_session(PersonLab(), text=text, ledger="engine.db")
    for number in asking.state.trials:
        (trial,) = people.ask(engine, 1)
        assert trial.configuration == asking.state.trial(number).configuration
        people.tell(engine, trial.number, tell(trial))
    assert advance(engine).waiting is Waiting.END
    assert stops(engine) == [stop]

    # once stopped it stays so, and is entered once
    with pytest.raises(Refused, match="has stopped"):
        people.ask(asking, 2)
    assert len(stops(asking)) == 1


@pytest.mark.parametrize(
    ("budget", "source", "reason"),
    [("time: 5 h", "", "the 5 h of the budget are over"), ("cost: 50", "cost: 30", "20 of the")],
)
def test_time_and_money_stop_who_asks_too(
    make_session: MakeSession, clock: ManualClock, budget: str, source: str, reason: str
):
    session = make_session(PersonLab(), text=by_hand(budget=budget, source=source))
    (trial,) = people.ask(session, 1)
    people.tell(session, trial.number, measured(trial))
    clock.set(clock.now() + timedelta(hours=6))
    assert reason in play(session, n=1)
    assert [stop.rule for stop in stops(session)] == ["budget"]


def test_without_a_stop_rule_nothing_but_the_budget_and_repeated_failures_ends_it(
    make_session: MakeSession,
):
    text = by_hand(goal="20", budget="trials: 8").replace("stop: {failures: 5}\n", "")
    session = make_session(PersonLab(), text=text)
    assert session.state.spec.stop.failures == 5
    assert "8 trials are used up" in play(session)
    assert len(session.state.trials) == 8
    untiring = make_session(PersonLab(), text=text, ledger="untiring.db")
    assert "5 trials in a row failed" in play(untiring, tell=broken)


def test_no_rule_is_looked_at_by_a_model_that_the_file_does_not_set(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
):
    fitted: list[str] = []
    for name in ("find_best", "estimate_remaining"):
        monkeypatch.setattr(
            f"planner.loop.deciding.best.{name}", lambda *_, name=name: fitted.append(name)
        )
    for stop, looked in (
        ("failures: 5", set()),
        ("goal_probability: 0.9", {"find_best"}),
        ("done_probability: 0.9", {"estimate_remaining"}),
    ):
        text = by_hand(goal="20", stop=stop, budget="trials: 9")
        play(make_session(PersonLab(), text=text, ledger=f"{stop[:4]}.db"))
        assert set(fitted) == looked
        fitted.clear()


def test_what_is_in_hand_is_told_after_a_rule_is_met_and_may_change_it(make_session: MakeSession):
    session = make_session(PersonLab(), text=by_hand(stop="failures: 2"))
    trials = people.ask(session, 3)
    for trial in trials[:2]:
        people.tell(session, trial.number, broken(trial))
    with pytest.raises(Refused, match="hands out no more") as refusal:
        people.ask(session, 1)
    assert "What comes of trial 3 may change that" in str(refusal.value)
    assert "raise stop.failures in the file" in str(refusal.value)
    assert not stops(session)
    assert people.trials_to_tell(session.state, author=session.author) == [session.state.trial(3)]
    people.tell(session, 3, measured(trials[2]))
    assert [each.number for each in people.ask(session, 1)] == [4]


def test_a_result_that_is_told_while_the_rules_are_looked_at_is_not_passed_over(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
):
    session = make_session(PersonLab(), text=by_hand(stop="failures: 2"))
    other = make_session(PersonLab(), text=by_hand(stop="failures: 2"))
    trials = people.ask(session, 3)
    for trial in trials[:2]:
        people.tell(session, trial.number, broken(trial))

    def slowly(*given, **more):
        people.tell(other, 3, measured(trials[2]))
        return assess(*given, **more)

    with monkeypatch.context() as patched:
        patched.setattr("planner.loop.people.asking.assess", slowly)
        with pytest.raises(StaleWrite, match="ask again"):
            people.ask(session, 1)
    assert not stops(session)
    assert [each.number for each in people.ask(session, 1)] == [4]


def test_a_sample_that_waits_for_its_analysis_is_waited_for(make_session: MakeSession):
    text = by_hand(stop="failures: 1").replace(
        "\nbudget", "\n  scale: {kind: analysis, measures: [yield]}\nbudget"
    )
    session = make_session(PersonLab(), text=text)
    first, second = people.ask(session, 2)
    people.tell(session, first.number, Told(outcomes={}, is_done=True))
    people.tell(session, second.number, broken(second))
    with pytest.raises(Refused, match="What comes of trial 1 may change that"):
        people.ask(session, 1)
    people.tell(session, first.number, measured(first))
    assert "has stopped" in play(session, n=1)


def test_results_and_trials_of_ones_own_are_taken_after_the_stop(make_session: MakeSession):
    session = make_session(PersonLab(), text=RULES["goal"])
    said = play(session)
    asked = len(session.state.trials)
    own = people.propose(session, OWN).trial
    assert own.state is TrialState.RUNNING
    assert people.trials_to_tell(session.state, author=session.author) == [own]
    people.tell(session, own.number, measured(own))
    assert session.state.trial(own.number).state is TrialState.COMPLETED
    assert len(session.state.observations) == asked + 1
    assert play(session, n=1) == said


def test_a_trial_of_ones_own_for_a_machine_runs_after_the_stop(make_session: MakeSession):
    text = campaign_text(stop="goal_probability: 0.9").replace("gain: 1", "goal: 20")
    session = make_session(ScriptedLab(on_the_hill), text=text)
    while advance(session).waiting is not Waiting.END:
        pass
    asked = len(session.state.trials)
    own = people.propose(session, OWN).trial
    while advance(session).waiting is not Waiting.END:
        pass
    assert session.state.trial(own.number).state is TrialState.COMPLETED
    assert len(session.state.trials) == asked + 1


def test_a_budget_that_has_ended_the_campaign_admits_no_trial_of_ones_own(
    make_session: MakeSession,
):
    session = make_session(PersonLab(), text=RULES["budget"])
    play(session)
    with pytest.raises(Refused, match=r"used up. .*raise the budget.*without a trial number"):
        people.propose(session, OWN)


def test_a_changed_rule_lets_the_campaign_go_on(make_session: MakeSession):
    session = make_session(PersonLab(), text=RULES["goal"])
    play(session)
    amended = make_session(PersonLab(), text=RULES["goal"], ledger="ledger.db")
    text = by_hand(goal="20", stop="failures: 5")
    spec = make_session(PersonLab(), text=text, ledger="other.db").state.spec
    open_campaign(amended.ledger, spec, author="ada", may_amend=agree)
    asked = len(session.state.trials)
    assert [each.number for each in people.ask(session, 1)] == [asked + 1]


def test_after_repeated_failures_a_persons_word_lets_it_go_on(make_session: MakeSession):
    session = make_session(PersonLab(), text=RULES["failures"])
    play(session, tell=broken)
    people.want(session, Wanted.RUN, reason="a new pump")
    assert [each.number for each in people.ask(session, 1)] == [3]


def test_when_every_setting_was_tried_the_campaign_has_stopped(make_session: MakeSession):
    text = by_hand(budget="trials: 9", policy="acquisition: random")
    text = text.replace("low: 100, high: 150", "values: [100, 150]")
    text = text.replace("low: 1, high: 5,", "values: [1, 5],")
    session = make_session(PersonLab(), text=text)
    trials: Sequence[Trial] = people.ask(session, 4)
    with pytest.raises(Refused, match="no configuration is left"):
        people.ask(session, 1)
    assert not stops(session)  # one that fails by machine may be tried again
    for trial in trials:
        people.tell(session, trial.number, measured(trial))
    with pytest.raises(Refused, match="within these wishes"):
        people.ask(session, 1, wishes=people.Wishes(lock={"flow": Reported(value=1.0)}))
    assert not stops(session)
    assert "widen what may be tried" in play(session, n=1)
    assert stops(session) == [NOTHING_LEFT]


def test_an_agent_that_may_ask_may_hear_that_it_has_stopped(make_session: MakeSession):
    session = make_session(PersonLab(), text=RULES["budget"])
    for name, role in (("ada", Role.LEAD), ("pilot", Role.AGENT)):
        register(session.ledger, name, role, by="ada", now=session.clock.now())
    session.author = "pilot"
    assert "has stopped" in play(session)
    assert len(stops(session)) == 1
