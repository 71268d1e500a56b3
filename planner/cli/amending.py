"""Agreeing to what has changed in a campaign file since it began."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.interrupted import INTERRUPTED
from planner.cli.options import As, File, Json
from planner.cli.places import make_place

if TYPE_CHECKING:
    from planner.campaign.amendment import Change
    from planner.loop.sessions.opening import Agree


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(amend)


def amend(
    file: File,
    yes: Annotated[
        bool, typer.Option("--yes", help="Enter the changes without asking, as in a script.")
    ] = False,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Enter what has changed in a campaign file since the campaign began.

    Shows each change and asks whether it is to be entered. Nothing is proposed and nothing runs.
    """
    from planner.loop.sessions.desk import at_work, changes_in_file, looking_at

    place = make_place(file, name)
    with looking_at(place) as session:
        changes = [str(change) for change in changes_in_file(place, session.state)]
        before = session.state.spec_digest
    with at_work(place, with_lab=False, may_begin=False, may_amend=agreement(amend=yes)) as session:
        is_entered = session.state.spec_digest != before
        campaign = session.campaign
    if as_json:
        facts = {"campaign": campaign, "entered": is_entered, "changes": changes}
        typer.echo(json.dumps(facts, indent=2))
    elif not is_entered:
        typer.echo(f"Nothing has changed in {file} since it was entered.")
    else:
        typer.echo("\n".join([f"Entered into campaign {campaign}:", *(f"  {c}" for c in changes)]))


def agreement(*, amend: bool) -> Agree:
    """Returns who is asked: nobody where ``--amend`` was given, else the person, if there is one.

    Args:
        amend: whether every change that may be made is agreed to.
    """
    from planner.loop.sessions.opening import agree, disagree

    if amend:
        return agree
    return _ask if sys.stdin.isatty() and sys.stderr.isatty() else disagree


def _ask(changes: tuple[Change, ...]) -> bool:
    from planner.errors import Refused
    from planner.loop.sessions.opening import list_changes

    typer.echo("The campaign file has changed since the campaign began:", err=True)
    typer.echo(list_changes(changes), err=True)
    try:
        is_agreed = typer.confirm("Enter these changes and go on?", default=False, err=True)
    except typer.Abort:
        typer.echo("\nInterrupted. Nothing was entered.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if not is_agreed:
        raise Refused("Nothing was entered.")
    return True
