"""Which devices of a source answer, in facts and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError

if TYPE_CHECKING:
    from rich.table import Table

    from planner.campaign import Runner
    from planner.labs import DeviceLab, Lab

_GUARANTEES = {
    "keyed": "An order is sent until it is answered, and is performed once.",
    "two-phase": "An order is announced as often as needed, and set off once; without an answer a "
    "person decides.",
    "fire and observe": "An order is sent once; without an answer a person decides.",
}


def gather_connected(
    source: Runner, lab: Lab, *, now: datetime, beats: Mapping[str, datetime]
) -> dict[str, Any]:
    """Returns what a source and its devices say of themselves, ready for JSON.

    Args:
        source: of the campaign.
        lab: behind it.
        now: by this machine's clock.
        beats: when campaigns heard each device last, by its place in the ledger.
    """
    from planner.ledger.devices import place_of

    heard = _hear(lab) if hasattr(lab, "heartbeat") else []
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
                "age_s": _age_s(each, now),
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
        age_s = round(each["age_s"], 1) + 0.0  # never -0.0
        when = f"number {beat['sequence']}, {max(0.0, age_s):.1f} s ago"
        table.add_row(name, each["address"], state, beat["current_key"] or "none", when)
    return table


def _hear(lab: Any) -> list[dict[str, Any]]:
    """Asks all devices at once: one that does not answer keeps nobody waiting."""
    with ThreadPoolExecutor(max_workers=min(16, len(lab.devices))) as pool:
        return list(pool.map(lambda device: _hear_one(lab, device), lab.devices))


def _hear_one(lab: DeviceLab, device: str | None) -> dict[str, Any]:
    try:
        beat = lab.heartbeat(device)
    except PlannerError as error:
        return {"device": device, "heartbeat": None, "problem": str(error)}
    told = {**asdict(beat), "at": beat.at.isoformat()}
    return {"device": device, "heartbeat": told, "problem": None}


def _when(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _age_s(heard: dict[str, Any], now: datetime) -> float | None:
    if heard["heartbeat"] is None:
        return None
    return (now - datetime.fromisoformat(heard["heartbeat"]["at"])).total_seconds()


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
