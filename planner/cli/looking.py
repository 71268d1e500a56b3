"""Commands that look and change nothing: check, status, schema, report, what-if."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import As, File, Json
from planner.cli.places import make_place


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (check, status, schema, report):
        app.command()(command)


def check(file: File, as_json: Json = False) -> None:
    """Check a campaign file, and say in words what it will do and cost at most."""
    from planner.campaign import describe, read_campaign, read_space

    spec = read_campaign(file)
    space = read_space(spec, folder=file.resolve().parent)
    if as_json:
        typer.echo(json.dumps(spec.model_dump(mode="json", by_alias=True), indent=2))
    else:
        typer.echo(describe(spec, space))


def status(file: File, name: As = None, as_json: Json = False) -> None:
    """Say where a campaign stands and what waits for whom."""
    from planner.cli.standing import describe_standing, gather_standing
    from planner.loop.desk import looking_at

    with looking_at(make_place(file, name)) as session:
        standing = gather_standing(session)
    typer.echo(json.dumps(standing, indent=2) if as_json else describe_standing(standing))


def schema() -> None:
    """Print the JSON Schema of campaign files; an editor completes and checks with it."""
    from planner.campaign import make_schema

    typer.echo(json.dumps(make_schema(), indent=2))


def report(
    file: File,
    to: Annotated[Path | None, typer.Option("--to", help="Where to write the HTML.")] = None,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Print the report, and write it as HTML with pictures."""
    from rich.console import Console

    from planner.cli.ending import print_report
    from planner.loop.desk import looking_at

    place = make_place(file, name)
    with looking_at(place) as session:
        print_report(session, place, Console(highlight=False), to=to, as_json=as_json)
