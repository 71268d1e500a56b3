"""The devices of a ledger: which were spoken to, what each last said, and the emergency stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from planner.clock import Clock
from planner.errors import Refused
from planner.ledger import schema
from planner.ledger.appending import append_in, take_numbers, validate
from planner.ledger.entries import StopCleared, StopLatched
from planner.trials import Heartbeat


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A source that has been spoken to, or one of its several devices.

    Args:
        name: of the source, the same in all campaigns that share its devices; of one of several
            devices ``SOURCE/DEVICE``.
        delivery: its class.
        simulated: whether no real device stands behind it.
        campaign: that spoke to it last.
        boot_id: of its last heartbeat; None before the first.
        heartbeat_at: when the last one came, by our clock.
        current_key: of the run that was under way then.
    """

    name: str
    delivery: str
    simulated: bool
    campaign: str
    boot_id: str | None = None
    heartbeat_at: datetime | None = None
    heartbeat_sequence: int | None = None
    current_key: str | None = None

    @property
    def device(self) -> str | None:
        """Which of several devices; None for the source as a whole."""
        return self.name.partition("/")[2] or None


def place_of(source: str, device: str | None) -> str:
    """Returns under which name a device stands in the ledger: that of its source, or its own."""
    return source if device is None else f"{source}/{device}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """The emergency stop is on: nothing is dispatched until a person clears it."""

    at: datetime
    by: str


_DEVICES = schema.devices
_COLUMNS = [_DEVICES.c[name] for name in DeviceRow.__slots__]
_KNOWN = select(_DEVICES.c.name).where(_DEVICES.c.name == bindparam("its_name"))
_CHANGE = update(_DEVICES).where(_DEVICES.c.name == bindparam("its_name"))
_LATCH = select(schema.ledger.c.stop_latched_at, schema.ledger.c.stop_latched_by)
_GOING_ON = select(schema.campaigns.c.name).order_by(schema.campaigns.c.opened_at)


def note_device_in(
    connection: Connection,
    *,
    name: str,
    delivery: str,
    simulated: bool,
    campaign: str,
    clock: Clock,
) -> None:
    """Writes down that a source is spoken to."""
    told: dict[str, Any] = {
        "delivery": delivery,
        "simulated": simulated,
        "campaign": campaign,
        "updated_at": clock.now(),
    }
    if connection.execute(_KNOWN, {"its_name": name}).one_or_none() is None:
        connection.execute(insert(_DEVICES), {"name": name} | told)
    else:
        connection.execute(_CHANGE, {"its_name": name} | told)


def note_heartbeat_in(connection: Connection, name: str, heard: Heartbeat, *, clock: Clock) -> None:
    """Writes down a source's last heartbeat; one that was never noted is left alone.

    That a device is offline is the word of a broker about it, and no heartbeat.
    """
    if heard.state == "offline":
        return
    now = clock.now()
    told = {
        "boot_id": heard.boot_id,
        "heartbeat_at": now,
        "heartbeat_sequence": heard.sequence,
        "current_key": heard.current_key,
        "bound_to": heard.ledger or None,
        "updated_at": now,
    }
    connection.execute(_CHANGE, {"its_name": name} | told)


def devices_in(connection: Connection) -> tuple[DeviceRow, ...]:
    """Returns all sources that have been spoken to, by name."""
    found = connection.execute(select(*_COLUMNS).order_by(_DEVICES.c.name)).mappings()
    return tuple(DeviceRow(**row) for row in found)


def latch_in(connection: Connection) -> Latch | None:
    """Returns the emergency stop, if it is on."""
    row = connection.execute(_LATCH).one()
    return None if row[0] is None else Latch(at=row[0], by=row[1] or "")


def latch_stop_in(connection: Connection, *, by: str, reason: str, clock: Clock) -> None:
    """Puts the emergency stop on, with an entry in every campaign; twice does no harm."""
    take_numbers(connection, 0)  # queue: from now on nothing is dispatched
    if latch_in(connection) is None:
        at = {"stop_latched_at": clock.now(), "stop_latched_by": by}
        connection.execute(update(schema.ledger), at)
    _enter_everywhere(connection, StopLatched(reason=reason), by=by, clock=clock)


def clear_stop_in(connection: Connection, *, by: str, reason: str, clock: Clock) -> None:
    """Takes the emergency stop off.

    Raises:
        Refused: it is not on.
    """
    take_numbers(connection, 0)
    if latch_in(connection) is None:
        raise Refused("The emergency stop is not on; there is nothing to clear.")
    connection.execute(update(schema.ledger), {"stop_latched_at": None, "stop_latched_by": None})
    _enter_everywhere(connection, StopCleared(reason=reason), by=by, clock=clock)


def _enter_everywhere(
    connection: Connection, record: StopLatched | StopCleared, *, by: str, clock: Clock
) -> None:
    for name in connection.execute(_GOING_ON).scalars().all():
        append_in(connection, validate([record]), campaign=name, author=by, clock=clock)
