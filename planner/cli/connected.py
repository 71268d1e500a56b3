"""Which devices of a source answer, in facts and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError

if TYPE_CHECKING:
    from rich.table import Table

    from planner.campaign import CampaignSpec, Runner
    from planner.clock import Clock
    from planner.labs import DeviceLab, Lab
    from planner.ledger import Ledger

_APART_S = 1.0  # what clocks that are set by a time server are less apart
_GUARANTEES = {
    "keyed": "An order is sent until it is answered, and is performed once.",
    "two-phase": "An order is announced as often as needed, and set off once; without an answer a "
    "person decides.",
    "fire and observe": "An order is sent once; without an answer a person decides.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger knows of a source's devices.

    Args:
        beats: when campaigns heard each device last, by its place in the ledger.
        refused: what was refused of their messages, by device and kind.
        missing: by device how many readings never came, by the jumps of their numbers.
    """

    beats: Mapping[str, datetime] = field(default_factory=dict)
    refused: Sequence[dict[str, Any]] = ()
    missing: Mapping[str, int] = field(default_factory=dict)


def read_known(ledger: Ledger, spec: CampaignSpec) -> Known:
    """Returns what a ledger knows of the devices of a campaign's source."""
    from planner.ledger.beats import read_last_beats
    from planner.ledger.entries import MessagesRefused
    from planner.readings import Archive

    found: dict[tuple[str | None, str], dict[str, Any]] = {}
    for entry in ledger.read(kinds={"messages refused"}):
        record = entry.record
        if isinstance(record, MessagesRefused) and record.source == spec.source.name:
            place = (record.device, record.what)
            before = found.get(place, {"n": 0})["n"]
            found[place] = {
                "device": record.device,
                "what": record.what,
                "n": before + record.n,
                "reason": record.reason,
                "at": _when(entry.at),
            }
    names = {spec.source.name, *(each for each in spec.source.devices)}
    missing = {
        each.source: each.n_missing
        for each in Archive(ledger.engine, spec.sensors).sources()
        if each.n_missing and each.source in names
    }
    return Known(beats=read_last_beats(ledger), refused=tuple(found.values()), missing=missing)


def gather_connected(source: Runner, lab: Lab, *, clock: Clock, known: Known) -> dict[str, Any]:
    """Returns what a source and its devices say of themselves, ready for JSON.

    Args:
        source: of the campaign.
        lab: behind it.
        clock: of this machine.
        known: of its devices to the ledger.
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
                "campaigns_heard_at": _when(known.beats.get(place_of(source.name, each["device"]))),
            }
            for each in heard
        ],
        "refused": list(known.refused),
        "readings_missing": dict(known.missing),
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
    yield from _describe_known(facts)
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


def _describe_known(facts: dict[str, Any]) -> Iterator[str]:
    """Says what was refused of the devices' messages, and which readings never came."""
    from planner.campaign.words.phrases import count

    for each in facts["refused"]:
        yield (
            f"Refused {count(each['n'], 'message')}, the last at {each['at']}: {each['reason']}. "
            f"See that each device speaks under its own name and topic alone."
        )
    for name, n in facts["readings_missing"].items():
        yield f"{count(n, 'reading')} of {name} never came: 'planner readings' says more."


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
