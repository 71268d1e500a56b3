"""Commands for data: export, import, backup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.options import As, File, Json
from planner.cli.places import make_place
from planner.cli.written import write_file


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(export)
    app.command(name="import")(import_)
    app.command()(backup)


def export(
    file: File,
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write; without it the terminal.")
    ] = None,
    entries: Annotated[
        bool, typer.Option("--entries", help="Every entry of the ledger, a JSON object a line.")
    ] = False,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Export trials and measurements as CSV or JSON.

    One row a trial or imported measurement; --entries gives the ledger's entries as they are.
    """
    from planner.loop.desk import looking_at
    from planner.loop.frames import make_frame

    with looking_at(make_place(file, name)) as session:
        if entries:
            text = (
                "\n".join(_entry_line(entry) for entry in session.ledger.read(session.campaign))
                + "\n"
            )
        elif as_json:
            frame = make_frame(session.state)
            text = json.dumps(json.loads(frame.to_json(orient="records")), indent=2) + "\n"
        else:
            text = make_frame(session.state).to_csv(index=False)
    if to is None:
        typer.echo(text, nl=False)
    else:
        write_file(to, text)
        typer.echo(f"Wrote {to}.", err=True)


def import_(
    file: File,
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV file of measurements.", show_default=False)
    ],
    source: Annotated[str, typer.Option(help="Where they were measured.")] = "import",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Import measurements from before the campaign.

    The columns are named like parameters and outcomes, with the unit in brackets where it is
    another: "temperature (K)"; "yield sd" holds a known standard deviation. Repeats are rows with
    the same settings. Every row is checked; all are imported or none.
    """
    import pandas as pd

    from planner.errors import InputError
    from planner.loop.desk import at_work
    from planner.loop.frames import read_frame

    try:
        frame = pd.read_csv(table)
    except OSError as error:
        raise InputError(f"{table} cannot be read: {error.strerror}. Check the path.") from error
    except ValueError as error:
        raise InputError(f"{table} cannot be read as CSV: {error}.") from error
    with at_work(make_place(file, name), with_lab=False) as session:
        records = read_frame(
            frame, session.state.spec, session.space, source=source, origin=table.name
        )
        session.write(records)
        n = len(session.state.imported)
    facts = {"imported": len(records), "in_all": n}
    said = f"Imported {len(records)} measurements; the campaign has {n} in all."
    typer.echo(json.dumps(facts) if as_json else said)


def backup(
    file: File,
    to: Annotated[
        Path,
        typer.Argument(metavar="COPY", help="File that must not exist yet.", show_default=False),
    ],
    name: As = None,
    as_json: Json = False,
) -> None:
    """Copy the ledger while it is in use.

    The copy is one SQLite file, complete and checked, also where the ledger is a PostgreSQL
    database.
    """
    from planner.ledger.backup import backup as copy_ledger
    from planner.loop.desk import looking_at

    with looking_at(make_place(file, name)) as session:
        copy_ledger(session.ledger, to)
    typer.echo(json.dumps({"backup": str(to)}) if as_json else f"Copied the ledger to {to}.")


def _entry_line(entry: object) -> str:
    from pydantic import TypeAdapter

    from planner.ledger import Entry

    return TypeAdapter(Entry).dump_json(entry).decode()  # type: ignore[arg-type]
