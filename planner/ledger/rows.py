"""Rows of the projections: what can be read at once, without a replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from planner.ledger.entries import Command
from planner.trials import RunState, TrialState, Wanted


class OutboxState(StrEnum):
    """What has become of an order."""

    WAITING = "waiting"  # nothing has left
    SENT = "sent"  # it left, perhaps; no answer yet
    CLOSED = "closed"  # answered, or no longer to be sent


class InboxState(StrEnum):
    """What has become of a result."""

    WAITING = "waiting"
    QUARANTINED = "quarantined"
    SETTLED = "settled"
    LATE = "late"  # came after the trial's end; kept and flagged


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """A campaign.

    Args:
        spec_sequence: the entry that carries the campaign file now in force.
        epoch: rises with every taking of the lease; 0 before the first.
        stop_rule: the rule that ended it, if one did.
        last_sequence: its last entry.
    """

    name: str
    spec_digest: str
    spec_sequence: int
    simulated: bool
    wanted: Wanted
    epoch: int
    opened_at: datetime
    stopped_at: datetime | None = None
    stop_rule: str | None = None
    stop_failed: bool = False
    last_sequence: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """A trial.

    Args:
        open_run: key of its open run, if one is.
        result_version: of its latest result; 0 where there is none.
        approvals: how many people have approved it.
    """

    campaign: str
    trial: int
    state: TrialState
    source: str | None
    handed: bool
    open_run: str | None = None
    result_version: int = 0
    approvals: int = 0
    proposed_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run.

    Args:
        handed: its source is a caller who asked; no engine dispatches it.
        adjustments: how many changes were asked for while it was under way.
    """

    key: str
    campaign: str
    trial: int
    run: int
    source: str
    handed: bool
    digest: str
    state: RunState
    is_open: bool
    parent: str | None
    evidence: str
    opened_at: datetime
    not_after: datetime | None
    updated_at: datetime
    adjustments: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """An order to a source; open as long as it is to be sent or its answer is waited for.

    Args:
        sequence: of the entry that asked for it.
        attempts: how often it was written down as sent.
        token: the highest fencing token that went with it; 0 for none.
    """

    sequence: int
    campaign: str
    trial: int
    key: str
    source: str
    command: Command
    order: dict[str, JsonValue]
    not_after: datetime | None
    state: OutboxState = OutboxState.WAITING
    is_open: bool = True
    attempts: int = 0
    token: int = 0
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """A result that has arrived, once for each key and digest."""

    key: str
    result_digest: str
    sequence: int
    campaign: str
    trial: int
    payload: dict[str, JsonValue]
    state: InboxState
    late: bool
    reasons: list[str] = field(default_factory=list)
    arrived_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Rows:
    """The rows that some entries of one campaign touch; a projection changes them in place.

    Trials are kept by number, runs by key, orders by key and sequence, results by key and digest.
    """

    campaign: CampaignRow | None = None
    trials: dict[int, TrialRow] = field(default_factory=dict)
    runs: dict[str, RunRow] = field(default_factory=dict)
    outbox: dict[str, dict[int, OutboxRow]] = field(default_factory=dict)
    inbox: dict[tuple[str, str], InboxRow] = field(default_factory=dict)
