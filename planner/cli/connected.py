"""Which devices of a source answer, in facts and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError

if TYPE_CHECKING:
    from rich.table import Table

    from planner.campaign import Runner
    from planner.clock import Clock
    from planner.labs import DeviceLab, Lab

_APART_S = 1.0  # what clocks that are set by a time server are less apart
_GUARANTEES = {
    "keyed": "An order is sent until it is answered, and is performed once.",
    "two-phase": "An order is announced as often as needed, and set off once; without an answer a "
    "person decides.",
    "fire and observe": "An order is sent once; without an answer a person decides.",
}


def gather_connected(
    source: Runner, lab: Lab, *, clock: Clock, beats: Mapping[str, datetime]
) -> dict[str, Any]:
    """Returns what a source and its devices say of themselves, ready for JSON.

    Args:
        source: of the campaign.
        lab: behind it.
        clock: of this machine.
        beats: when campaigns heard each device last, by its place in the ledger.
    """
    from planner.ledger.devices import place_of

    heard = _hear(lab, source, clock) if hasattr(lab, "heartbeat") else []
    return {
        "source": source.name,
        "kind": source.kind,
        "class": str(lab.delivery),
        "guarantees": _GUARANTEES[str(lab.delivery)],
        "repeatable": lab.is_repeatable,
        "simulated": getattr(source, "simulated", source.kind in ("table", "simulator")),
        "capacity": source.capacity,
        "time_limit_s": source.time_limit,
        "not_after_s": getattr(source, "not_after", None),
        "devices": [
            {
                **each,
                "address": _address(source, each["device"]),
                "campaigns_heard_at": _when(beats.get(place_of(source.name, each["device"]))),
            }
            for each in heard
        ],
    }


def is_all_reached(facts: dict[str, Any]) -> bool:
    """Tells whether each device answered."""
    return all(each["problem"] is None for each in facts["devices"])


def describe_connected(facts: dict[str, Any]) -> Iterator[str | Table]:
    """Yields the facts in words, and a table of devices."""
    from planner.campaign.words.phrases import count, duration

    kind = "simulated" if facts["simulated"] else "real"
    limits = [f"{count(facts['capacity'], 'trial')} at once on each device"]
    if facts["time_limit_s"] is not None:
        limits.append(f"a run takes at most {duration(facts['time_limit_s'])}")
    if facts["not_after_s"] is not None:
        limits.append(f"an order is started within {duration(facts['not_after_s'])} or not at all")
    yield f"Source {facts['source']} ({facts['kind']}, {kind}) is of class {facts['class']}."
    yield facts["guarantees"]
    yield f"Limits: {'; '.join(limits)}."
    if not facts["devices"]:
        yield "It has no heartbeat: nothing stands behind it that could be asked."
        return
    yield _table(facts["devices"])
    for each in facts["devices"]:
        if each["problem"] is not None:
            yield each["problem"]
        elif each["closed_by_clock"]:
            said = each["closed_by_clock"]
            yield f"{said[:1].upper()}{said[1:]}; until then no campaign sends anything to it."
        elif each["heartbeat"]["simulated"] and not facts["simulated"]:
            yield (
                f"{each['device'] or facts['source']} says that it is simulated, and the campaign "
                f"file says that it is real: add 'simulated: true' there, or connect the real one; "
                f"until then no campaign sends anything to it."
            )
        elif facts["simulated"] and not each["heartbeat"]["simulated"]:
            yield (
                f"{each['device'] or facts['source']} says that it is real, and the campaign file "
                f"says that it is simulated: take 'simulated: true' out there, or connect the "
                f"simulated one; until then no campaign sends anything to it."
            )


def _table(devices: list[dict[str, Any]]) -> Table:
    from rich.table import Table

    table = Table("device", "address", "state", "current trial", "last heartbeat")
    for each in devices:
        name = each["device"] or "the only one"
        beat = each["heartbeat"]
        if beat is None:
            heard_at = each["campaigns_heard_at"]
            last = f"a campaign heard it at {heard_at}" if heard_at else ""
            table.add_row(name, each["address"], "not reached", "", last)
            continue
        state = beat["state"] + (f": {beat['reason']}" if beat["reason"] else "")
        when = f"number {beat['sequence']}{_clock_in_words(each)}"
        table.add_row(name, each["address"], state, beat["current_key"] or "none", when)
    return table


def _hear(lab: Any, source: Runner, clock: Clock) -> list[dict[str, Any]]:
    """Asks all devices at once: one that does not answer keeps nobody waiting."""
    with ThreadPoolExecutor(max_workers=min(16, len(lab.devices))) as pool:
        return list(pool.map(lambda each: _hear_one(lab, source, each, clock), lab.devices))


def _hear_one(lab: DeviceLab, source: Runner, device: str | None, clock: Clock) -> dict[str, Any]:
    from planner.loop.dispatch.clocks import find_offset, why_not_by_clock

    asked = clock.now()
    try:
        beat = lab.heartbeat(device)
    except PlannerError as error:
        unheard = {"heartbeat": None, "problem": str(error), "age_s": None}
        return {"device": device, **unheard, "clock_ahead_s": None, "closed_by_clock": ""}
    answered = clock.now()
    offset = find_offset(beat, asked=asked, answered=answered)
    return {
        "device": device,
        "heartbeat": {**asdict(beat), "at": None if beat.at is None else beat.at.isoformat()},
        "problem": None,
        "age_s": None if beat.at is None else _seconds_between(beat.at, answered),
        "clock_ahead_s": None if offset is None else offset.total_seconds(),
        "closed_by_clock": why_not_by_clock(source, device, offset),
    }


def _seconds_between(at: datetime, now: datetime) -> float | None:
    return (now - at).total_seconds() if at.tzinfo is not None else None


def _clock_in_words(heard: dict[str, Any]) -> str:
    """Says how old a heartbeat is; where that shows how far the clocks are apart, this."""
    from planner.loop.dispatch.clocks import in_words

    ahead_s, age_s = heard["clock_ahead_s"], heard["age_s"]
    if age_s is None:
        return ", without a time"
    if ahead_s is not None and abs(ahead_s) > _APART_S:
        return f", its clock {in_words(timedelta(seconds=ahead_s))} this machine's"
    return f", {max(0.0, age_s):.1f} s ago"


def _when(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _address(source: Runner, device: str | None) -> str:
    from planner.campaign import CommandDevice, HttpDevice, MqttDevice

    match source:
        case HttpDevice():
            return source.addresses[device]
        case MqttDevice():
            return f"{source.url}, {source.bases[device]}"
        case CommandDevice():
            return source.shown
        case _:
            return ""
