"""What makes a write stale, and what does not."""

from __future__ import annotations

import pytest
from ledger_records import CAMPAIGN, begin, moved, proposed, trial_steps

from planner.errors import StaleWrite
from planner.ledger import Expectation, Ledger
from planner.ledger.entries import CampaignAmended, Noted, Record, WantedSet
from planner.trials import TrialState, Wanted

RUNS = frozenset({Wanted.RUN, Wanted.HOLD})


def write(ledger: Ledger, expect: Expectation) -> None:
    before = list(ledger.read())
    try:
        ledger.append(CAMPAIGN, [proposed(2)], author="planner", expect=expect)
    except StaleWrite:
        assert list(ledger.read()) == before
        raise


def all_of(ledger: Ledger, epoch: int) -> Expectation:
    return Expectation(
        epoch=epoch, wanted=RUNS, spec_digest="spec 1", trials={1: TrialState.RUNNING}
    )


def test_a_write_whose_grounds_hold_is_accepted(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1)[:2])
    lease = ledger.take(CAMPAIGN)
    write(ledger, all_of(ledger, lease.epoch))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (WantedSet(wanted=Wanted.DRAIN), "wanted state is drain, not hold or run"),
        (
            CampaignAmended(spec={}, spec_digest="spec 2", changes=("bounds",)),
            "campaign file has been amended",
        ),
        (moved(1, TrialState.IN_DOUBT), "trial 1 is in doubt, not running"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_a_write_is_stale_when_its_grounds_changed(
    ledger: Ledger, change: Record, words: str
) -> None:
    begin(ledger, *trial_steps(1)[:2])
    lease = ledger.take(CAMPAIGN)
    ledger.append(CAMPAIGN, [change], author="mara")
    with pytest.raises(StaleWrite, match=words):
        write(ledger, all_of(ledger, lease.epoch))


def test_a_write_of_an_earlier_epoch_is_stale(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1)[:2])
    lease = ledger.take(CAMPAIGN)
    ledger.take(CAMPAIGN)
    with pytest.raises(StaleWrite, match=r"lease has been taken again \(epoch 2, not 1\)"):
        write(ledger, all_of(ledger, lease.epoch))


def test_a_trial_that_is_not_there_is_no_ground(ledger: Ledger) -> None:
    begin(ledger)
    with pytest.raises(StaleWrite, match="trial 9 is not known, not approved"):
        write(ledger, Expectation(trials={9: TrialState.APPROVED}))


def test_everything_that_changed_is_named_at_once(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1)[:2])
    ledger.append(CAMPAIGN, [WantedSet(wanted=Wanted.PAUSE)], author="mara")
    with pytest.raises(StaleWrite, match=r"epoch 0, not 3.*; its wanted state is pause"):
        write(ledger, all_of(ledger, 3))


def test_a_result_that_arrives_while_the_planner_thinks_makes_nothing_stale(
    ledger: Ledger,
) -> None:
    """A proposal decided while trial 1 ran is written after its result has been observed."""
    begin(ledger, *trial_steps(1)[:2])
    lease = ledger.take(CAMPAIGN)
    decided = Expectation(epoch=lease.epoch, wanted=RUNS, spec_digest="spec 1")
    for records in trial_steps(1)[2:]:
        ledger.append(CAMPAIGN, records, author="planner")
    ledger.append(CAMPAIGN, [Noted(text="the door was open")], author="mara")
    write(ledger, decided)
    assert [trial.trial for trial in ledger.trial_rows(CAMPAIGN)] == [1, 2]


def test_another_trial_that_moves_makes_nothing_stale(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1)[:2], [proposed(3)])
    ledger.append(CAMPAIGN, [moved(3, TrialState.REJECTED)], author="mara")
    write(ledger, Expectation(trials={1: TrialState.RUNNING}))


def test_another_campaign_makes_nothing_stale(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1)[:2])
    lease = ledger.take(CAMPAIGN)
    begin(ledger, [WantedSet(wanted=Wanted.PAUSE)], campaign="other")
    ledger.take("other")
    write(ledger, all_of(ledger, lease.epoch))
