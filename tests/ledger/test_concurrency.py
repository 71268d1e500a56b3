"""Many processes, and processes that die."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import closing
from itertools import pairwise

import pytest
from ledger_processes import acknowledged, in_processes, writing_process
from ledger_records import CAMPAIGN, begin, opened, proposed, trial_steps
from ledger_tables import projections_of
from sqlalchemy import Engine, Inspector, text

from planner.clock import SystemClock
from planner.errors import HeldByAnother, StaleWrite
from planner.ledger import Entry, Ledger, open_ledger, opening
from planner.ledger.entries import Noted
from planner.ledger.rebuild import rebuild


def begin_at(place: str) -> None:
    ledger = open_ledger(place, clock=SystemClock())
    begin(ledger)
    ledger.close()


@pytest.mark.parametrize("n_appends", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_ten_processes_append_at_once_and_nothing_is_lost(place: str, n_appends: int) -> None:
    """Each process writes pairs: all are there, each pair together, numbers without a gap."""
    begin_at(place)

    def write(ledger: Ledger, number: int) -> list[int]:
        written: list[Entry] = []
        for index in range(n_appends):
            pair = [Noted(text=f"{number} {index} {half}") for half in ("first", "second")]
            written += ledger.append(CAMPAIGN, pair, author=str(number))
        return [entry.sequence for entry in written]

    promised = in_processes(10, place, write)
    ledger = open_ledger(place, clock=SystemClock())
    entries = list(ledger.read())
    assert [entry.sequence for entry in entries] == list(range(1, 2 + 20 * n_appends))
    for number, sequences in enumerate(promised):
        own = [entry for entry in entries if entry.author == str(number)]
        assert [entry.sequence for entry in own] == sequences
        assert [entry.record for entry in own] == [
            Noted(text=f"{number} {index} {half}")
            for index in range(n_appends)
            for half in ("first", "second")
        ]
        assert all(b.sequence == a.sequence + 1 for a, b in list(pairwise(own))[::2])
    assert all(a.at <= b.at for a, b in pairwise(entries))
    assert ledger.campaign_row(CAMPAIGN).last_sequence == len(entries)
    ledger.close()


def test_who_reads_along_never_misses_an_entry(place: str) -> None:
    """Nine processes write, the tenth reads what is new until all is there: in order, no gap."""
    begin_at(place)
    n_appends, n_writers = 8, 9

    def write_or_read(ledger: Ledger, number: int) -> list[int]:
        if number < n_writers:
            for index in range(n_appends):
                ledger.append(CAMPAIGN, [Noted(text=str(index))] * 2, author=str(number))
            return []
        seen: list[int] = []
        deadline = time.monotonic() + 60
        while len(seen) < 1 + 2 * n_appends * n_writers and time.monotonic() < deadline:
            seen += [entry.sequence for entry in ledger.read(after=seen[-1] if seen else 0)]
        return seen

    seen = in_processes(n_writers + 1, place, write_or_read)[-1]
    assert seen == list(range(1, 2 + 2 * n_appends * n_writers))


def test_ten_processes_that_make_the_same_ledger_make_one(place: str) -> None:
    ids = in_processes(10, place, lambda ledger, number: ledger.id)
    assert len(set(ids)) == 1


def test_a_ledger_that_another_makes_while_we_look_is_opened(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the query that finds no table and the one that lists the tables."""
    look, made = opening.inspect, []

    def looking_later(engine: Engine) -> Inspector:
        monkeypatch.setattr(opening, "inspect", look)
        with closing(open_ledger(place, clock=SystemClock())) as other:
            made.append(other.id)
        return look(engine)

    monkeypatch.setattr(opening, "inspect", looking_later)
    with closing(open_ledger(place, clock=SystemClock())) as ledger:
        assert made == [ledger.id]


def test_of_ten_that_propose_the_same_trial_one_does(place: str) -> None:
    begin_at(place)

    def propose(ledger: Ledger, number: int) -> str:
        ledger.append(CAMPAIGN, [proposed(1)], author=str(number))
        return "done"

    answers = Counter(type(answer) for answer in in_processes(10, place, propose))
    assert answers == {str: 1, StaleWrite: 9}


def test_of_ten_that_take_a_campaign_one_holds_it(place: str) -> None:
    begin_at(place)
    answers = in_processes(10, place, lambda ledger, number: ledger.take(CAMPAIGN).epoch)
    assert Counter(type(answer) for answer in answers) == {int: 1, HeldByAnother: 9}


@pytest.mark.parametrize("n_rounds", [6, pytest.param(30, marks=pytest.mark.slow)])
def test_a_writer_that_is_killed_leaves_a_ledger_that_opens(place: str, n_rounds: int) -> None:
    """The first is killed while it may still be making the ledger, the rest at any moment.

    After each kill all that was acknowledged is there, appends are whole, and the projections are
    those of the entries.
    """
    moments = random.Random()
    for number in range(n_rounds):
        campaign = f"campaign {number}"
        with writing_process(place, campaign) as (process, reader):
            time.sleep(moments.uniform(0.0, 0.3))
            process.kill()
            process.join()
            last = acknowledged(reader)
        ledger = open_ledger(place, clock=SystemClock())
        entries = list(ledger.read(campaign))
        assert max((entry.sequence for entry in entries), default=0) >= last
        assert is_whole([entry.record for entry in entries], campaign)
        before = projections_of(ledger)
        rebuild(ledger)
        assert projections_of(ledger) == before
        if ledger.engine.dialect.name == "sqlite":
            with ledger.engine.connect() as connection:
                assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        ledger.close()


def is_whole(records: list[object], campaign: str) -> bool:
    """Tells whether records are a number of whole appends of the process that wrote them."""
    trial, n_left = 0, len(records)
    expected: list[object] = [opened()] if records else []
    while len(expected) < n_left:
        trial += 1
        for step in trial_steps(trial, campaign=campaign):
            if len(expected) < n_left:
                expected += step
    return records == expected
