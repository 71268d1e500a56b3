"""What an entry does to the projections, and whether it may be written at all.

One rule for each kind of record, over rows in memory: an append folds its entries into the rows
that they touch, a rebuilding folds all of them into none. So a rule is checked where it is applied,
and a rebuilt ledger has passed every check again.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from pydantic import JsonValue

from planner.errors import Conflict, Refused, StaleWrite, UnknownName
from planner.ledger.entries import (
    LEAVE_OUT,
    TAKE_IN,
    AdjustmentAsked,
    ApprovalGiven,
    CampaignAmended,
    CampaignOpened,
    CampaignStopped,
    CampaignTaken,
    Command,
    Entry,
    Expectation,
    OrderSent,
    OutcomesObserved,
    Record,
    ResultArrived,
    ResultQuarantined,
    RunMoved,
    RunOpened,
    TrialMoved,
    TrialProposed,
    VerdictGiven,
    WantedSet,
)
from planner.ledger.rows import (
    CampaignRow,
    InboxRow,
    InboxState,
    OutboxRow,
    OutboxState,
    Rows,
    RunRow,
    TrialRow,
)
from planner.trials import (
    TERMINAL_RUNS,
    RunState,
    TrialState,
    Wanted,
    check_run_move,
    check_trial_move,
    make_key,
)

# an order is open as long as its run is in the state that asked for it
ASKED_IN: dict[Command, RunState] = {
    "start": RunState.DISPATCHING,
    "abort": RunState.ABORTING,
    "adjust": RunState.ADJUSTING,
}
MAY_OPEN_A_RUN = frozenset({TrialState.APPROVED, TrialState.RUNNING})


def check_expectation(expect: Expectation, rows: Rows, *, campaign: str) -> None:
    """Accepts a write whose grounds still hold; new observations are not among them.

    Raises:
        StaleWrite: the lease, the wanted state, the campaign file or a named trial has changed.
    """
    row = _campaign(rows, campaign)
    found = []
    if expect.epoch is not None and expect.epoch != row.epoch:
        found.append(f"its lease has been taken again (epoch {row.epoch}, not {expect.epoch})")
    if expect.wanted is not None and row.wanted not in expect.wanted:
        allowed = " or ".join(sorted(expect.wanted))
        found.append(f"its wanted state is {row.wanted}, not {allowed}")
    if expect.spec_digest is not None and expect.spec_digest != row.spec_digest:
        found.append("its campaign file has been amended")
    for number, state in expect.trials.items():
        trial = rows.trials.get(number)
        now = "not known" if trial is None else trial.state
        if now != state:
            found.append(f"trial {number} is {now}, not {state}")
    for key, attempt in expect.runs.items():
        run = rows.runs.get(key)
        so = "not known" if run is None else run.state
        if so != attempt:
            found.append(f"run {key} is {so}, not {attempt}")
    if found:
        raise StaleWrite(
            f"Campaign {campaign!r} has moved on since this write was decided: "
            f"{'; '.join(found)}. Nothing was written; decide again from the ledger."
        )


def project(entry: Entry, rows: Rows) -> None:
    """Applies one entry to the rows it touches, in place.

    Raises:
        Refused: the life cycle does not lead there.
        StaleWrite: somebody else has written this already.
        Conflict: the same name or key stands for something else.
        UnknownName: it speaks of a campaign, trial or run that is not there.
    """
    if not isinstance(entry.record, CampaignOpened):
        _campaign(rows, entry.campaign)
    _apply(entry.record, entry, rows)
    rows.campaign = replace(
        _campaign(rows, entry.campaign), last_sequence=entry.sequence, last_at=entry.at
    )


@singledispatch
def _apply(record: Record, entry: Entry, rows: Rows) -> None:
    """Kinds without a rule of their own change no row but the campaign's last sequence."""
    number = getattr(record, "trial", None)
    if number is not None:
        _trial(rows, entry, number)
    elif key := getattr(record, "key", None):
        _run(rows, key)


@_apply.register
def _(record: CampaignOpened, entry: Entry, rows: Rows) -> None:
    if rows.campaign is not None:
        raise Conflict(
            f"Campaign {entry.campaign!r} was opened {rows.campaign.opened_at:%Y-%m-%d %H:%M} UTC "
            "already in this ledger. Choose another name, or go on with that campaign."
        )
    rows.campaign = CampaignRow(
        name=entry.campaign,
        spec_digest=record.spec_digest,
        spec_sequence=entry.sequence,
        simulated=record.simulated,
        wanted=Wanted.RUN,
        epoch=0,
        opened_at=entry.at,
        last_sequence=entry.sequence,
        last_at=entry.at,
    )


@_apply.register
def _(record: CampaignAmended, entry: Entry, rows: Rows) -> None:
    rows.campaign = replace(
        _campaign(rows, entry.campaign),
        spec_digest=record.spec_digest,
        spec_sequence=entry.sequence,
    )
    _go_on(rows, entry)


@_apply.register
def _(record: CampaignTaken, entry: Entry, rows: Rows) -> None:
    row = _campaign(rows, entry.campaign)
    if record.epoch != row.epoch + 1:
        raise StaleWrite(
            f"Campaign {entry.campaign!r} is in epoch {row.epoch}: epoch {record.epoch} cannot "
            "follow. Somebody else has taken its lease."
        )
    rows.campaign = replace(row, epoch=record.epoch)


@_apply.register
def _(record: WantedSet, entry: Entry, rows: Rows) -> None:
    row = _campaign(rows, entry.campaign)
    rows.campaign = replace(row, wanted=record.wanted)
    if record.wanted is Wanted.RUN and row.stop_failed:
        _go_on(rows, entry)  # who asks again after repeated failures says that they are mended


@_apply.register
def _(record: CampaignStopped, entry: Entry, rows: Rows) -> None:
    rows.campaign = replace(
        _campaign(rows, entry.campaign),
        stopped_at=entry.at,
        stop_rule=record.rule,
        stop_failed=record.failed,
    )


@_apply.register
def _(record: TrialProposed, entry: Entry, rows: Rows) -> None:
    if record.trial in rows.trials:
        raise StaleWrite(
            f"Campaign {entry.campaign!r} has a trial {record.trial} already: somebody else has "
            "proposed in the meantime. Nothing was written; decide again from the ledger."
        )
    rows.trials[record.trial] = TrialRow(
        campaign=entry.campaign,
        trial=record.trial,
        state=TrialState.PROPOSED,
        source=record.source,
        handed=record.handed,
        proposed_at=entry.at,
        updated_at=entry.at,
    )


@_apply.register
def _(record: TrialMoved, entry: Entry, rows: Rows) -> None:
    trial = _trial(rows, entry, record.trial)
    check_trial_move(record.trial, now=trial.state, to=record.to)
    rows.trials[record.trial] = replace(trial, state=record.to, updated_at=entry.at)


@_apply.register
def _(record: ApprovalGiven, entry: Entry, rows: Rows) -> None:
    trial = _trial(rows, entry, record.trial)
    if record.number != trial.approvals + 1:
        raise StaleWrite(
            f"Trial {record.trial} of campaign {entry.campaign!r} has {trial.approvals} approvals "
            f"by now: this one cannot be number {record.number}. Nothing was written; decide again "
            f"from the ledger."
        )
    rows.trials[record.trial] = replace(trial, approvals=record.number, updated_at=entry.at)


@_apply.register
def _(record: RunOpened, entry: Entry, rows: Rows) -> None:
    trial = _trial(rows, entry, record.trial)
    _check_opening(record, entry, rows, trial)
    rows.trials[record.trial] = replace(trial, open_run=record.key, updated_at=entry.at)
    rows.runs[record.key] = run = RunRow(
        key=record.key,
        campaign=entry.campaign,
        trial=record.trial,
        run=record.run,
        source=record.source,
        handed=trial.handed,
        digest=record.digest,
        state=RunState.DISPATCHING,
        is_open=True,
        parent=record.parent,
        evidence="",
        opened_at=entry.at,
        not_after=record.not_after,
        updated_at=entry.at,
    )
    _ask(run, entry, rows, command="start", order=dict(record.order))


def _check_opening(record: RunOpened, entry: Entry, rows: Rows, trial: TrialRow) -> None:
    key = make_key(entry.campaign, record.trial, record.run)
    if record.key != key:
        raise Conflict(f"A run of {key} cannot have the key {record.key!r}.")
    known = rows.runs.get(key)
    if known is not None and known.digest != record.digest:
        raise Conflict(
            f"Run {key} exists with other parameters (digest {known.digest[:12]}, not "
            f"{record.digest[:12]}). Open a run with a new number."
        )
    if known is not None:
        raise StaleWrite(f"Run {key} has been opened already; it is {known.state}.")
    if trial.open_run is not None:
        raise StaleWrite(f"Run {key}: run {trial.open_run} of the same trial is still open.")
    if trial.state not in MAY_OPEN_A_RUN:
        raise Refused(f"Run {key}: its trial is {trial.state}, and only an approved one may run.")


@_apply.register
def _(record: OrderSent, entry: Entry, rows: Rows) -> None:
    order = _open_order(rows, record.key, record.command)
    if record.attempt != order.attempts + 1:
        raise StaleWrite(
            f"The {record.command} of run {record.key} was sent {order.attempts} times, so that "
            f"sending {record.attempt} cannot follow: another driver has sent it."
        )
    if record.token < order.token:
        raise StaleWrite(
            f"The {record.command} of run {record.key} was sent with the token {order.token}; "
            f"{record.token} is an older one. Another driver holds the device."
        )
    _put(
        rows,
        replace(
            order,
            state=OutboxState.SENT,
            attempts=record.attempt,
            token=record.token,
            updated_at=entry.at,
        ),
    )


@_apply.register
def _(record: RunMoved, entry: Entry, rows: Rows) -> None:
    run = _run(rows, record.key)
    check_run_move(record.key, now=run.state, to=record.to)
    moved = replace(
        run,
        state=record.to,
        is_open=record.to not in TERMINAL_RUNS,
        evidence=record.evidence or run.evidence,
        updated_at=entry.at,
    )
    rows.runs[record.key] = moved
    _close_orders(moved, entry, rows)
    if record.to is RunState.ABORTING:
        _ask(moved, entry, rows, command="abort", order={})
    elif record.to is RunState.ADJUSTING:
        _ask(moved, entry, rows, command="adjust", order={"number": run.adjustments})
    if not moved.is_open:
        trial = _trial(rows, entry, run.trial)
        rows.trials[run.trial] = replace(trial, open_run=None, updated_at=entry.at)


@_apply.register
def _(record: AdjustmentAsked, entry: Entry, rows: Rows) -> None:
    run = _run(rows, record.key)
    if record.number != run.adjustments + 1:
        raise StaleWrite(
            f"Run {record.key} was changed {run.adjustments} times by now: this cannot be change "
            f"{record.number}. Somebody else has asked for one; look at it, and decide again."
        )
    rows.runs[record.key] = replace(run, adjustments=record.number, updated_at=entry.at)


@_apply.register
def _(record: ResultArrived, entry: Entry, rows: Rows) -> None:
    run = _run(rows, record.key)
    if (record.key, record.result_digest) in rows.inbox:
        raise StaleWrite(
            f"This result of run {record.key} (digest {record.result_digest[:12]}) is in the inbox "
            "already. Drop the repeat."
        )
    rows.inbox[record.key, record.result_digest] = InboxRow(
        key=record.key,
        result_digest=record.result_digest,
        sequence=entry.sequence,
        campaign=entry.campaign,
        trial=run.trial,
        payload=record.payload,
        state=InboxState.LATE if record.late else InboxState.WAITING,
        late=record.late,
        arrived_at=entry.at,
        updated_at=entry.at,
    )


@_apply.register
def _(record: OutcomesObserved, entry: Entry, rows: Rows) -> None:
    trial = _trial(rows, entry, record.trial)
    if record.version != trial.result_version + 1:
        raise StaleWrite(
            f"Trial {record.trial} of campaign {entry.campaign!r} has version "
            f"{trial.result_version} of its result, so that {record.version} cannot follow: "
            "somebody else has entered one. Look at it, and decide again."
        )
    rows.trials[record.trial] = replace(trial, result_version=record.version, updated_at=entry.at)
    if record.key is not None and record.result_digest is not None:
        _settle(rows, entry, record.key, record.result_digest, InboxState.SETTLED)


@_apply.register
def _(record: ResultQuarantined, entry: Entry, rows: Rows) -> None:
    _settle(rows, entry, record.key, record.result_digest, InboxState.QUARANTINED)
    row = rows.inbox[record.key, record.result_digest]
    rows.inbox[record.key, record.result_digest] = replace(row, reasons=list(record.reasons))


@_apply.register
def _(record: VerdictGiven, entry: Entry, rows: Rows) -> None:
    _trial(rows, entry, record.trial)
    if record.verdict == TAKE_IN:
        return  # what becomes data settles itself
    settled = InboxState.LATE if record.verdict == LEAVE_OUT else InboxState.QUARANTINED
    for row in list(rows.inbox.values()):
        if row.trial == record.trial and row.state is settled:
            _settle(rows, entry, row.key, row.result_digest, InboxState.SETTLED)


def _go_on(rows: Rows, entry: Entry) -> None:
    rows.campaign = replace(
        _campaign(rows, entry.campaign), stopped_at=None, stop_rule=None, stop_failed=False
    )


def _ask(
    run: RunRow, entry: Entry, rows: Rows, *, command: Command, order: dict[str, JsonValue]
) -> None:
    """Puts an order into the outbox; a run that was handed out has no driver to read it."""
    if run.handed:
        return
    asked = OutboxRow(
        sequence=entry.sequence,
        campaign=entry.campaign,
        trial=run.trial,
        key=run.key,
        source=run.source,
        command=command,
        order=order,
        not_after=run.not_after,
        updated_at=entry.at,
    )
    _put(rows, asked)


def _put(rows: Rows, order: OutboxRow) -> None:
    rows.outbox.setdefault(order.key, {})[order.sequence] = order


def _close_orders(run: RunRow, entry: Entry, rows: Rows) -> None:
    for order in list(rows.outbox.get(run.key, {}).values()):
        if order.is_open and ASKED_IN[order.command] != run.state:
            closed = replace(order, state=OutboxState.CLOSED, is_open=False, updated_at=entry.at)
            _put(rows, closed)


def _open_order(rows: Rows, key: str, command: Command) -> OutboxRow:
    run = _run(rows, key)
    for order in rows.outbox.get(key, {}).values():
        if order.command == command and order.is_open:
            return order
    raise StaleWrite(
        f"Run {key} is {run.state}: no {command} waits to be sent. It has been answered or "
        "withdrawn in the meantime; do not send it."
    )


def _settle(rows: Rows, entry: Entry, key: str, digest: str, state: InboxState) -> None:
    row = rows.inbox.get((key, digest))
    if row is None:
        raise UnknownName(f"The inbox has no result of run {key!r} with the digest {digest[:12]}.")
    rows.inbox[key, digest] = replace(row, state=state, updated_at=entry.at)


def _campaign(rows: Rows, name: str) -> CampaignRow:
    if rows.campaign is None:
        raise UnknownName(f"This ledger has no campaign {name!r}. Open it first.")
    return rows.campaign


def _trial(rows: Rows, entry: Entry, number: int) -> TrialRow:
    if number not in rows.trials:
        raise UnknownName(f"Campaign {entry.campaign!r} has no trial {number}.")
    return rows.trials[number]


def _run(rows: Rows, key: str) -> RunRow:
    if key not in rows.runs:
        raise UnknownName(f"The ledger knows no run with the key {key!r}.")
    return rows.runs[key]
