"""The rules of a bench, replayed from nothing but the ledger's entries, slowly and plainly.

It knows the source's file as plain numbers and reads the entries in order; whatever is overrun at
any moment is an assertion error that names the entry. Amounts are fractions, so nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from planner.ledger.entries import (
    Entry,
    OutcomesObserved,
    RunMoved,
    RunOpened,
    ServiceSet,
    StockCounted,
    TrialMoved,
    TrialProposed,
)

ENDED = {"completed", "failed", "aborted", "refused", "void"}
NOTHING_DONE = {"refused", "void"}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A source in plain numbers.

    Args:
        opens: hour of the day, in UTC, on weekdays.
        minutes: that it is open; None where it always is.
        duration_min: of a trial.
        set_up_min: of a change of the temperature.
        cost_per_flow: a trial costs 1 and this times its flow.
        stock: at the beginning; a trial uses its flow.
        queue: samples that may wait for their analysis; None where there is none.
    """

    devices: tuple[str | None, ...]
    capacity: int
    is_shared: bool
    opens: int
    minutes: int | None
    duration_min: int
    set_up_min: int
    budget: Fraction | None
    cost_per_flow: Fraction
    stock: Fraction | None
    analysis_cost: Fraction
    queue: int | None


@dataclass
class Bench:
    """What the entries so far come to."""

    rules: Rules
    flow: dict[int, Fraction] = field(default_factory=dict)
    temperature: dict[int, float] = field(default_factory=dict)
    open_runs: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)
    set_to: dict[str | None, float] = field(default_factory=dict)
    ready: dict[str | None, datetime] = field(default_factory=dict)
    out: set[str | None] = field(default_factory=set)
    spent: Fraction = Fraction(0)
    left: Fraction | None = None
    samples: set[int] = field(default_factory=set)
    handed: set[int] = field(default_factory=set)


def check(entries: Iterable[Entry], rules: Rules) -> Bench:
    """Replays entries and asserts every rule at each."""
    bench = Bench(rules, left=rules.stock)
    for entry in entries:
        match entry.record:
            case TrialProposed() as record:
                bench.flow[record.trial] = Fraction(str(record.configuration["flow"]))
                bench.temperature[record.trial] = float(record.configuration["temperature"])
                if record.handed:
                    bench.handed.add(record.trial)
            case RunOpened() as record:
                _begin(bench, record, entry)
            case RunMoved() as record:
                _move(bench, record)
            case TrialMoved() as record if record.to == "completed" and rules.queue is not None:
                bench.samples.add(record.trial)
                # what people take for themselves may be more than the queue holds
                is_full = len(bench.samples) > rules.queue and not bench.handed
                assert not is_full, _at(entry, "samples wait")
            case OutcomesObserved() as record if "purity" in record.outcomes:
                bench.samples.discard(record.trial)
                bench.spent += rules.analysis_cost
                assert rules.budget is None or bench.spent <= rules.budget, _at(entry, "money")
            case StockCounted() as record:
                under_way = sum((bench.flow[n] for n, _ in bench.open_runs.values()), Fraction(0))
                bench.left = Fraction(str(record.amount)) - under_way
            case ServiceSet() as record:
                (bench.out.discard if record.in_service else bench.out.add)(record.device)
    return bench


def _begin(bench: Bench, record: RunOpened, entry: Entry) -> None:
    rules, trial = bench.rules, record.trial
    device = record.device
    assert device in rules.devices, _at(entry, f"no device {device!r}")
    assert not {None, device} & bench.out, _at(entry, "out of service")
    beside = [
        number
        for key, (number, on) in bench.open_runs.items()
        if on == device and (rules.is_shared or key not in bench.in_doubt)
    ]
    assert len(beside) < rules.capacity, _at(entry, f"capacity, beside {beside}")
    if rules.is_shared:
        temperatures = {bench.temperature[each] for each in (*beside, trial)}
        assert len(temperatures) == 1, _at(entry, f"shared, {temperatures}")
    _check_hours(bench, trial, device, entry)
    bench.spent += 1 + rules.cost_per_flow * bench.flow[trial]
    assert rules.budget is None or bench.spent <= rules.budget, _at(entry, "money")
    if bench.left is not None:
        bench.left -= bench.flow[trial]
        assert bench.left >= 0, _at(entry, f"stock, {bench.left}")
    bench.open_runs[record.key] = trial, device


def _check_hours(bench: Bench, trial: int, device: str | None, entry: Entry) -> None:
    rules, now = bench.rules, entry.at
    begins = max(now, bench.ready.get(device, now))
    if bench.set_to.get(device) != bench.temperature[trial]:
        begins = now + timedelta(minutes=rules.set_up_min)
    bench.set_to[device], bench.ready[device] = bench.temperature[trial], begins
    if rules.minutes is None or trial in bench.handed:
        return  # who is handed trials may have them for the next window
    opens = now.replace(hour=rules.opens, minute=0, second=0, microsecond=0)
    closes = opens + timedelta(minutes=rules.minutes)
    assert now.weekday() < 5, _at(entry, "closed")
    assert opens <= now, _at(entry, "closed")
    assert begins + timedelta(minutes=rules.duration_min) <= closes, _at(entry, "too late")


def _move(bench: Bench, record: RunMoved) -> None:
    if record.key not in bench.open_runs:
        return
    trial, _ = bench.open_runs[record.key]
    if record.to == "in doubt":
        bench.in_doubt.add(record.key)
    if record.to not in ENDED:
        return
    del bench.open_runs[record.key]
    if record.to in NOTHING_DONE:
        bench.spent -= 1 + bench.rules.cost_per_flow * bench.flow[trial]
        if bench.left is not None:
            bench.left += bench.flow[trial]


def _at(entry: Entry, what: str) -> str:
    return f"entry {entry.sequence} at {entry.at:%a %H:%M:%S}: {what}"
