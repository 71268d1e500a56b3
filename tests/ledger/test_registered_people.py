"""Who is registered in a ledger, in both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from planner.campaign.people import Role
from planner.clock import ManualClock
from planner.errors import Refused
from planner.ledger import Ledger, open_ledger
from planner.ledger.people import find_by_token, read_people, read_people_acts, register, revoke


def test_a_token_is_its_owners_until_it_is_revoked_and_is_kept_nowhere(
    ledger: Ledger, clock: ManualClock
) -> None:
    first = register(ledger, "ada", Role.LEAD, by="ada", now=clock.now())
    second = register(ledger, "bo", Role.OPERATOR, by="ada", now=clock.now(), reason="new here")
    ada, bo = read_people(ledger)
    assert (find_by_token(ledger, first), find_by_token(ledger, second)) == (ada, bo)
    assert (bo.role, bo.registered_at, bo.is_active) == (Role.OPERATOR, clock.now(), True)
    assert second not in str(bo.token_hash)
    clock.wait_s(60)
    revoke(ledger, "bo", by="ada", now=clock.now(), reason="left")
    assert find_by_token(ledger, second) is None
    assert (read_people(ledger)[1].revoked_at, read_people(ledger)[1].token_hash) == (
        clock.now(),
        None,
    )
    again = register(ledger, "bo", Role.LEAD, by="ada", now=clock.now())
    found = find_by_token(ledger, again)
    assert found is not None
    assert (found.name, found.role, found.revoked_by) == ("bo", Role.LEAD, None)
    acts = [(act.act, act.name, act.role, act.reason) for act in read_people_acts(ledger)]
    assert acts == [
        ("registered", "ada", "lead", ""),
        ("registered", "bo", "operator", "new here"),
        ("revoked", "bo", "operator", "left"),
        ("registered", "bo", "lead", ""),
    ]


def test_of_two_leads_who_revoke_each_other_at_once_one_stays(
    place: str, clock: ManualClock
) -> None:
    """Each reads who is registered after the other has written, ten times over."""
    ledgers = [open_ledger(place, clock=clock) for _ in range(2)]
    register(ledgers[0], "ada", Role.LEAD, by="ada", now=clock.now())
    register(ledgers[0], "bo", Role.LEAD, by="ada", now=clock.now())
    for _ in range(10):
        ready = Barrier(2)

        def take_away(ledger: Ledger, name: str, ready: Barrier = ready) -> bool:
            ready.wait(10)
            try:
                revoke(ledger, name, by="the other", now=clock.now())
            except Refused:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(take_away, ledgers, ("ada", "bo")))
        assert sorted(done) == [False, True]
        (gone,) = (each.name for each in read_people(ledgers[0]) if not each.is_active)
        register(ledgers[0], gone, Role.LEAD, by="the other", now=clock.now())
    with pytest.raises(Refused, match="registered already"):
        register(ledgers[1], "ada", Role.LEAD, by="bo", now=clock.now())
    for each in ledgers:
        each.close()
