"""Commands that register people and programs: people add, people list, people revoke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import Json, Reason
from planner.cli.places import ledger_of

if TYPE_CHECKING:
    from planner.ledger import Ledger


class Role(StrEnum):
    """What somebody may do."""

    VIEWER = "viewer"
    AGENT = "agent"
    OPERATOR = "operator"
    LEAD = "lead"


Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Under which all that they do is entered; best the operating system's user.",
        show_default=False,
    ),
]
Of = Annotated[
    Path | None,
    typer.Option(
        "--of",
        metavar="FILE",
        help="Campaign file whose ledger is meant; none where PLANNER_DATABASE_URL names one.",
    ),
]

people = typer.Typer(
    help="Register people and programs, and what each may do.\n\n"
    "Where nobody is registered, everybody at this machine may do everything under their own name.",
    no_args_is_help=True,
)


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(people, name="people")


@people.command()
def add(
    name: Name,
    role: Annotated[
        Role,
        typer.Option(
            help="viewer looks; agent (a program) asks, proposes and tells; operator also "
            "approves, aborts, resolves, stops; lead may do everything."
        ),
    ],
    of: Of = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Register somebody, and print their token, once.

    The ledger keeps only a hash of it. The first one must be a lead.
    """
    from planner.campaign import people as roles
    from planner.errors import InputError
    from planner.ledger.people import register
    from planner.loop.sessions.permission import TOKEN_VARIABLE, this_person

    if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > 64:
        raise InputError(f"{name!r} is no name. Give one of up to 64 letters, such as anna.")
    with _asked_by(of, create=True) as (ledger, by):
        now = _now()
        token = register(ledger, name, roles.Role(role.value), by=by, now=now, reason=reason)
        place = ledger.place
    if as_json:
        typer.echo(json.dumps({"name": name, "role": role.value, "token": token}))
        return
    typer.echo(f"{name} is registered as {role.value} in the ledger {place}.")
    typer.echo(f"The token is shown this once; whoever has it is {name}:\n")
    typer.echo(f"  {token}\n")
    typer.echo(f"It goes into the environment, where it is needed: {TOKEN_VARIABLE}=...")
    if name == this_person():
        typer.echo("At this machine you need none: your user name is registered.")


@people.command("list")
def list_(
    of: Of = None,
    acts: Annotated[
        bool, typer.Option("--acts", help="Who registered and revoked whom, when and why.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List who is registered, and who you are here."""
    from planner.ledger.people import read_people, read_people_acts
    from planner.loop.sessions.permission import identify

    with ledger_of(of, create=False) as ledger:
        me = identify(ledger)
        there, told = read_people(ledger), read_people_acts(ledger)
    if as_json:
        facts = {
            "you": {"name": me.name, "role": me.role, "by_token": me.by_token},
            "people": [
                {
                    "name": each.name,
                    "role": each.role,
                    "registered_at": each.registered_at.isoformat(),
                    "registered_by": each.registered_by,
                    "revoked_at": each.revoked_at.isoformat() if each.revoked_at else None,
                    "revoked_by": each.revoked_by,
                }
                for each in there
            ],
            "acts": [
                {
                    "at": each.at.isoformat(),
                    "by": each.by,
                    "act": each.act,
                    "name": each.name,
                    "role": each.role,
                    "reason": each.reason,
                }
                for each in told
            ],
        }
        typer.echo(json.dumps(facts, indent=2))
        return
    how = "by your token" if me.by_token else "by your user name"
    typer.echo(f"You are {me.name}, {me.role} ({how}).")
    active = [each for each in there if each.is_active]
    if not active:
        typer.echo("Nobody is registered: everybody at this machine may do everything.")
    for each in active:
        since = f"since {each.registered_at:%Y-%m-%d}, by {each.registered_by}"
        typer.echo(f"  {each.name}: {each.role}, {since}")
    for act in told if acts else ():
        why = f" ({act.reason})" if act.reason else ""
        when = f"{act.at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"  {when}: {act.by} {act.act} {act.name} as {act.role}{why}")


@people.command()
def revoke(name: Name, of: Of = None, reason: Reason = "", as_json: Json = False) -> None:
    """Take somebody's role away; their token is worthless from now on."""
    from planner.ledger.people import revoke as revoke_in

    with _asked_by(of, create=False) as (ledger, by):
        revoke_in(ledger, name, by=by, now=_now(), reason=reason)
    said = f"{name} has no role here any more, and the token is worthless."
    typer.echo(json.dumps({"name": name, "revoked_by": by}) if as_json else said)


@contextmanager
def _asked_by(of: Path | None, *, create: bool) -> Iterator[tuple[Ledger, str]]:
    """Yields the ledger, and who asks, if they may register people."""
    from planner.campaign.people import Act
    from planner.loop.sessions.permission import identify, permit

    with ledger_of(of, create=create) as ledger:
        by = identify(ledger).name
        permit(ledger, by, {Act.REGISTER})
        yield ledger, by


def _now() -> datetime:
    from planner.clock import SystemClock

    return SystemClock().now()
