"""From a trial to the order that a source reads."""

from __future__ import annotations

from datetime import datetime, timedelta

from planner.labs import ORDERS, Order, Setting
from planner.ledger.entries import Record, RunOpened, TrialMoved
from planner.ledger.replay import CampaignState
from planner.space import Contextual
from planner.trials import Run, Trial, TrialState, digest_order, make_key


def make_order(
    state: CampaignState, trial: Trial, *, number: int, device: str | None = None
) -> Order:
    """Returns the order of a trial's run: all that is set, nothing that is only measured.

    Args:
        state: of the campaign, for its name and units.
        trial: what to run.
        number: of the run, from 1.
        device: which of the source's devices is meant, where it has several.
    """
    spec, units = state.spec, state.spec.units
    is_measured = {name for name, each in spec.scalars.items() if isinstance(each, Contextual)}
    sent = {name: value for name, value in trial.configuration.items() if name not in is_measured}
    profiles = {name: each.table(trial.configuration) for name, each in spec.profiles.items()}
    return Order(
        key=make_key(state.campaign, trial.number, number),
        digest=digest_order(sent, units=units, profiles=profiles),
        parameters={name: Setting(value=value, unit=units[name]) for name, value in sent.items()},
        profiles=profiles,
        device=device,
    )


def reorder(state: CampaignState, trial: Trial, run: Run) -> Order:
    """Returns the order of a run that was opened before: the same key, the same digest."""
    return make_order(state, trial, number=run.number, device=run.device)


def open_run(
    state: CampaignState,
    trial: Trial,
    *,
    source: str,
    device: str | None = None,
    now: datetime | None = None,
) -> list[Record]:
    """Returns the records by which an approved trial gets a run and its order an outbox row.

    Args:
        state: of the campaign.
        trial: what to run.
        source: where.
        device: which of the source's devices is meant, where it has several.
        now: from which it is counted how long a device may still begin; None for people, who may
            always.
    """
    order = make_order(state, trial, number=len(trial.runs) + 1, device=device)
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
            device=device,
            not_after=_not_after(state, now=now),
            # so that what never left can be taken back where the run before was performed after all
            is_noted=len(state.spec.source.devices) > 1
            or any(each.is_unheard for each in trial.runs),
        ),
    ]


def _not_after(state: CampaignState, *, now: datetime | None) -> datetime | None:
    lasts_s = getattr(state.spec.source, "not_after", None)
    return None if lasts_s is None or now is None else now + timedelta(seconds=lasts_s)
