"""The two verbs, in both databases."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from ledger_records import (
    CAMPAIGN,
    arrived,
    begin,
    moved,
    opened,
    proposed,
    run_opened,
    trial_steps,
)
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from planner import __version__
from planner.clock import ManualClock
from planner.errors import Conflict, InputError, StaleWrite, UnknownName
from planner.ledger import Entry, Ledger, open_ledger
from planner.ledger.entries import (
    AdjustmentAnswered,
    AdjustmentApproved,
    AdjustmentAsked,
    CampaignAmended,
    CampaignOpened,
    CampaignStopped,
    CoverageAlarm,
    FitFailed,
    IntervalsCorrected,
    MessagesRefused,
    ModelsCompared,
    Noted,
    ObservationImported,
    OrderKeptBack,
    OrderSent,
    OutcomesObserved,
    Record,
    ResultArrived,
    ResultQuarantined,
    RunMoved,
    VerdictGiven,
    WantedSet,
)
from planner.ledger.schema import SCHEMA
from planner.trials import Measured, RunState, TrialState, Wanted


def test_what_is_read_is_what_was_written(ledger: Ledger) -> None:
    records = [record for step in trial_steps(1) for record in step]
    written = begin(ledger, *trial_steps(1))
    read = list(ledger.read(CAMPAIGN))
    assert read == written
    assert [entry.record for entry in read[1:]] == records
    assert [entry.sequence for entry in read] == list(range(1, 10))
    assert {entry.author for entry in read[1:]} == {"planner"}


def test_an_entry_carries_time_schema_and_software(ledger: Ledger, clock: ManualClock) -> None:
    begin(ledger)
    clock.wait_s(90.25)
    (noted,) = ledger.append(CAMPAIGN, [Noted(text="the furnace smells")], author="mara")
    (_, read) = ledger.read()
    assert read == noted
    assert read.at == clock.now()
    assert read.at.utcoffset() == timedelta(0)
    assert (read.schema, read.software, read.author) == (SCHEMA, __version__, "mara")


def test_every_kind_of_record_reads_back(ledger: Ledger, clock: ManualClock) -> None:
    rest: list[Record] = [
        CampaignAmended(spec={"a": [1, None]}, spec_digest="spec 2", changes=("budget 20 to 30",)),
        WantedSet(wanted=Wanted.HOLD, reason="lunch"),
        proposed(2),
        *(moved(2, state) for state in (TrialState.APPROVED, TrialState.RUNNING)),
        run_opened(2),
        OrderSent(key=f"{CAMPAIGN}/2/1", attempt=1, token=4),
        OrderKeptBack(key=f"{CAMPAIGN}/2/1", by="locked", reason="the door is open"),
        RunMoved(key=f"{CAMPAIGN}/2/1", to=RunState.STARTED, began=clock.now()),
        AdjustmentAsked(
            key=f"{CAMPAIGN}/2/1",
            number=1,
            digest="d",
            parameters={"flow": 3},
            reason="it smokes",
            approved=False,
        ),
        AdjustmentApproved(key=f"{CAMPAIGN}/2/1", number=1, reason="so it does"),
        RunMoved(key=f"{CAMPAIGN}/2/1", to=RunState.ADJUSTING),
        AdjustmentAnswered(key=f"{CAMPAIGN}/2/1", number=1, state="refused", reason="too low"),
        RunMoved(key=f"{CAMPAIGN}/2/1", to=RunState.IN_DOUBT, evidence="no answer in 30 s"),
        ResultArrived(key=f"{CAMPAIGN}/2/1", result_digest="r", payload={"spectrum": [1.5, 2]}),
        ResultQuarantined(
            trial=2, key=f"{CAMPAIGN}/2/1", result_digest="r", reasons=("112 % is above 100 %",)
        ),
        VerdictGiven(trial=2, verdict="performed, no result", reason="the film peeled off"),
        OutcomesObserved(trial=2, outcomes={"yield": Measured(value=2)}, source="mara"),
        ObservationImported(
            configuration={"flow": 3},
            outcomes={},
            source="old.csv",
            measured_at=clock.now() - timedelta(days=400),
            origin="old.csv, line 3",
        ),
        FitFailed(reason="the covariance is singular", consequence="a space-filling choice"),
        ModelsCompared(
            n=12,
            scores={"gp": -0.5, "forest": -0.75},
            weights={"gp": 1.0},
            left_out={"mixed_gp": "there are no categories"},
            words="Of 2 families gp predicted best.",
        ),
        IntervalsCorrected(
            known=1.25,
            unknown=0.5,
            tail=0.4,
            widths_known={"0.5": 1.25, "0.95": 1.5},
            widths_unknown={"0.5": 0.5, "0.95": 0.75},
            n_forecasts=9,
            reason="25 % wider",
        ),
        CoverageAlarm(trial=2, level=0.9, held=3, n=9, reason="3 of 9 held"),
        MessagesRefused(
            source="furnace", device="right", what="news", about="x/1/1", n=7, reason="not its run"
        ),
        Noted(text="umlauts äöü, a quote ', a NUL \x00 and 氢", trial=2),
        CampaignStopped(rule="budget", reason="30 trials are done"),
    ]
    begin(ledger)
    ledger.append(CAMPAIGN, rest, author="planner")
    assert [entry.record for entry in ledger.read(after=1)] == rest


def test_reading_goes_on_after_a_number_and_keeps_to_kinds_and_campaign(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1))
    ledger.append(
        "other", [CampaignOpened(spec={}, spec_digest="o", seed=1, simulated=False)], author="mara"
    )
    assert [entry.sequence for entry in ledger.read(CAMPAIGN, after=6)] == [7, 8, 9]
    assert [entry.sequence for entry in ledger.read(after=8)] == [9, 10]
    kinds = [entry.record.kind for entry in ledger.read(kinds={"trial moved", "run moved"})]
    assert kinds == ["trial moved", "trial moved", "run moved", "trial moved"]
    assert list(ledger.read(CAMPAIGN, after=9)) == []
    assert list(ledger.read("nobody")) == []


def test_reading_crosses_pages_without_loss_or_repeat(ledger: Ledger) -> None:
    """Pages are of 2000 entries: 4001 make two full ones and a rest."""
    begin(ledger)
    ledger.append(CAMPAIGN, [Noted(text=str(n)) for n in range(4000)], author="mara")
    assert [entry.sequence for entry in ledger.read()] == list(range(1, 4002))


def test_a_refused_append_writes_nothing_and_loses_no_number(ledger: Ledger) -> None:
    begin(ledger)
    with pytest.raises(UnknownName, match="no trial 5"):
        ledger.append(CAMPAIGN, [Noted(text="kept?"), Noted(text="no", trial=5)], author="mara")
    (entry,) = ledger.append(CAMPAIGN, [Noted(text="next")], author="mara")
    assert entry.sequence == 2
    assert [each.sequence for each in ledger.read()] == [1, 2]


def test_no_records_write_nothing(ledger: Ledger) -> None:
    assert ledger.append(CAMPAIGN, [], author="mara") == ()


def test_a_campaign_is_opened_first_and_once(ledger: Ledger) -> None:
    with pytest.raises(UnknownName, match="Open it first"):
        ledger.append(CAMPAIGN, [Noted(text="too early")], author="mara")
    begin(ledger)
    with pytest.raises(Conflict, match="Choose another name"):
        ledger.append(CAMPAIGN, [opened()], author="mara")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_measured_value_that_is_no_number_is_refused(ledger: Ledger, value: float) -> None:
    begin(ledger, *trial_steps(1)[:2])
    told = OutcomesObserved(trial=1, outcomes={"yield": Measured(value=value)}, source="mara")
    with pytest.raises(InputError, match=r"outcomes\.yield\.value.*finite"):
        ledger.append(CAMPAIGN, [told], author="mara")


def test_a_payload_is_kept_as_it_came(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1)[:2])
    payload = {"trace": [1.5, math.nan, -math.inf], "note": "\x00 ½"}
    result = ResultArrived(key=f"{CAMPAIGN}/1/1", result_digest="r", payload=payload)
    ledger.append(CAMPAIGN, [result], author="planner")
    (row,) = ledger.inbox(CAMPAIGN)
    (entry,) = ledger.read(kinds={"result arrived"})
    assert isinstance(entry.record, ResultArrived)
    for kept in (row.payload, entry.record.payload):
        assert repr(kept) == repr(payload)  # NaN is equal to nothing, so compare the words


@pytest.mark.parametrize(
    "record",
    [
        Noted(text="\ud800"),
        Noted(text="x", trial="one"),  # type: ignore[arg-type]
        ResultArrived(key="k", result_digest="r", payload={"n": np.int64(3)}),  # type: ignore[dict-item]
    ],
    ids=["half a character", "text for a number", "numpy's own integer"],
)
def test_what_would_not_read_back_is_refused(ledger: Ledger, record: Record) -> None:
    begin(ledger)
    with pytest.raises(InputError, match="cannot be entered"):
        ledger.append(CAMPAIGN, [record], author="mara")
    assert len(list(ledger.read())) == 1


def test_a_repeat_in_the_inbox_is_refused(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1)[:3])
    with pytest.raises(StaleWrite, match="Drop the repeat"):
        ledger.append(CAMPAIGN, [arrived(1)], author="planner")
    ledger.append(CAMPAIGN, [arrived(1, digest="result 2")], author="planner")
    assert [row.result_digest for row in ledger.inbox()] == ["result 1", "result 2"]


@pytest.mark.parametrize("change", ["UPDATE entries SET author = 'x'", "DELETE FROM entries"])
def test_the_database_itself_refuses_to_change_an_entry(ledger: Ledger, change: str) -> None:
    written = begin(ledger, *trial_steps(1))
    with (
        pytest.raises(DBAPIError, match="never changed or deleted"),
        ledger.engine.begin() as connection,
    ):
        connection.execute(text(change))
    assert list(ledger.read()) == written


def test_another_ledger_object_reads_the_same(
    ledger: Ledger, place: str, clock: ManualClock
) -> None:
    written = begin(ledger, *trial_steps(1))
    other = open_ledger(place, clock=clock)
    assert other.id == ledger.id
    read: list[Entry] = list(other.read())
    other.close()
    assert read == written
