"""How a run ends: the report, what waits for whom, the exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from planner.ledger.replay import CampaignState
    from planner.loop.sessions.desk import Place
    from planner.loop.sessions.session import Session

DONE, WAITS, STOPPED, INTERRUPTED = 0, 3, 5, 130


def has_ended(state: CampaignState) -> bool:
    """Tells whether a stop rule has ended the campaign, other than by failures."""
    from planner.trials import TERMINAL_TRIALS

    is_over = state.stopped is not None and not state.stopped.failed
    return is_over and all(trial.state in TERMINAL_TRIALS for trial in state.trials.values())


def reopen(session: Session) -> None:
    """Lets a campaign go on that stopped after repeated failures, or that was asked to wait.

    Typing run says that the cause is mended, and that it is to run.
    """
    from planner.loop.people import want
    from planner.trials import Wanted

    stopped = session.state.stopped
    if stopped is not None and stopped.failed:
        want(session, Wanted.RUN, reason="run again after repeated failures")
    elif session.state.wanted is not Wanted.RUN:
        want(session, Wanted.RUN, reason="run again")


def exit_code(state: CampaignState, *, left: bool) -> int:
    """Returns the exit code that the campaign's state asks for."""
    if state.stopped is not None:
        return STOPPED if state.stopped.failed else DONE
    return INTERRUPTED if left else WAITS


def print_report(
    session: Session, place: Place, console: Console, *, as_json: bool, to: Path | None = None
) -> None:
    """Prints what is known, and writes the HTML report beside the ledger.

    Args:
        session: whose campaign.
        place: of the campaign file.
        console: where to print.
        as_json: whether facts go to standard output instead.
        to: where to write the HTML; None for its place beside the ledger.
    """
    from planner.report import HISTORY, gather, render, report_json, write_report

    facts = gather(
        session.state,
        session.space,
        intake=session.intake,
        folder=place.folder,
        history=session.ledger.read(session.campaign, kinds=HISTORY),
        ledger_id=session.ledger.id,
        file=place.as_typed,
    )
    path = write_report(facts, folder=place.folder, path=to)
    if as_json:
        typer.echo(json.dumps({**report_json(facts), "report": str(path)}, indent=2))
    else:
        console.print(render(facts, path=path))
