"""Commands that look and change nothing: check, status, schema, report, coverage, what-if."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import As, File, Json
from planner.cli.places import make_place
from planner.cli.typed import to_type
from planner.cli.written import write_file

if TYPE_CHECKING:
    from planner.campaign import CampaignSpec
    from planner.pictures import Coverage

_REFUSED = 4


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (check, status, schema, report, coverage):
        app.command()(command)
    app.command(name="what-if")(what_if)


def check(file: File, as_json: Json = False) -> None:
    """Check a campaign file and say what it will do.

    What it chooses among, what it may cost at most, when it can run and how long it takes, and how
    many trials the space deserves. Every mistake is listed with its line; whether a simulator or a
    table fits, and a program is there, is looked at when the file has none. Nothing is written.
    A real device needs a ledger that its campaigns share, which is looked for, too; and whether
    they mean the same device by its name.
    """
    from planner.campaign import describe, read_campaign, read_space
    from planner.clock import SystemClock
    from planner.loop.sessions.desk import Place, find_shared
    from planner.loop.sessions.sharing import why_not_driven

    spec = read_campaign(file)
    place = Place(file=file)
    space, shared = read_space(spec, folder=place.folder), find_shared(place, spec)
    why = _why_not_there(spec, place.folder)
    if as_json:
        typer.echo(json.dumps(spec.model_dump(mode="json", by_alias=True), indent=2))
    else:
        typer.echo("\n".join(describe(spec, space, now=SystemClock().now())))
    why = (
        why
        or why_not_driven(spec.source, is_shared=shared is not None)
        or _why_not_named(spec, shared)
    )
    if why:
        typer.echo(f"It cannot be run yet. {why}", err=True)
        raise typer.Exit(_REFUSED)


def _why_not_there(spec: CampaignSpec, folder: Path) -> str:
    """Returns why the source's program cannot be run here; empty where it can, or there is none.

    Raises:
        InputError: the source is a simulator or a table that does not fit the campaign.
    """
    from planner.campaign import CommandDevice, ReplayedTable, SimulatedProcess
    from planner.errors import PlannerError
    from planner.labs import open_lab
    from planner.labs.command import find_program

    if isinstance(spec.source, SimulatedProcess | ReplayedTable):
        open_lab(spec, folder=folder).close()
    if isinstance(spec.source, CommandDevice):
        try:
            find_program(spec.source, folder=folder)
        except PlannerError as error:
            return str(error)
    return ""


def _why_not_named(spec: CampaignSpec, shared: str | None) -> str:
    """Returns why the source's name cannot be used in the ledger; empty where none is there."""
    from planner.clock import SystemClock
    from planner.errors import LedgerUnavailable, Refused, UnknownName
    from planner.ledger import open_ledger
    from planner.loop.sessions.opening import check_names

    if shared is None:
        return ""
    try:
        ledger = open_ledger(shared, clock=SystemClock(), create=False)
    except (UnknownName, LedgerUnavailable):  # to look at a file needs none
        return ""
    try:
        check_names(ledger, spec)
    except Refused as refused:
        return str(refused)
    finally:
        ledger.close()
    return ""


def status(file: File, name: As = None, as_json: Json = False) -> None:
    """Say where a campaign stands and what waits for whom.

    Counts of trials by state, what the budget has left, and what people are asked to do; and what
    has changed in the file since it was entered.
    """
    from planner.cli.standing import describe_standing, gather_standing
    from planner.loop.sessions.desk import changes_in_file, looking_at

    place = make_place(file, name)
    with looking_at(place) as session:
        standing = gather_standing(
            session, changes_in_file(place, session.state), file=place.as_typed
        )
    typer.echo(json.dumps(standing, indent=2) if as_json else to_type(describe_standing(standing)))


def schema() -> None:
    """Print the JSON Schema of campaign files, for editors.

    With it an editor completes and checks a campaign file while it is typed.
    """
    from planner.campaign import make_schema

    typer.echo(json.dumps(make_schema(), indent=2))


def report(
    file: File,
    to: Annotated[Path | None, typer.Option("--to", help="Where to write the HTML.")] = None,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Print the report, and write it as HTML with pictures.

    The page lies beside the ledger as NAME.planner/report.html, unless --to says otherwise.
    """
    from rich.console import Console

    from planner.cli.ending import print_report
    from planner.loop.sessions.desk import looking_at

    place = make_place(file, name)
    with looking_at(place) as session:
        print_report(session, place, Console(highlight=False), to=to, as_json=as_json)


def coverage(
    file: File,
    picture: Annotated[
        Path | None, typer.Option(help="Write the picture as SVG to this file.")
    ] = None,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Say how well the stated intervals held.

    How many of the 50, 80, 90 and 95 % intervals held that were stated before a trial, beside how
    many would if they are right; how sharp the forecasts were; how the intervals are corrected,
    and since when. Every forecast is judged by a result that it did not know.
    """
    from planner.loop.sessions.desk import looking_at
    from planner.report.coverage import (
        coverage_json,
        describe_coverage,
        gather_coverage,
        make_coverage,
    )

    with looking_at(make_place(file, name)) as session:
        state = session.state
    found = gather_coverage(state)
    if picture is not None:
        _draw_coverage(picture, make_coverage(found, state.spec))
    if as_json:
        typer.echo(json.dumps(coverage_json(found, state), indent=2, allow_nan=False))
        return
    typer.echo("\n".join(describe_coverage(found, state)))
    if picture is not None:
        typer.echo(f"Wrote {picture}.")


def _draw_coverage(path: Path, shown: Coverage | None) -> None:
    from planner.errors import InputError
    from planner.pictures import draw_coverage

    if shown is None:
        raise InputError("There is nothing to draw yet: fewer than two forecasts have a result.")
    write_file(path, draw_coverage(shown))


def what_if(
    file: File,
    question: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE",
            help="What to set: temperature=130, temperature=400K, temperature=100,120 (several), "
            "reaction_time=3:31:8 (from, to, how many), temperature=+20 (more than the base). "
            "What is not named is taken from the best so far.",
            show_default=False,
        ),
    ],
    base: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TRIAL",
            help="Compare with a trial by its number, or with 'best', and start from there.",
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Write the answer along one swept parameter as SVG to this file."),
    ] = None,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Ask the model what would come out at other settings.

    Prints the mean, its interval, the interval of the next single run, and the probability of
    meeting the goal. Writes nothing to the ledger.
    """
    from planner.loop.sessions.desk import looking_at
    from planner.whatif import answer, draw, render, whatif_json

    with looking_at(make_place(file, name)) as session:
        found = answer(session.state, session.space, question, base=base)
    if picture is not None:
        write_file(picture, draw(found))
    if as_json:
        typer.echo(json.dumps(whatif_json(found), indent=2, allow_nan=False))
        return
    from rich.console import Console

    Console(highlight=False).print(render(found))
    if picture is not None:
        typer.echo(f"Wrote {picture}.")
