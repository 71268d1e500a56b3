"""The command that looks at campaigns once."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import Json
from planner.cli.places import make_place


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(sweep)


def sweep(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Campaign files (YAML).", show_default=False),
    ],
    as_json: Json = False,
) -> None:
    """Look at campaigns once: what became of open runs, and what is overdue.

    Asks devices about open runs and writes down what they say, takes results in, and sends the
    alerts that are due. It proposes and dispatches nothing; a campaign that a live process is at
    work on is only looked at. For cron where nothing else is at work; planner deploy --sweep does
    the same by Prefect's schedule.
    """
    from planner.errors import NotSent
    from planner.loop.alerts.sweeping import sweep as look

    found = [look(make_place(file), on_message=_say_beside) for file in files]
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2))
    else:
        for each in found:
            typer.echo(f"{each.campaign}: {each.in_words()}")
    if any(each.n_unsent for each in found):
        raise typer.Exit(NotSent.exit_code)


def _say_beside(text: str) -> None:
    typer.echo(text, err=True)
