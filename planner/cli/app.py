"""The commands, and what an error looks like: a paragraph and an exit code."""

from __future__ import annotations

import sys
import textwrap
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from planner.cli import (
    alerting,
    amending,
    asking,
    beginning,
    benching,
    device,
    emergency,
    labs,
    looking,
    people,
    records,
    registering,
    running,
    sensing,
    serving,
    steering,
    supplies,
    sweeping,
    telling,
)
from planner.cli.interrupted import INTERRUPTED
from planner.cli.typed import to_type
from planner.errors import PlannerError

OUR_BUG = 70


class _Commands(TyperGroup):
    """All commands; Ctrl-C is answered where a command does not answer it itself."""

    def invoke(self, ctx: Any) -> Any:
        """Runs a command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("\nInterrupted.", err=True)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="planner",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=(
        "Plans synthesis experiments: says what to try next and why, runs it, learns from it.\n\n"
        "Exit codes: 0 done, 2 your input, 3 waits for a person, 4 refused or held by another, "
        "5 stopped after repeated failures or no lab, 70 our bug, 130 interrupted."
    ),
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from planner import __version__

        typer.echo(f"experiment-planner {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    del debug, version  # read from the arguments by main, and by the callback


for part in (
    running,
    serving,
    sweeping,
    device,
    looking,
    labs,
    beginning,
    amending,
    asking,
    telling,
    people,
    steering,
    emergency,
    supplies,
    sensing,
    registering,
    alerting,
    records,
    benching,
):
    part.add_to(app)


def main() -> None:
    """Runs the command line; every way out has an exit code."""
    is_debugging = "--debug" in sys.argv[1:]
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        _leave(INTERRUPTED, "Interrupted.")
    except PlannerError as error:
        if is_debugging:
            raise
        _leave(error.exit_code, to_type(str(error)))
    except Exception as error:
        if is_debugging:
            raise
        _leave(
            OUR_BUG,
            f"This is a mistake of ours, not of yours: {type(error).__name__}: {error}. "
            f"Nothing in the ledger is lost. Run it again with 'planner --debug ...' and send us "
            f"what it prints.",
        )


def _leave(code: int, text: str) -> None:
    lines = [textwrap.fill(line, 100, subsequent_indent="    ") for line in text.splitlines()]
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()
    sys.exit(code)
