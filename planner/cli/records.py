"""Commands for data: export, import, backup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import As, DecimalMark, File, Json
from planner.cli.places import make_place
from planner.cli.written import require_folder, write_file

if TYPE_CHECKING:
    from planner.loop.exchange import Imported
    from planner.loop.exchange.sources import Given
    from planner.loop.sessions.session import Session

_FORMATS = ("csv", "xlsx", "json", "parquet")


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(export)
    app.command(name="import")(import_)
    app.command()(backup)


def export(
    file: File,
    to: Annotated[
        Path | None,
        typer.Option("--to", help="File to write; without it the terminal."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", help="csv, xlsx, json or parquet; by default what --to ends with, or csv."
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over a file that is there.")
    ] = False,
    entries: Annotated[
        bool, typer.Option("--entries", help="Every entry of the ledger, a JSON object a line.")
    ] = False,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Export trials and measurements, complete.

    One row a trial or imported measurement, with units in the header. Curves, distributions and
    files lie in NAME_files beside the table, which names them by path and hash; in JSON curves
    stand in their place. planner import reads all of it back.
    """
    from planner.loop.sessions.desk import looking_at

    with looking_at(make_place(file, name)) as session:
        if entries:
            _write_entries(session, to)
            return
        from planner.loop.exchange import export as write

        if to is None:
            _print_rows(session, "json" if as_json else form or "csv")
            return
        path = _path(to, form)
        require_folder(path)
        n, files = write(session.state, session.intake.artifacts, path, may_replace=replace)
    if as_json:
        facts = {"to": str(path), "rows": n, "files": str(files) if files else None}
        typer.echo(json.dumps(facts))
        return
    beside = f", and its files to {files}" if files else ""
    typer.echo(f"Wrote {n} rows to {path}{beside}.")


def import_(
    file: File,
    table: Annotated[
        Path | None,
        typer.Argument(
            metavar="[TABLE]",
            help="Table of measurements: .csv, .xlsx, .parquet or exported .json; or the file of "
            "another campaign.",
            show_default=False,
        ),
    ] = None,
    from_campaign: Annotated[
        Path | None,
        typer.Option(
            "--from-campaign", metavar="FILE", help="Campaign file whose measurements to take."
        ),
    ] = None,
    source: Annotated[
        str, typer.Option(help="Where rows were measured that do not say it.")
    ] = "import",
    partial: Annotated[
        bool, typer.Option("--partial", help="Enter the rows that can be used, name the others.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Enter rows of the same file again.")
    ] = False,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    decimal: Annotated[
        DecimalMark | None, typer.Option(help="The decimal mark, where it cannot be found.")
    ] = None,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Import measurements from before the campaign, or from another one.

    The columns are named like parameters and outcomes, with the unit in brackets where it is
    another: "temperature (K)"; "yield sd" holds a known standard deviation, "source" and "date"
    who measured and when. Repeats are rows with the same settings. Every row is checked; all are
    imported or none. Rows of the same file that are here already are left out.
    """
    from planner.errors import InputError
    from planner.loop.exchange import import_rows
    from planner.loop.sessions.desk import at_work

    if from_campaign is None and table is not None and table.suffix in (".yaml", ".yml"):
        table, from_campaign = None, table
    if (table is None) == (from_campaign is None):
        raise InputError("Give either a table or --from-campaign FILE.")
    with at_work(make_place(file, name), with_lab=False) as session:
        given, origin = _read(session, table, from_campaign, sheet=sheet, decimal=decimal)
        done = import_rows(
            session,
            given.rows,
            source=source,
            origin=origin,
            is_partial=partial,
            may_repeat=again,
        )
        n = len(session.state.imported)
    _say_imported(done, given, n, as_json=as_json)
    if done.problems:
        raise typer.Exit(InputError.exit_code)


def backup(
    file: File,
    to: Annotated[
        Path,
        typer.Argument(metavar="COPY", help="File that must not exist yet.", show_default=False),
    ],
    name: As = None,
    as_json: Json = False,
) -> None:
    """Copy the ledger while it is in use, and the campaign's files.

    The copy is one SQLite file, complete and checked, also where the ledger is a PostgreSQL
    database. Files, images and long curves go to NAME_artifacts beside it, where there are any.
    """
    from planner.ledger.backup import backup as copy_ledger
    from planner.ledger.backup import copy_artifacts
    from planner.loop.sessions.desk import looking_at

    with looking_at(make_place(file, name)) as session:
        copy_ledger(session.ledger, to)
        # after the ledger: what its copy names was kept before
        folder, n = copy_artifacts(session.intake.artifacts, to)
    if as_json:
        facts = {"backup": str(to), "artifacts": str(folder) if n else None, "files": n}
        typer.echo(json.dumps(facts))
        return
    files = f", and {n} files to {folder}" if n else ""
    typer.echo(f"Copied the ledger to {to}{files}.")


def _write_entries(session: Session, to: Path | None) -> None:
    text = "\n".join(_entry_line(entry) for entry in session.ledger.read(session.campaign)) + "\n"
    if to is None:
        typer.echo(text, nl=False)
    else:
        write_file(to, text)
        typer.echo(f"Wrote {to}.", err=True)


def _print_rows(session: Session, form: str) -> None:
    """Prints what a file would hold; curves and files have no place there."""
    from tempfile import TemporaryDirectory

    from planner.errors import InputError
    from planner.loop.exchange import export as write

    if form not in ("csv", "json"):
        raise InputError(f"The terminal takes no {form}: name a file with --to.")
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"rows.{form}"
        _, files = write(session.state, session.intake.artifacts, path)
        if files is not None:
            raise InputError(
                "The campaign has curves or files, which have no place in the terminal: name a "
                "file with --to, and they will lie beside it."
            )
        typer.echo(path.read_text(encoding="utf-8-sig").replace("\r\n", "\n"), nl=False)


def _path(to: Path, form: str | None) -> Path:
    from planner.errors import InputError

    if form is not None and form not in _FORMATS:
        raise InputError(f"--format takes {', '.join(_FORMATS)}, not {form!r}.")
    if form is None and not to.suffix:
        return to.with_name(f"{to.name}.csv")
    if form is None or to.suffix.lower() == f".{form}":
        return to
    if to.suffix.lower().lstrip(".") in _FORMATS:
        raise InputError(f"--to {to} ends otherwise than --format {form}. Give one of both.")
    return to.with_name(f"{to.name}.{form}")


def _read(
    session: Session,
    table: Path | None,
    from_campaign: Path | None,
    *,
    sheet: str | None,
    decimal: DecimalMark | None,
) -> tuple[Given, str]:
    from planner.loop.exchange import read_campaign_rows, read_file
    from planner.loop.sessions.desk import looking_at

    if from_campaign is not None:
        with looking_at(make_place(from_campaign)) as other:
            rows = read_campaign_rows(other.state, other.intake.artifacts, session.state.spec)
            return rows, f"campaign {other.campaign}"
    assert table is not None  # one of both was given
    mark = decimal.mark if decimal else None
    return read_file(table, session.state.spec, sheet=sheet, decimal=mark), table.name


def _say_imported(done: Imported, given: Given, n: int, *, as_json: bool) -> None:
    if as_json:
        facts = {
            "imported": done.n,
            "failed_by_process": done.n_failed,
            "in_all": n,
            "known_before": done.known,
            "without_outcome": done.empty,
            "problems": list(done.problems),
            "notes": [*given.notes, *done.notes],
        }
        typer.echo(json.dumps(facts))
        return
    measurements = "1 measurement" if done.n == 1 else f"{done.n} measurements"
    failed = f" ({done.n_failed} of them failed by process)" if done.n_failed else ""
    typer.echo(f"Imported {measurements}{failed}; the campaign has {n} in all.")
    if done.known:
        typer.echo(f"{done.known} rows are here already and were left out (--again enters them).")
    if done.empty:
        typer.echo(f"{done.empty} rows of trials without an outcome were left out.")
    for note in (*given.notes, *done.notes):
        typer.echo(note)
    if done.problems:
        typer.echo(f"{len(done.problems)} rows could not be used:", err=True)
        for problem in done.problems:
            typer.echo(f"  {problem}", err=True)


def _entry_line(entry: object) -> str:
    from pydantic import TypeAdapter

    from planner.ledger import Entry

    return TypeAdapter(Entry).dump_json(entry).decode()  # type: ignore[arg-type]
