"""The command that writes a campaign file: new."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import Json
from planner.errors import InputError, Refused

if TYPE_CHECKING:
    from planner.campaign.beginnings import Content
    from planner.campaign.reading_off import ReadOff
    from planner.cli.questions import Questions

_TRIALS = 30
_ASSUMED = ("A person, here called bench, runs the trials.",)


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(new)


def new(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="Campaign file to write, such as silver.yaml; it must not exist.",
            show_default=False,
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--from", metavar="TABLE", help="Read the campaign off this table."),
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option("--outcome", metavar="NAME", help="Measured column; the first is aimed at."),
    ] = None,
    maximise: Annotated[bool, typer.Option("--maximise", help="As high as possible.")] = False,
    minimise: Annotated[bool, typer.Option("--minimise", help="As low as possible.")] = False,
    target: Annotated[
        float | None, typer.Option("--target", help="As near to this value as possible.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", help="How far from the target is still a hit.")
    ] = None,
    wanted: Annotated[
        list[str] | None, typer.Option("--wanted", help="Class that is wanted.")
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option("--trials", min=1, help="How many trials there may be; 30 by itself."),
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    as_json: Json = False,
) -> None:
    """Write a new campaign file.

    A few questions, each answer checked at once; or read off a table that is there already, whose
    rows planner import then takes. Nothing is written before the last answer, and never over a
    file.
    """
    from planner.cli.questions import Questions

    path = file or (table.with_suffix(".yaml") if table is not None else None)
    _refuse_existing(path)
    if sum([maximise, minimise, target is not None, bool(wanted)]) > 1:
        raise InputError("Give one of --maximise, --minimise, --target and --wanted.")
    stated = {
        **({"aim": "maximise"} if maximise else {}),
        **({"aim": "minimise"} if minimise else {}),
        **({"aim": "target", "target": target} if target is not None else {}),
        **({"tolerance": tolerance} if tolerance is not None else {}),
        **({"aim": "class", "wanted": wanted} if wanted else {}),
    }
    ask = Questions()
    try:
        if table is not None:
            assert path is not None  # named like the table
            read = _read_columns(ask, table, outcome or [], sheet)
            content = _fill(ask, read, table, path, stated, trials)
        else:
            content = ask.campaign(path.stem if path is not None else None)
    except KeyboardInterrupt as error:
        typer.echo("\nInterrupted. Nothing was written.", err=True)
        raise typer.Exit(130) from error
    path = path or Path(f"{content['campaign']}.yaml")
    _write(path, content)
    assumed = [] if table is None else [*read.assumed, *_ASSUMED]
    if as_json:
        typer.echo(json.dumps({"file": str(path), "assumed": assumed}))
        return
    if table is not None:
        typer.echo(f"Read {table.name}. It is assumed that:")
        typer.echo("\n".join(f"  {each}" for each in assumed))
    typer.echo(f"Wrote {path}. Change in it what is not so.")
    typer.echo(f"Next: planner check {path}")
    if table is not None:
        typer.echo(f"Then: planner import {path} {table}")


def _refuse_existing(path: Path | None) -> None:
    if path is not None and path.exists():
        raise Refused(f"{path} is there already and is not written over. Name another file.")


def _read_columns(ask: Questions, table: Path, outcomes: list[str], sheet: str | None) -> ReadOff:
    from planner.campaign.reading_off import read_columns, read_off
    from planner.tables import read_sheet

    columns = read_columns(read_sheet(table, sheet=sheet))
    return read_off(columns, outcomes=outcomes or [ask.column(tuple(columns.columns))])


def _fill(
    ask: Questions, read: ReadOff, table: Path, path: Path, stated: Content, trials: int | None
) -> Content:
    """Returns the content of the file: what was read off, and what a table cannot say."""
    content: Content = {
        "campaign": _campaign_name(path),
        "about": f"begun from {table.name}",
        **read.parts,
    }
    ask.aim(content, next(iter(read.parts["outcomes"])), stated)
    content["sources"] = {"bench": {"kind": "person"}}
    content["budget"] = {"trials": trials or _TRIALS}
    return content


def _campaign_name(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", path.stem).strip("_.-") or "campaign"


def _write(path: Path, content: Content) -> None:
    """Writes the file whole or not at all; one that has come into being meanwhile is left alone."""
    from planner.campaign import write_campaign
    from planner.campaign.beginnings import make_campaign

    text = write_campaign(make_campaign(content))
    try:
        with path.open("x", encoding="utf-8") as file:
            try:
                file.write(text)
            except BaseException:
                path.unlink()
                raise
    except FileExistsError as error:
        raise Refused(f"{path} is there already and is not written over. Name another.") from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}). Make its folder, or name another file."
        ) from error
