"""A campaign begun anew under its name, in a new ledger, takes no result of its former life."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from planner.errors import Refused, Unanswered
from planner.labs import Answer, Order
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.steps.advance import advance
from planner.trials import RunState, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done

ONE = campaign_text(policy="start: 1", budget="trials: 1")


@dataclass
class Remembering(ScriptedLab):
    """Answers what it did for another ledger; the first order is not answered at all."""

    n_unanswered: int = 0

    def submit(self, order: Order) -> Answer:
        if self.n_unanswered:
            self.n_unanswered -= 1
            self.ends[order.key] = before(order, 0)
            self.polls_left[order.key] = 0
            raise Unanswered("nothing came back")
        return super().submit(order)


def before(order: Order, _n: int) -> Answer:
    return replace(done(order, **{"yield": 50.0}), ledger="another")


@pytest.mark.parametrize("n_unanswered", [0, 1])
def test_what_a_device_did_for_another_ledger_is_no_result(
    make_session: MakeSession, n_unanswered: int
) -> None:
    """Neither as the answer to an order, nor as that to a question about it."""
    session = make_session(Remembering(before, n_unanswered=n_unanswered), text=ONE)
    if n_unanswered:
        advance(session)
        session.clock.wait_s(20)
    with pytest.raises(Refused, match=r"from ledger another.*another name"):
        advance(session)
    (run,) = session.refresh().trial(1).runs
    assert run.state is RunState.DISPATCHING
    assert len(session.ledger.inbox()) == 0
    let_devices_go(session)


def test_what_it_did_for_this_ledger_is(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(before), text=ONE)
    session.lab.script = lambda order, n: replace(before(order, n), ledger=session.ledger.id)  # type: ignore[attr-defined]
    for _ in range(3):
        advance(session)
    assert [each.state for each in session.state.trials.values()] == [TrialState.COMPLETED]
    let_devices_go(session)
