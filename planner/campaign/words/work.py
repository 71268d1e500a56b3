"""Who does the work, in words: sources, hours, set-up, what they share, analyses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from planner.campaign.devices import CommandDevice, HttpDevice, MqttDevice
from planner.campaign.hours import ALWAYS
from planner.campaign.slots import n_fit, waiting_until
from planner.campaign.sources import (
    Adapter,
    Analysis,
    Person,
    ReplayedTable,
    Runner,
    SimulatedProcess,
    is_simulated,
)
from planner.campaign.spec import CampaignSpec
from planner.campaign.words.phrases import count, duration, listed, moment, number


def describe_work(spec: CampaignSpec, now: datetime | None) -> Iterator[str]:
    """Yields where trials run, when, and who measures afterwards."""
    source = spec.source
    yield _describe_source(source)
    if source.shared and source.places > 1:
        where = "on one device " if len(source.devices) > 1 else ""
        yield f"Trials under way {where}at the same time have the same {listed(source.shared)}."
    if source.set_up is not None:
        yield (
            f"A change of {listed(source.set_up.parameters, last='or')} takes "
            f"{duration(source.set_up.time)}; trials are ordered to save it."
        )
    yield from _describe_hours(source, now)
    for other in spec.sources.values():
        if isinstance(other, Analysis):
            yield _describe_analysis(other)
    if spec.lab is not None:
        yield f"It is recorded in the ledger that campaigns at the lab share, {spec.lab}."


def _describe_source(source: Runner) -> str:
    match source:
        case ReplayedTable():
            who = f"replays the measurements of {source.table.title}"
        case SimulatedProcess():
            who = f"runs the simulator {source.simulator}"
            if source.noise > 0:
                who += f" with {number(100 * source.noise)} % noise of an instrument"
        case Person():
            who = "is a person, who is shown each trial and tells its result"
        case Adapter():
            who = f"is a device behind the adapter {source.adapter}"
        case HttpDevice():
            who = f"is behind HTTP at {listed(tuple(source.addresses.values()))}"
        case MqttDevice():
            topics = listed(tuple(source.bases.values()))
            who = f"is behind MQTT at {source.url}, topic{'s' * (len(source.bases) > 1)} {topics}"
        case CommandDevice():
            who = f"is the program {source.shown}"
    reality = "This is a simulation: no lab is touched." if is_simulated(source) else ""
    again = f" A failed run is repeated up to {_times(source.retries)}." if source.retries else ""
    return f"Trials run at {source.name}, which {who}{_at_once(source)}.{again} {reality}".rstrip()


def _at_once(source: Runner) -> str:
    if source.places == 1:
        return ""
    if len(source.devices) > 1:
        return f", {source.places} trials at once on {listed(source.devices)}"
    return f", {source.places} trials at once"


def _describe_hours(source: Runner, now: datetime | None) -> Iterator[str]:
    if source.time_zone is None or (source.hours == ALWAYS and not source.holidays):
        return
    closed = f", not on {count(len(source.holidays), 'holiday')}" if source.holidays else ""
    yield f"It is open {source.hours} ({source.time_zone}){closed}."
    if source.duration is None:
        yield (
            "How long a trial takes is not said, so none can be kept from running past closing: "
            "add 'duration'."
        )
    elif now is not None:
        yield from _describe_next(source, timedelta(seconds=source.duration), now)


def _describe_next(source: Runner, one: timedelta, now: datetime) -> Iterator[str]:
    zone, places = str(source.time_zone), source.places
    begin = waiting_until(now, hours=source.opening, duration=one, capacity=places)
    if begin is None:
        yield "No trial can run: no time between opening and closing is long enough."
        return
    fit = n_fit(begin, hours=source.opening, duration=one, capacity=places)
    when = "now" if begin <= now else f"on {moment(begin, zone)}"
    many = f", and {count(fit, 'trial')} fit in before it closes" if fit is not None else ""
    yield f"The next trial can begin {when}{many}."


def _describe_analysis(source: Analysis) -> str:
    takes = f", in about {duration(source.duration)}" if source.duration is not None else ""
    return (
        f"{source.name} measures {listed(source.measures)} of samples afterwards{takes}; while "
        f"{count(source.queue, 'sample')} wait for it, no further trial is proposed."
    )


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
