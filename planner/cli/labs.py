"""Commands about the campaign's lab: who is connected, what is sent, which promises are kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from planner.cli.checking import check
from planner.cli.options import File, Json

if TYPE_CHECKING:
    from pathlib import Path

    from planner.campaign import CampaignSpec
    from planner.cli.connected import Known
    from planner.labs import Message, Order

_NOT_REACHED = 5


class _ShowsByDefault(TyperGroup):
    """``planner labs FILE`` is ``planner labs show FILE``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_named = bool(args) and args[0] in self.commands
        if args and not is_named and args[0] != "--help":
            args = ["show", *args]
        return super().parse_args(ctx, args)


labs = typer.Typer(cls=_ShowsByDefault, no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    labs.command()(show)
    labs.command()(send)
    labs.command()(check)
    app.add_typer(
        labs,
        name="labs",
        help="Say which devices of a campaign are connected: planner labs FILE.\n\n"
        "With send it prints the message that an order becomes, with check it tries what the "
        "device promises.",
    )


def show(file: File, as_json: Json = False) -> None:
    """Say who is connected, and what each device says of itself.

    Asks each device of the campaign's source for its heartbeat. Nothing is written, and no order
    is sent.
    """
    from planner.campaign import read_campaign
    from planner.cli.connected import describe_connected, gather_connected, is_all_reached
    from planner.clock import SystemClock
    from planner.labs import open_lab

    spec = read_campaign(file)
    lab = open_lab(spec, folder=file.resolve().parent)
    try:
        facts = gather_connected(spec.source, lab, clock=SystemClock(), known=_known_of(file, spec))
    finally:
        lab.close()
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        from rich.console import Console

        console = Console(highlight=False)
        for part in describe_connected(facts):
            console.print(part)
    if not is_all_reached(facts):
        raise typer.Exit(_NOT_REACHED)


def send(
    file: File,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE",
            help="Parameters, such as temperature=130 or temperature=400K.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the message; nothing is sent.")
    ] = False,
    device: Annotated[
        str | None,
        typer.Option("--device", help="Which of several like devices; none for the first."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the exact message that an order becomes, without sending it.

    In the device's names and units, with where it goes; secrets are masked. An order is sent by a
    campaign alone, which keeps what becomes of it: without --dry-run this is refused.
    """
    from planner.campaign import read_campaign
    from planner.errors import Refused

    if not dry_run:
        raise Refused(
            f"Orders are sent by a campaign alone, which writes down first what it sends and never "
            f"sends it twice. 'planner run {file}' chooses and sends, 'planner propose {file}' "
            f"enters a trial of your own; with --dry-run the message is printed here."
        )
    spec = read_campaign(file)
    message = _describe(spec, _draft(spec, file.resolve().parent, values or [], device))
    if as_json:
        facts = {
            "action": message.action,
            "to": message.to,
            "headers": dict(message.headers),
            "body": json.loads(message.body),
        }
        typer.echo(json.dumps(facts, indent=2))
    else:
        typer.echo(message.in_words())


def _known_of(file: Path, spec: CampaignSpec) -> Known:
    """Returns what the ledger knows of the source's devices; nothing where there is none."""
    from planner.cli.connected import Known, read_known
    from planner.cli.places import ledger_of
    from planner.errors import UnknownName

    try:
        with ledger_of(file, create=False) as ledger:
            return read_known(ledger, spec)
    except UnknownName:
        return Known()


def _draft(spec: CampaignSpec, folder: Path, values: list[str], device: str | None) -> Order:
    from planner.campaign import read_space
    from planner.cli.assignments import names_in, read_reported
    from planner.errors import UnknownName
    from planner.labs import draft_order
    from planner.loop.results.check import read_achieved
    from planner.space import Fixed

    space = read_space(spec, folder=folder)
    configuration = {
        name: each.value for name, each in spec.scalars.items() if isinstance(each, Fixed)
    }
    for name, reported in read_reported(values, texts=names_in(spec)).items():
        value = read_achieved(name, reported, space, what="parameter")
        configuration[name] = space.parameter(name).check(value)
    devices = spec.source.devices
    if device is not None and device not in devices:
        known = f"only {', '.join(devices)}" if devices else "it is one device without a name"
        raise UnknownName(f"Source {spec.source.name!r} has no device {device!r}: {known}.")
    return draft_order(spec, configuration, device=device or next(iter(devices), None))


def _describe(spec: CampaignSpec, order: Order) -> Message:
    from planner.campaign import CommandDevice, HttpDevice, MqttDevice
    from planner.errors import InputError
    from planner.labs import command, http, mqtt

    match spec.source:
        case HttpDevice():
            return http.describe_message(spec.source, spec, order)
        case MqttDevice():
            return mqtt.describe_message(spec.source, spec, order)
        case CommandDevice():
            return command.describe_message(spec.source, spec, order)
        case source:
            raise InputError(
                f"Source {source.name!r} is of kind {source.kind}, to which no message is sent. "
                f"This is for the kinds http, mqtt and command."
            )
