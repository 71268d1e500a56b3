"""From a trial to the order that a source reads."""

from __future__ import annotations

from planner.labs import ORDERS, Order, Setting
from planner.ledger.entries import Record, RunOpened, TrialMoved
from planner.ledger.replay import CampaignState
from planner.trials import Run, Trial, TrialState, digest_order, make_key


def make_order(state: CampaignState, trial: Trial, *, number: int) -> Order:
    """Returns the order of a trial's run.

    Args:
        state: of the campaign, for its name and units.
        trial: what to run.
        number: of the run, from 1.
    """
    units = state.spec.units
    return Order(
        key=make_key(state.campaign, trial.number, number),
        digest=digest_order(trial.configuration, units=units),
        parameters={
            name: Setting(value=value, unit=units[name])
            for name, value in trial.configuration.items()
        },
    )


def reorder(state: CampaignState, trial: Trial, run: Run) -> Order:
    """Returns the order of a run that was opened before: the same key, the same digest."""
    return make_order(state, trial, number=run.number)


def open_run(state: CampaignState, trial: Trial, *, source: str) -> list[Record]:
    """Returns the records by which an approved trial gets a run and its order an outbox row."""
    order = make_order(state, trial, number=len(trial.runs) + 1)
    return [
        TrialMoved(trial=trial.number, to=TrialState.RUNNING),
        RunOpened(
            trial=trial.number,
            run=len(trial.runs) + 1,
            key=order.key,
            digest=order.digest,
            source=source,
            order=ORDERS.dump_python(order, mode="json"),
            parent=trial.runs[-1].key if trial.runs else None,
        ),
    ]
