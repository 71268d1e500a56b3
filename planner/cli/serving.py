"""Commands that serve: up, deploy, pages."""

from __future__ import annotations

import json
import os
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import Json
from planner.cli.running import interruptible
from planner.errors import InputError

Home = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Prefect's home; by default .prefect in the campaign file's folder, or here."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (pages,):
        app.command()(command)


def pages(
    file: Annotated[
        Path | None,
        typer.Argument(help="A campaign file; without it, the folder you are in is meant."),
    ] = None,
    home: Home = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and open nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Open Prefect's own pages: flow runs, their tasks, artifacts; until Ctrl-C."""
    from flows.server import server

    place = find_home(file, home)
    if not (os.environ.get("PREFECT_API_URL") or (place / "prefect.db").exists()):
        raise InputError(
            f"There are no pages in {place}: no campaign of this folder was run through Prefect. "
            f"Run one (planner run FILE), or name its home with --home."
        )
    with (
        interruptible(word="Stopping the pages") as leave,
        server(place, on_message=lambda text: typer.echo(text, err=True)) as address,
    ):
        if as_json:
            typer.echo(json.dumps({"pages": address.ui_url, "api": address.api_url}))
        if not no_browser:
            webbrowser.open(address.ui_url)
        typer.echo("Ctrl-C ends them.", err=True)
        leave.wait()


def find_home(file: Path | None, home: Path | None) -> Path:
    """Returns Prefect's home: the one named, else the one beside the file, else the one here."""
    from flows.home import home_of

    if home is not None:
        return home.resolve()
    if file is not None and not file.exists():
        raise InputError(f"There is no file {file}. Check the name.")
    return home_of(file.parent if file is not None else Path())
