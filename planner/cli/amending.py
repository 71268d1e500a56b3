"""Agreeing to what has changed in a campaign file since it began."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from planner.campaign.amendment import Change
    from planner.loop.opening import Agree


def agreement(*, amend: bool) -> Agree:
    """Returns who is asked: nobody where ``--amend`` was given, else the person, if there is one.

    Args:
        amend: whether every change that may be made is agreed to.
    """
    from planner.loop.opening import agree, disagree

    if amend:
        return agree
    return _ask if sys.stdin.isatty() and sys.stderr.isatty() else disagree


def _ask(changes: tuple[Change, ...]) -> bool:
    from planner.loop.opening import list_changes

    typer.echo("The campaign file has changed since the campaign began:", err=True)
    typer.echo(list_changes(changes), err=True)
    return typer.confirm("Enter these changes and go on?", default=False, err=True)
