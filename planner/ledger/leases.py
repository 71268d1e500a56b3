"""Leases: which process acts for a campaign now.

A lease runs for some seconds and is renewed. Every taking raises the epoch, and a write decided in
an earlier epoch is refused: a second copy of a process, or one that slept through the end of its
lease, can do no harm. Times are those of the hosts; where their clocks differ, leases end early or
late, and the epoch still fences.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from planner.clock import Clock
from planner.errors import HeldByAnother, StaleWrite, UnknownName
from planner.ledger import schema
from planner.ledger.appending import append_in, take_numbers, validate
from planner.ledger.entries import CampaignTaken, Holder

LEASE_S = 30.0
_SAME_START_S = 1.0  # a process id is not given out again within a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to act for a campaign.

    Args:
        epoch: rises with every taking; the fencing token.
        expires_at: when others may take it, unless it is renewed.
        lease_s: how long each renewal lasts.
    """

    campaign: str
    epoch: int
    holder: Holder
    taken_at: datetime
    expires_at: datetime
    lease_s: float = LEASE_S


_LEASES = schema.leases
_OF_CAMPAIGN = (_LEASES.c.what == "campaign") & (_LEASES.c.name == bindparam("campaign"))
_LOAD = select(_LEASES).where(_OF_CAMPAIGN)
_SAVE = update(_LEASES).where(_OF_CAMPAIGN)
_PROLONG = update(_LEASES).where(_OF_CAMPAIGN, _LEASES.c.epoch == bindparam("its_epoch"))
_EPOCH = select(schema.campaigns.c.epoch).where(schema.campaigns.c.name == bindparam("campaign"))


def this_process() -> Holder:
    """Returns the process that calls."""
    return _describe(os.getpid())


@cache
def _describe(pid: int) -> Holder:  # by pid, because a fork is another process
    return Holder(
        host=socket.gethostname(),
        pid=pid,
        boot_id=_read_boot_id(),
        process_started=_started_s(pid),
        pid_namespace=_read_pid_namespace(),
    )


def is_provably_dead(holder: Holder, *, seen_by: Holder) -> bool:
    """Tells whether a holder cannot be alive, as far as this process can know.

    Args:
        holder: who is asked about.
        seen_by: this process; what runs on another host or in another container cannot be judged.
    """
    if holder.host != seen_by.host:
        return False
    if holder.boot_id != seen_by.boot_id:
        return True
    if holder.pid_namespace != seen_by.pid_namespace:
        return False
    try:
        started_s = _started_s(holder.pid)
        is_zombie = psutil.Process(holder.pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    return is_zombie or abs(started_s - holder.process_started) > _SAME_START_S


def take_in(
    connection: Connection, campaign: str, *, holder: Holder, lease_s: float, clock: Clock
) -> Lease:
    """Takes a campaign's lease, with the entry that says so.

    Raises:
        HeldByAnother: a holder that may be alive has it.
        UnknownName: the ledger has no such campaign.
    """
    take_numbers(connection, 0)  # queue before looking: two must not both find it free
    epoch = connection.execute(_EPOCH, {"campaign": campaign}).scalar_one_or_none()
    if epoch is None:
        raise UnknownName(f"This ledger has no campaign {campaign!r}. Open it first.")
    row = connection.execute(_LOAD, {"campaign": campaign}).one_or_none()
    if row is not None:
        _check_free(row, holder, now=clock.now())
    taken = validate([CampaignTaken(epoch=epoch + 1, holder=holder)])
    (entry,) = append_in(connection, taken, campaign=campaign, author="planner", clock=clock)
    lease = Lease(
        campaign=campaign,
        epoch=epoch + 1,
        holder=holder,
        taken_at=entry.at,
        expires_at=entry.at + timedelta(seconds=lease_s),
        lease_s=lease_s,
    )
    _save(connection, lease, is_new=row is None)
    return lease


def holder_in(connection: Connection, campaign: str, *, clock: Clock) -> Holder | None:
    """Returns who holds a campaign's lease; None where anybody may take it."""
    row = connection.execute(_LOAD, {"campaign": campaign}).one_or_none()
    if row is None or row.expires_at <= clock.now():
        return None
    holder = Holder(**{name: getattr(row, name) for name in Holder.__slots__})
    return None if is_provably_dead(holder, seen_by=this_process()) else holder


def renew_in(connection: Connection, lease: Lease, *, clock: Clock) -> Lease:
    """Returns the lease with a new end.

    Raises:
        StaleWrite: somebody else has taken it.
    """
    renewed = replace(lease, expires_at=clock.now() + timedelta(seconds=lease.lease_s))
    if not _prolong(connection, renewed):
        row = connection.execute(_LOAD, {"campaign": lease.campaign}).one()
        raise StaleWrite(
            f"The lease of campaign {lease.campaign!r} was taken by process {row.pid} on "
            f"{row.host} (epoch {row.epoch}, not {lease.epoch}). This process must stop acting "
            "for it."
        )
    return renewed


def release_in(connection: Connection, lease: Lease, *, clock: Clock) -> None:
    """Ends the lease now; does nothing where somebody else has it."""
    _prolong(connection, replace(lease, expires_at=clock.now()))


def _prolong(connection: Connection, lease: Lease) -> bool:
    its = {"campaign": lease.campaign, "its_epoch": lease.epoch, "expires_at": lease.expires_at}
    return connection.execute(_PROLONG, its).rowcount == 1


def _check_free(row: Row[Any], newcomer: Holder, *, now: datetime) -> None:
    holder = Holder(**{name: getattr(row, name) for name in Holder.__slots__})
    if row.expires_at <= now or holder == newcomer or is_provably_dead(holder, seen_by=newcomer):
        return
    raise HeldByAnother(
        f"Campaign {row.name!r} is held by process {row.pid} on {row.host} since "
        f"{row.taken_at:%Y-%m-%d %H:%M:%S} UTC; its lease runs until {row.expires_at:%H:%M:%S} UTC "
        "and is renewed while that process lives. Stop that process, or wait."
    )


def _save(connection: Connection, lease: Lease, *, is_new: bool) -> None:
    values = {name: getattr(lease.holder, name) for name in Holder.__slots__} | {
        "epoch": lease.epoch,
        "taken_at": lease.taken_at,
        "expires_at": lease.expires_at,
    }
    if is_new:
        named = {"what": "campaign", "name": lease.campaign}
        connection.execute(insert(_LEASES), named | values)
    else:
        connection.execute(_SAVE, {"campaign": lease.campaign} | values)


def _started_s(pid: int) -> float:
    # both figures move together when the machine's clock is set; their difference does not
    return round(psutil.Process(pid).create_time() - psutil.boot_time(), 2)


def _read_boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else f"{psutil.boot_time():.0f}"


def _read_pid_namespace() -> str:
    path = Path("/proc/self/ns/pid")
    return str(path.readlink()) if path.exists() else ""
