"""The emergency stop of all devices of a ledger, and its end."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import Json, Reason
from planner.cli.places import ledger_of
from planner.errors import InputError, NotAllowed, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.ledger import Ledger
    from planner.loop.dispatch.emergency import Emergency
    from planner.loop.dispatch.reaching import Reach

_NOT_REACHED = 5

FileOrLab = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="Campaign file (YAML); none for the ledger that PLANNER_DATABASE_URL names.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Adds the command; to stop everything is an option of stop."""
    app.command()(clear)


def stop_everything(file: Path | None, *, reason: str, as_json: bool) -> None:
    """Tells every device to stop, latches the stop, and says what became of each.

    Raises:
        Exit: with 5 where a device has not confirmed it, or the ledger has not taken it.
    """
    from planner.loop.dispatch.emergency import stop_all
    from planner.loop.sessions.permission import this_person

    also = _reach_of(file)
    with ExitStack() as held:
        try:
            ledger = held.enter_context(ledger_of(file, create=True))
        except Refused:  # stop what can be reached, and say so
            ledger = None
        by = this_person() if ledger is None else _who(ledger)
        said = stop_all(ledger, by=by, reason=reason or "no reason given", also=also)
    if as_json:
        typer.echo(json.dumps(asdict(said), indent=2))
    else:
        _print(said)
    if not said.is_complete:
        raise typer.Exit(_NOT_REACHED)


def clear(file: FileOrLab = None, reason: Reason = "", as_json: Json = False) -> None:
    """Clear the emergency stop: campaigns dispatch again.

    Only a lead may. Programs (kind command) may be started again with it; devices are cleared where
    they stand, each by somebody who has looked at it.
    """
    from planner.campaign.people import Act
    from planner.loop.dispatch.emergency import clear_all
    from planner.loop.sessions.permission import identify, permit

    if not reason.strip():
        raise InputError("Clearing an emergency stop needs a reason: say what was seen (--reason).")
    with ledger_of(file, create=False) as ledger:
        by = identify(ledger).name
        permit(ledger, by, {Act.CLEAR})
        cleared = clear_all(ledger, by=by, reason=reason, also=_reach_of(file))
    if as_json:
        facts = {"cleared": True, "by": by, **asdict(cleared)}
        typer.echo(json.dumps(facts, indent=2))
        return
    typer.echo("The emergency stop is cleared: campaigns dispatch again.")
    for each in cleared.programs:
        typer.echo(f"{each}: its programs may be started again.")
    for each in cleared.devices:
        typer.echo(
            f"{each}: takes orders once it is cleared where it stands (our agent: planner device "
            f"FILE --clear REASON)."
        )


def _reach_of(file: Path | None) -> Sequence[Reach]:
    """Returns how the file's own devices are reached, whether or not they were ever used."""
    from planner.campaign import read_campaign
    from planner.loop.dispatch.reaching import Reach

    if file is None:
        return ()
    spec = read_campaign(file)
    is_machine = spec.source.kind not in ("table", "simulator", "person")
    return (Reach(spec=spec, folder=file.resolve().parent),) if is_machine else ()


def _who(ledger: Ledger) -> str:
    """Returns who acts; an unknown token keeps nobody from stopping."""
    from planner.loop.sessions.permission import identify, this_person

    try:
        return identify(ledger).name
    except NotAllowed:
        return this_person()


def _print(said: Emergency) -> None:
    if said.trouble:
        typer.echo(f"NOT LATCHED, campaigns may dispatch: {said.trouble}")
    else:
        typer.echo("Nothing is dispatched any more, until planner clear.")
    if not said.devices:
        typer.echo("No device was ever spoken to from this ledger.")
    for each in said.devices:
        name = each.named
        if each.is_stopped:
            typer.echo(f"{name}: {each.said or 'stopped'}.")
        else:
            typer.echo(f"{name}: NOT KNOWN TO BE STOPPED, go there: {each.said}")
