"""A line for each trial's end in the logs of Prefect's pages; nothing of it reaches a terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from flows.portrait import say_trial
from planner.ledger.entries import (
    CampaignStopped,
    Entry,
    FitFailed,
    OutcomesObserved,
    ResultArrived,
    TrialMoved,
)
from planner.ledger.replay import CampaignState
from planner.loop.rules.late import say_late
from planner.loop.sessions.session import Session
from planner.trials import TERMINAL_TRIALS, TrialState

_WORTH_A_WARNING = (TERMINAL_TRIALS | {TrialState.IN_DOUBT}) - {TrialState.COMPLETED}


@contextmanager
def keeping_log(session: Session) -> Iterator[None]:
    """Log what happens to the campaign inside the block, besides telling the session's listener."""
    try:
        logger = get_run_logger()
    except MissingContextError:
        yield
        return
    # Prefect's own level for everything is ERROR, which keeps the terminal clean
    logging.getLogger("prefect.flow_runs").setLevel(logging.INFO)
    listener = session.listener

    def hear(entry: Entry, state: CampaignState) -> None:
        listener(entry, state)
        level, line = _line(entry, state)
        if line:
            logger.log(level, "%s", line)

    session.listener = hear
    try:
        yield
    finally:
        session.listener = listener


def _line(entry: Entry, state: CampaignState) -> tuple[int, str]:
    record = entry.record
    match record:
        case OutcomesObserved():
            return logging.INFO, say_trial(state.trial(record.trial), state.spec)
        case TrialMoved() if record.to in _WORTH_A_WARNING:
            return logging.WARNING, f"Trial {record.trial}: {record.to}: {record.reason}"
        case ResultArrived(late=True):
            return logging.WARNING, f"{say_late(*state.run_of(record.key))} (planner resolve)."
        case FitFailed():
            return logging.WARNING, f"No model: {record.reason}; {record.consequence}."
        case CampaignStopped():
            return logging.INFO, f"Stopped: {record.reason}."
        case _:
            return logging.INFO, ""
