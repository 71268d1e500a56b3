"""Taking an order back from a device that gets none now, for another one of the same source.

Only an order that provably never left: its sendings are written down before they leave, and there
is none, or this process knows that what it tried did not arrive. Any other stays where it is.
"""

from __future__ import annotations

from collections.abc import Collection

from planner.labs import DeliveryClass
from planner.ledger.entries import RunMoved, TrialMoved
from planner.loop.dispatch.collect import open_runs
from planner.loop.dispatch.handing_over import may_have_left
from planner.loop.dispatch.keeper import hold_devices
from planner.loop.sessions.session import Session
from planner.trials import Run, RunState, Trial, TrialState


def take_back(session: Session, closed: Collection[str | None]) -> int:
    """Ends the runs whose orders never left to closed devices; their trials are approved again.

    Args:
        session: of a driver.
        closed: devices that get no order while another one does.

    Returns:
        How many were taken back.

    Raises:
        StaleWrite: somebody else drives the devices now.
    """
    found = [each for each in open_runs(session) if _is_to_be_taken_back(session, each[1], closed)]
    if not found or not hold_devices(session):
        return 0
    for trial, run in found:
        _take_back(session, trial, run)
    return len(found)


def _is_to_be_taken_back(session: Session, run: Run, closed: Collection[str | None]) -> bool:
    return (
        run.device in closed
        and run.state is RunState.DISPATCHING
        and run.is_noted
        and not may_have_left(session, run)
        # what was prepared there without a word in the ledger must not be left behind
        and session.lab.delivery is not DeliveryClass.TWO_PHASE
    )


def _take_back(session: Session, trial: Trial, run: Run) -> None:
    reason = f"{run.device!r} gets no order now, and this one never left"
    session.write(
        [
            RunMoved(key=run.key, to=RunState.VOID, evidence=reason),
            TrialMoved(trial=trial.number, to=TrialState.APPROVED, reason=reason),
        ],
        trials={trial.number: TrialState.RUNNING},
        runs={run.key: RunState.DISPATCHING},
        is_sending=True,  # who sends it meanwhile has a later token
    )
    session.forget(run.key)
