"""The ledger's server is started again while a campaign runs: it is waited for, nothing is lost."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "ledger"))

from postgresql_server import serving

from planner.clock import ManualClock, SystemClock
from planner.errors import LedgerOutOfReach, LedgerUnavailable
from planner.labs import Answer, DeliveryClass, Order
from planner.ledger import open_ledger
from planner.ledger.entries import OrderSent, Record
from planner.loop.dispatch.riding import PATIENCE_S, ride_out
from planner.loop.sessions.hold import Hold
from planner.loop.steps.advance import advance
from planner.trials import TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done


def test_a_lease_outlives_a_restart_of_the_database() -> None:
    with serving() as server:
        ledger = open_ledger(server.url(), clock=SystemClock())
        hold = Hold(ledger, ledger.take_device("robot", lease_s=0.3))
        server.stop("immediate")
        time.sleep(0.5)  # longer than it would run: it is asked for a renewal in vain
        server.start()
        until = time.monotonic() + 10.0
        while ledger.holder("robot", what="device") is None:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert not hold.is_lost
        hold.let_go()
        ledger.close()


@pytest.mark.parametrize(("for_s", "comes_back"), [(PATIENCE_S / 2, True), (1e9, False)])
def test_a_step_is_done_again_until_patience_ends(
    clock: ManualClock, for_s: float, comes_back: bool
) -> None:
    def step() -> str:
        if clock.elapsed_s() < for_s:
            raise LedgerOutOfReach("the server is started again")
        return "done"

    if comes_back:
        assert ride_out(step, elapsed_s=clock.elapsed_s, wait_s=clock.wait_s) == "done"
        return
    with pytest.raises(LedgerUnavailable):
        ride_out(step, elapsed_s=clock.elapsed_s, wait_s=clock.wait_s)
    assert clock.elapsed_s() == pytest.approx(PATIENCE_S, abs=1.0)


@pytest.mark.parametrize("is_written", [True, False])
def test_an_order_whose_leaving_could_not_be_written_down_is_sent_once_and_leaves_no_doubt(
    make_session: MakeSession, clock: ManualClock, is_written: bool
) -> None:
    """Whether the database took the entry or not: this process knows that nothing has left."""
    lab = ScriptedLab(_answer, delivery=DeliveryClass.FIRE_AND_OBSERVE)
    session = make_session(lab, text=campaign_text(budget="trials: 1", policy="start: 1"))
    append, n_lost = session.ledger.append, 0

    def lose(campaign: str, records: tuple[Record, ...], **how: object) -> object:
        nonlocal n_lost
        is_sending = isinstance(records[0], OrderSent) and n_lost == 0
        said = append(campaign, records, **how) if is_written or not is_sending else ()  # type: ignore[arg-type]
        if is_sending:
            n_lost += 1
            raise LedgerOutOfReach("the server is started again")
        return said

    session.ledger.append = lose  # type: ignore[assignment, method-assign]
    with pytest.raises(LedgerOutOfReach):
        advance(session)
    for _ in range(4):
        clock.wait_s(11.0)
        advance(session)
    assert session.state.trial(1).state is TrialState.COMPLETED
    assert lab.acts == {"bench/1/1": 1}


def _answer(order: Order, _n: int) -> Answer:
    return done(order, **{"yield": 50.0})
