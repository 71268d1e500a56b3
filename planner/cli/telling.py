"""The command that tells: one trial by its number, or a whole table."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planner.cli.options import As, DecimalMark, File, Json, Reason, Values
from planner.cli.places import make_place
from planner.cli.typed import to_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.loop.people import Told
    from planner.loop.sessions.desk import Place
    from planner.loop.sheets import How


class Failure(StrEnum):
    """Who failed."""

    MACHINE = "machine"
    PROCESS = "process"


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(tell)


def tell(
    file: File,
    what: Annotated[
        str,
        typer.Argument(
            metavar="TRIAL|TABLE",
            help="Number of a trial, or a filled-in table (.csv, .xlsx, .parquet).",
            show_default=False,
        ),
    ],
    values: Values = None,
    achieved: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="A parameter that was set otherwise than asked; repeatable."
        ),
    ] = None,
    failed: Annotated[
        Failure | None,
        typer.Option(
            help="It brought no result: was it the machine (a leak, a power cut), so that these "
            "settings may be proposed again, or the process (no reaction, a clogged reactor), so "
            "that they are not?"
        ),
    ] = None,
    done: Annotated[
        bool, typer.Option("--done", help="It was performed, and nothing is measured yet.")
    ] = False,
    correct: Annotated[
        bool,
        typer.Option(
            "--correct",
            help="Replace what was told before; needs --reason, or a note in each such row.",
        ),
    ] = False,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Enter the rows that can be used, although others cannot."),
    ] = False,
    sheet: Annotated[
        str | None, typer.Option(help="Of an Excel workbook, the sheet; else the first.")
    ] = None,
    decimal: Annotated[
        DecimalMark | None, typer.Option(help="The decimal mark, where it cannot be found.")
    ] = None,
    header_row: Annotated[
        int | None, typer.Option(min=1, help="Number of the row with the names; else the first.")
    ] = None,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Tell what became of a trial, or of all trials of a table.

    Of one trial: its outcomes as NAME=VALUE, or that it failed (--failed) and why (--reason);
    NAME=lost gives an outcome up. What is measured later is told later. Of a table: every row is
    answered, and all are entered or none (--partial: those that can be used). With --correct a
    table may hold corrections and new results together. Rows without a trial number are trials of
    your own.
    """
    from planner.errors import InputError

    _check_file_given(file, what, values or ())
    place = make_place(file, name)
    if not what.isdigit():
        if not Path(what).exists():
            raise InputError(
                f"{what} is neither the number of a trial nor a table that is there. Give a "
                f"number, such as 7, or the path of a filled-in table."
            )
        if values or achieved or failed or done:
            raise InputError(f"{what} is a table: what became of its trials stands in its rows.")
        from planner.loop.sheets import How

        how = How(corrects=correct, reason=reason, is_partial=partial)
        mark = decimal.mark if decimal else None
        options = {"sheet": sheet, "decimal": mark, "header_row": header_row}
        _tell_table(place, Path(what), how, options, as_json=as_json)
        return
    if partial or sheet or decimal or header_row:
        raise InputError(
            "--partial, --sheet, --decimal and --header-row go with a table, not with one trial."
        )
    has_result = bool(values or done or (achieved and correct))
    if has_result and failed is not None:
        raise InputError(
            "A trial that failed brought no result: give either --failed with --reason, or "
            "outcomes (NAME=VALUE) or --done."
        )
    if not has_result and failed is None:
        raise InputError(
            f"Say what became of trial {what}: outcomes (NAME=VALUE), --done where it was "
            f"performed and nothing is measured yet, or --failed machine or process with --reason."
        )
    from planner.cli.assignments import names_in, read_reported
    from planner.loop import people
    from planner.loop.sessions.desk import read_spec

    texts = names_in(read_spec(place))
    told = people.Told(
        outcomes=read_reported(values or (), texts=texts),
        achieved=read_reported(achieved or (), texts=texts),
        failed=failed.value if failed else None,
        reason=reason,
        is_done=done,
        corrects=correct,
    )
    _tell_one(place, int(what), told, as_json=as_json)


def _check_file_given(file: Path, what: str, values: Sequence[str]) -> None:
    """Refuses the number of a trial where the campaign file should stand."""
    from planner.errors import InputError

    if str(file).isdigit() and not file.exists():
        typed = " ".join([str(file), what, *values])
        raise InputError(f"The campaign file is missing: planner tell FILE.yaml {typed}.")


def _tell_one(place: Place, trial: int, told: Told, *, as_json: bool) -> None:
    from planner.loop import people
    from planner.loop.sessions.desk import at_work
    from planner.loop.sheets import read_typed

    with at_work(place, with_lab=False, may_begin=False) as session:
        told = read_typed(told, session.state.spec, folder=Path.cwd())
        said = people.tell(session, trial, told)
        state = session.state.trial(trial).state
    facts = {"trial": trial, "state": state, "said": said}
    typer.echo(json.dumps(facts, indent=2) if as_json else to_type(said))


def _tell_table(
    place: Place, table: Path, how: How, options: dict[str, Any], *, as_json: bool
) -> None:
    from planner.cli.answered import answer_json
    from planner.loop.sessions.desk import at_work
    from planner.loop.sheets import answer_in_words, tell_table
    from planner.tables import read_sheet

    filled = read_sheet(table, **options)
    with at_work(place, with_lab=False, may_begin=False) as session:
        answer = tell_table(session, filled, folder=table.resolve().parent, how=how)
    said = to_type(answer_in_words(answer))
    typer.echo(json.dumps(answer_json(answer), indent=2) if as_json else said)
    if answer.exit_code:
        raise typer.Exit(answer.exit_code)
