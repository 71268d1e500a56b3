"""The append-only record of everything that happens to a campaign."""

from planner.ledger.engines import are_one_place, locate
from planner.ledger.entries import Command, Entry, Expectation, Holder, Record
from planner.ledger.leases import LEASE_S, Lease, this_process
from planner.ledger.opening import open_ledger
from planner.ledger.rows import (
    CampaignRow,
    InboxRow,
    InboxState,
    OutboxRow,
    OutboxState,
    RunRow,
    TrialRow,
)
from planner.ledger.store import Ledger

__all__ = [
    "LEASE_S",
    "CampaignRow",
    "Command",
    "Entry",
    "Expectation",
    "Holder",
    "InboxRow",
    "InboxState",
    "Lease",
    "Ledger",
    "OutboxRow",
    "OutboxState",
    "Record",
    "RunRow",
    "TrialRow",
    "are_one_place",
    "locate",
    "open_ledger",
    "this_process",
]
