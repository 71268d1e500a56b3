"""Ctrl-C while a trial is being chosen: what was entered by then is looked up and said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from planner.loop.sessions.desk import Place

INTERRUPTED = 130


@contextmanager
def saying_what_was_done(place: Place, *, done: Literal["handed out", "entered"]) -> Iterator[None]:
    """Lets Ctrl-C end a command, and says whether it was too late.

    Args:
        place: of the campaign.
        done: what becomes of a trial: the planner's is handed out, a person's own entered.
    """
    from planner.clock import SystemClock

    began = SystemClock().now()
    try:
        yield
    except KeyboardInterrupt:
        numbers = _proposed_since(place, began, is_own=done == "entered")
        typer.echo(f"\nInterrupted; {_in_words(numbers, place, done=done)}.", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _proposed_since(place: Place, began: datetime, *, is_own: bool) -> list[int]:
    """Returns the numbers of the trials that the ledger has by now, whatever was cut off."""
    from planner.errors import UnknownName
    from planner.loop.sessions.desk import looking_at
    from planner.loop.sessions.permission import identify

    try:
        with looking_at(place) as session:
            author = identify(session.ledger, user=place.author).name
            return [
                trial.number
                for trial in session.state.trials.values()
                if trial.proposed_at >= began
                and (trial.proposal.origin == "person") == is_own
                and (is_own or (trial.handed and trial.source == author))
            ]
    except UnknownName:  # it has not begun
        return []


def _in_words(numbers: list[int], place: Place, *, done: str) -> str:
    if not numbers:
        return f"no trial was {done}"
    one = len(numbers) == 1
    which = f"trial{'' if one else 's'} {', '.join(map(str, numbers))} {'was' if one else 'were'}"
    file = place.as_typed
    look = f"planner ask {file} --again" if done == "handed out" else f"planner status {file}"
    return f"{which} {done} by then: {look} shows {'it' if one else 'them'}"
