"""What the ledger lets happen, and what its projections say of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ledger_records import (
    CAMPAIGN,
    arrived,
    begin,
    moved,
    observed,
    proposed,
    run_moved,
    run_opened,
    trial_steps,
)

from planner.errors import Conflict, Refused, StaleWrite, UnknownName
from planner.ledger import InboxState, Ledger, OutboxState
from planner.ledger.entries import (
    CampaignAmended,
    CampaignStopped,
    OrderSent,
    ResultQuarantined,
    VerdictGiven,
    WantedSet,
)
from planner.trials import RunState, TrialState, Wanted

APPROVED = [proposed(1), moved(1, TrialState.APPROVED)]
RUNNING = [run_opened(1), moved(1, TrialState.RUNNING)]
KEY = f"{CAMPAIGN}/1/1"


def test_a_trial_that_goes_well_leaves_nothing_open(ledger: Ledger) -> None:
    written = begin(ledger, *trial_steps(1))
    (trial,) = ledger.trial_rows(CAMPAIGN)
    assert (trial.state, trial.open_run, trial.result_version) == (TrialState.COMPLETED, None, 1)
    assert ledger.open_runs(CAMPAIGN) == ()
    assert ledger.outbox() == ()
    assert ledger.inbox() == ()
    row = ledger.campaign_row(CAMPAIGN)
    assert (row.last_sequence, row.last_at) == (9, written[-1].at)
    assert ledger.campaigns() == (row,)


def test_an_opened_run_lies_in_the_outbox_of_its_source(ledger: Ledger) -> None:
    begin(ledger, APPROVED, RUNNING)
    (run,) = ledger.open_runs(CAMPAIGN)
    assert (run.key, run.state, run.source) == (KEY, RunState.DISPATCHING, "furnace")
    (order,) = ledger.outbox(source="furnace")
    assert (order.key, order.command, order.state) == (KEY, "start", OutboxState.WAITING)
    assert order.order == run_opened(1).order
    assert ledger.outbox(campaign=CAMPAIGN) == (order,)
    assert ledger.outbox(source="mixer") == ledger.outbox(campaign="other") == ()


def test_a_handed_trial_has_a_run_and_no_order(ledger: Ledger) -> None:
    begin(ledger, [proposed(1, handed=True), moved(1, TrialState.APPROVED)], RUNNING)
    assert [run.handed for run in ledger.open_runs(CAMPAIGN)] == [True]
    assert ledger.outbox() == ()


def test_the_order_of_records_within_a_transaction_is_free(ledger: Ledger) -> None:
    begin(ledger, APPROVED, [moved(1, TrialState.RUNNING), run_opened(1)])
    assert len(ledger.open_runs()) == 1


def test_a_move_that_the_life_cycle_does_not_know_is_refused(ledger: Ledger) -> None:
    begin(ledger, APPROVED)
    with pytest.raises(Refused, match=r"Trial 1 is approved.*cannot become completed"):
        ledger.append(CAMPAIGN, [moved(1, TrialState.COMPLETED)], author="mara")
    ledger.append(CAMPAIGN, RUNNING, author="planner")
    ledger.append(CAMPAIGN, [run_moved(1, RunState.COMPLETED)], author="planner")
    with pytest.raises(Refused, match=f"Run {KEY} is completed, which is an end"):
        ledger.append(CAMPAIGN, [run_moved(1, RunState.STARTED)], author="planner")


@pytest.mark.parametrize(
    ("records", "error", "words"),
    [
        ([proposed(1)], StaleWrite, "has a trial 1 already"),
        ([run_opened(1)], StaleWrite, "has been opened already"),
        ([run_opened(1, digest="order 2")], Conflict, "with other parameters"),
        ([run_opened(1, run=2)], StaleWrite, "is still open"),
        ([replace(run_opened(1), key="x/1/1")], Conflict, "cannot have the key"),
        ([proposed(2), run_opened(2)], Refused, "only an approved one may run"),
        ([run_moved(7, RunState.STARTED)], UnknownName, "no run with the key"),
        ([moved(7, TrialState.APPROVED)], UnknownName, "no trial 7"),
        ([arrived(7)], UnknownName, "no run with the key"),
        ([observed(1)], UnknownName, "The inbox has no result"),
        ([replace(observed(1), result_digest=None, version=2)], StaleWrite, "version 0"),
    ],
)
def test_what_is_there_already_or_not_there_at_all_is_refused(
    ledger: Ledger, records: list, error: type[Refused], words: str
) -> None:
    begin(ledger, APPROVED, RUNNING)
    n = len(list(ledger.read()))
    with pytest.raises(error, match=words) as caught:
        ledger.append(CAMPAIGN, records, author="planner")
    assert type(caught.value) is error
    assert len(list(ledger.read())) == n


def test_a_second_run_opens_once_the_first_has_ended(ledger: Ledger) -> None:
    again = [moved(1, TrialState.APPROVED), run_opened(1, run=2), moved(1, TrialState.RUNNING)]
    begin(ledger, APPROVED, RUNNING, [run_moved(1, RunState.VOID), *again])
    assert [run.run for run in ledger.open_runs()] == [2]
    assert [order.key for order in ledger.outbox()] == [f"{CAMPAIGN}/1/2"]


def test_only_one_of_two_drivers_can_write_that_it_sends(ledger: Ledger) -> None:
    begin(ledger, APPROVED, RUNNING)
    sent = OrderSent(key=KEY, attempt=1, token=5)
    ledger.append(CAMPAIGN, [sent], author="planner")
    with pytest.raises(StaleWrite, match="another driver has sent it"):
        ledger.append(CAMPAIGN, [sent], author="planner")
    (order,) = ledger.outbox()
    assert (order.state, order.attempts, order.token) == (OutboxState.SENT, 1, 5)


def test_a_driver_with_an_older_token_cannot_send_again(ledger: Ledger) -> None:
    begin(ledger, APPROVED, RUNNING, [OrderSent(key=KEY, attempt=1, token=5)])
    with pytest.raises(StaleWrite, match="Another driver holds the device"):
        ledger.append(CAMPAIGN, [OrderSent(key=KEY, attempt=2, token=4)], author="planner")
    ledger.append(CAMPAIGN, [OrderSent(key=KEY, attempt=2, token=6)], author="planner")
    assert [order.attempts for order in ledger.outbox()] == [2]


@pytest.mark.parametrize("answer", [RunState.ACCEPTED, RunState.IN_DOUBT, RunState.ABORTING])
def test_an_order_is_not_sent_once_its_run_has_moved_on(ledger: Ledger, answer: RunState) -> None:
    begin(ledger, APPROVED, RUNNING, [run_moved(1, answer)])
    with pytest.raises(StaleWrite, match="do not send it"):
        ledger.append(CAMPAIGN, [OrderSent(key=KEY, attempt=1, token=1)], author="planner")
    assert "start" not in {order.command for order in ledger.outbox()}


def test_an_abort_is_an_order_until_it_is_answered(ledger: Ledger) -> None:
    begin(ledger, APPROVED, RUNNING, [run_moved(1, RunState.STARTED)])
    ledger.append(CAMPAIGN, [run_moved(1, RunState.ABORTING)], author="mara")
    assert [order.command for order in ledger.outbox(source="furnace")] == ["abort"]
    sent = OrderSent(key=KEY, attempt=1, token=1, command="abort")
    ledger.append(CAMPAIGN, [sent], author="planner")
    assert [order.state for order in ledger.outbox()] == [OutboxState.SENT]
    ledger.append(CAMPAIGN, [run_moved(1, RunState.ABORTED)], author="planner")
    assert ledger.outbox() == ()


def test_an_abort_can_be_asked_again_after_doubt(ledger: Ledger) -> None:
    states = (RunState.STARTED, RunState.ABORTING, RunState.IN_DOUBT, RunState.STARTED)
    begin(ledger, APPROVED, RUNNING, *([run_moved(1, state)] for state in states))
    assert ledger.outbox() == ()
    ledger.append(CAMPAIGN, [run_moved(1, RunState.ABORTING)], author="mara")
    assert [order.attempts for order in ledger.outbox()] == [0]


def test_a_result_waits_until_an_observation_settles_it(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1)[:3])
    assert [(row.key, row.state) for row in ledger.inbox(CAMPAIGN)] == [(KEY, InboxState.WAITING)]
    ledger.append(CAMPAIGN, trial_steps(1)[3], author="planner")
    assert ledger.inbox(CAMPAIGN) == ()
    assert len(ledger.inbox(CAMPAIGN, states=[InboxState.SETTLED])) == 1


def test_a_late_result_is_kept_and_flagged_only(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1))
    late = replace(arrived(1, digest="late"), late=True)
    ledger.append(CAMPAIGN, [late], author="planner")
    assert ledger.inbox() == ()
    assert [row.late for row in ledger.inbox(states=[InboxState.LATE])] == [True]


def test_a_quarantined_result_keeps_its_reasons_until_a_verdict(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1)[:3])
    aside = ResultQuarantined(
        trial=1, key=KEY, result_digest="result 1", reasons=("112 % is above 100 %",)
    )
    ledger.append(CAMPAIGN, [aside], author="planner")
    assert ledger.inbox() == ()
    (row,) = ledger.inbox(states=[InboxState.QUARANTINED])
    assert row.reasons == ["112 % is above 100 %"]
    verdict = VerdictGiven(trial=1, verdict="performed, no result", reason="probe was out")
    ledger.append(CAMPAIGN, [verdict], author="mara")
    assert ledger.inbox(states=[InboxState.QUARANTINED]) == ()


def test_two_people_cannot_both_correct_the_same_result(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1))
    correction = replace(observed(1, version=2), reason="wrong blank", key=None)
    ledger.append(CAMPAIGN, [correction], author="mara")
    with pytest.raises(StaleWrite, match="has version 2 of its result"):
        ledger.append(CAMPAIGN, [correction], author="jo")
    assert ledger.trial_rows(CAMPAIGN)[0].result_version == 2


def test_a_stopped_campaign_goes_on_when_it_is_amended(ledger: Ledger) -> None:
    begin(ledger, [CampaignStopped(rule="budget", reason="30 trials are done")])
    assert ledger.campaign_row(CAMPAIGN).stop_rule == "budget"
    ledger.append(CAMPAIGN, [WantedSet(wanted=Wanted.RUN)], author="mara")
    assert ledger.campaign_row(CAMPAIGN).stop_rule == "budget"
    amended = CampaignAmended(spec={}, spec_digest="spec 2", changes=("budget 30 to 40",))
    ledger.append(CAMPAIGN, [amended], author="mara")
    row = ledger.campaign_row(CAMPAIGN)
    assert (row.stopped_at, row.stop_rule, row.spec_digest) == (None, None, "spec 2")
    assert row.spec_sequence == row.last_sequence == 4


def test_a_campaign_that_failed_goes_on_when_somebody_asks_again(ledger: Ledger) -> None:
    begin(ledger, [CampaignStopped(rule="failures", reason="5 in a row", failed=True)])
    ledger.append(CAMPAIGN, [WantedSet(wanted=Wanted.RUN)], author="mara")
    assert ledger.campaign_row(CAMPAIGN).stopped_at is None


def test_an_unknown_campaign_is_named_with_those_that_are_there(ledger: Ledger) -> None:
    begin(ledger)
    with pytest.raises(UnknownName, match=rf"no campaign 'cnt' \(it has: {CAMPAIGN}\)"):
        ledger.campaign_row("cnt")
