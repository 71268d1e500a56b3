"""Leases: which process acts for a campaign now, and which one speaks to a device.

A lease runs for some seconds and is renewed. Every taking raises the epoch, and a write decided in
an earlier epoch is refused: a second copy of a process, or one that slept through the end of its
lease, can do no harm. The epoch of a device's lease travels with every command as its fencing
token, and the device refuses a lower one than it has heard. Times are those of the hosts; where
their clocks differ, leases end early or late, and the epoch still fences.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import psutil
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from planner.clock import EPOCH, Clock
from planner.errors import HeldByAnother, StaleWrite, UnknownName
from planner.ledger import schema
from planner.ledger.appending import append_in, take_numbers, validate
from planner.ledger.entries import CampaignTaken, Holder

LEASE_S = 30.0
What = Literal["campaign", "device"]
_SAME_START_S = 1.0  # a process id is not given out again within a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to act for a campaign, or to speak to a device.

    Args:
        what: which of the two.
        name: of the campaign; of the source, for all of its devices.
        epoch: rises with every taking; the fencing token.
        expires_at: when others may take it, unless it is renewed.
        lease_s: how long each renewal lasts.
    """

    what: What
    name: str
    epoch: int
    holder: Holder
    taken_at: datetime
    expires_at: datetime
    lease_s: float = LEASE_S


_LEASES = schema.leases
_THIS = (_LEASES.c.what == bindparam("its_what")) & (_LEASES.c.name == bindparam("its_name"))
_LOAD = select(_LEASES).where(_THIS)
_SAVE = update(_LEASES).where(_THIS)
_PROLONG = update(_LEASES).where(_THIS, _LEASES.c.epoch == bindparam("its_epoch"))
_LAST_TOKEN = select(func.max(_LEASES.c.epoch)).where(_LEASES.c.what == "device")
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
    row = _load(connection, "campaign", campaign)
    if row is not None:
        _check_free(row, holder, now=clock.now())
    taken = validate([CampaignTaken(epoch=epoch + 1, holder=holder)])
    (entry,) = append_in(connection, taken, campaign=campaign, author="planner", clock=clock)
    lease = _lease("campaign", campaign, epoch + 1, holder, at=entry.at, lease_s=lease_s)
    _save(connection, lease, is_new=row is None)
    return lease


def take_device_in(
    connection: Connection, source: str, *, holder: Holder, lease_s: float, clock: Clock
) -> Lease:
    """Takes the lease of a source's devices; it belongs to no campaign, so no entry says so.

    Its epoch is above those of all sources: a device that is reached under two names, which nobody
    may have noticed, obeys whoever has taken it last.

    Raises:
        HeldByAnother: a holder that may be alive has it.
    """
    take_numbers(connection, 0)  # queue before looking
    row, now = _load(connection, "device", source), clock.now()
    if row is not None:
        _check_free(row, holder, now=now)
    epoch = 1 + (connection.execute(_LAST_TOKEN).scalar_one() or 0)
    lease = _lease("device", source, epoch, holder, at=now, lease_s=lease_s)
    _save(connection, lease, is_new=row is None)
    return lease


def holder_in(connection: Connection, what: What, name: str, *, clock: Clock) -> Holder | None:
    """Returns who holds a lease; None where anybody may take it."""
    row = _load(connection, what, name)
    if row is None or row.expires_at <= clock.now():
        return None
    holder = Holder(**{name: getattr(row, name) for name in Holder.__slots__})
    return None if is_provably_dead(holder, seen_by=this_process()) else holder


def check_token(connection: Connection, source: str, token: int) -> None:
    """Accepts the token of whoever has taken the lease of a source's devices last.

    Raises:
        StaleWrite: somebody else has taken it since.
    """
    row = _load(connection, "device", source)
    if row is None or row.epoch != token:
        now = "nobody has taken it" if row is None else f"the token is {row.epoch} now"
        raise StaleWrite(
            f"The lease of source {source!r} is not held with the token {token} any more ({now}). "
            "Nothing was written, and nothing may be sent with it."
        )


def renew_in(connection: Connection, lease: Lease, *, clock: Clock) -> Lease:
    """Returns the lease with a new end.

    Raises:
        StaleWrite: somebody else has taken it.
    """
    renewed = replace(lease, expires_at=clock.now() + timedelta(seconds=lease.lease_s))
    if not _prolong(connection, renewed):
        row = _load(connection, lease.what, lease.name)
        assert row is not None
        raise StaleWrite(
            f"The lease of {lease.what} {lease.name!r} was taken by process {row.pid} on "
            f"{row.host} (epoch {row.epoch}, not {lease.epoch}). This process must stop acting "
            "for it."
        )
    return renewed


def release_in(connection: Connection, lease: Lease) -> None:
    """Ends the lease now, by whatever clock; does nothing where somebody else has it."""
    _prolong(connection, replace(lease, expires_at=EPOCH))


def _lease(
    what: What, name: str, epoch: int, holder: Holder, *, at: datetime, lease_s: float
) -> Lease:
    ends = at + timedelta(seconds=lease_s)
    return Lease(
        what=what,
        name=name,
        epoch=epoch,
        holder=holder,
        taken_at=at,
        expires_at=ends,
        lease_s=lease_s,
    )


def _load(connection: Connection, what: What, name: str) -> Row[Any] | None:
    return connection.execute(_LOAD, {"its_what": what, "its_name": name}).one_or_none()


def _prolong(connection: Connection, lease: Lease) -> bool:
    its = {
        "its_what": lease.what,
        "its_name": lease.name,
        "its_epoch": lease.epoch,
        "expires_at": lease.expires_at,
    }
    return connection.execute(_PROLONG, its).rowcount == 1


def _check_free(row: Row[Any], newcomer: Holder, *, now: datetime) -> None:
    holder = Holder(**{name: getattr(row, name) for name in Holder.__slots__})
    is_campaign = row.what == "campaign"  # a process may hold a source for another campaign
    if row.expires_at <= now or (is_campaign and holder == newcomer):
        return
    if is_provably_dead(holder, seen_by=newcomer):
        return
    held = "Campaign" if is_campaign else "Source"
    raise HeldByAnother(
        f"{held} {row.name!r} is held by process {row.pid} on {row.host} since "
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
        connection.execute(insert(_LEASES), {"what": lease.what, "name": lease.name} | values)
    else:
        connection.execute(_SAVE, {"its_what": lease.what, "its_name": lease.name} | values)


def _started_s(pid: int) -> float:
    # both figures move together when the machine's clock is set; their difference does not
    return round(psutil.Process(pid).create_time() - psutil.boot_time(), 2)


def _read_boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else f"{psutil.boot_time():.0f}"


def _read_pid_namespace() -> str:
    path = Path("/proc/self/ns/pid")
    return str(path.readlink()) if path.exists() else ""
