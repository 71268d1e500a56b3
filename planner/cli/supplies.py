"""Commands that keep the source going: stock, maintenance."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from planner.cli.options import As, File, Json, Reason
from planner.cli.places import make_place


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (stock, maintenance):
        app.command()(command)


def stock(
    file: File,
    amounts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=AMOUNT",
            help="What there is now of a consumable, such as precursor=80g; none to show all.",
            show_default=False,
        ),
    ] = None,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Show what is left of each consumable, or enter what was counted or filled up.

    The amount is what there is now, in all; what trials under way are still to use is in it.
    """
    from planner.errors import InputError
    from planner.loop.rules.stock import count_stock, describe_stock, stock_facts
    from planner.loop.sessions.desk import at_work, looking_at

    place = make_place(file, name)
    if not amounts:
        with looking_at(place) as session:
            said, facts = describe_stock(session.state), stock_facts(session.state)
    else:
        if not reason.strip():
            raise InputError("A count needs a reason, such as --reason 'a new bottle'.")
        read = _read_amounts(amounts)
        with at_work(place, with_lab=False, may_begin=False) as session:
            said = count_stock(session, read, reason=reason)
            facts = stock_facts(session.state)
    typer.echo(json.dumps(facts, indent=2) if as_json else "\n".join(said))


def maintenance(
    file: File,
    device: Annotated[
        str | None,
        typer.Argument(help="One of the source's devices; none for all of it.", show_default=False),
    ] = None,
    out: Annotated[bool, typer.Option("--out", help="Take it out of service.")] = False,
    back: Annotated[bool, typer.Option("--back", help="It is in service again.")] = False,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Take the source or one of its devices out of service, or back into it.

    Nothing is dispatched to what is out of service; what runs there is left alone. With neither
    --out nor --back it says what is out of service.
    """
    from planner.errors import InputError
    from planner.loop.dispatch.service import service_facts, set_service
    from planner.loop.sessions.desk import at_work, looking_at
    from planner.loop.steps.waiting import describe_service

    if out and back:
        raise InputError("Give --out or --back, not both.")
    place = make_place(file, name)
    if not (out or back):
        with looking_at(place) as session:
            parts = describe_service(session.state) or ["everything is in service"]
            said, facts = "\n".join(parts), service_facts(session.state)
    else:
        with at_work(place, with_lab=False, may_begin=False) as session:
            said = set_service(session, device, in_service=back, reason=reason)
            facts = service_facts(session.state)
    typer.echo(json.dumps(facts, indent=2) if as_json else said)


def _read_amounts(texts: list[str]) -> dict[str, str]:
    from planner.errors import InputError

    found: dict[str, str] = {}
    for text in texts:
        name, equals, amount = text.partition("=")
        if not equals or not name.strip() or not amount.strip():
            raise InputError(f"{text!r} is no amount; write NAME=AMOUNT, such as precursor=80g.")
        if name.strip() in found:
            raise InputError(f"{name.strip()!r} is given twice; give it once.")
        found[name.strip()] = amount.strip()
    return found
