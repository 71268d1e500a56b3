"""Options and arguments that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from planner.cli.typed import keep_file, keep_name


class DecimalMark(StrEnum):
    """The mark before the decimals of numbers that are written as text."""

    POINT = "point"
    COMMA = "comma"

    @property
    def mark(self) -> Literal[".", ","]:
        """The mark itself."""
        return "." if self is DecimalMark.POINT else ","


File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="Campaign file (YAML).", show_default=False, callback=keep_file
    ),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        help="Run or read the campaign under another name.",
        callback=keep_name,
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Root of all random choices, for --as.")
]
Json = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept in the ledger.")]
TrialNumber = Annotated[
    int,
    typer.Argument(metavar="TRIAL", min=1, help="Number of the trial.", show_default=False),
]
Values = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME=VALUE",
        help="Outcomes, such as yield=81.5, yield=81.5+-2 (deviation) or size=0.05um (unit).",
        show_default=False,
    ),
]
