"""Commands on alerts: alerts test, alerts send."""

from __future__ import annotations

import json

import typer

from planner.cli.options import As, File, Json
from planner.cli.places import make_place

alerts = typer.Typer(
    help="Try the ways by which alerts are sent, or send what is due.\n\n"
    "planner run and planner up send alerts by themselves while they are at work.",
    no_args_is_help=True,
)


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(alerts, name="alerts")


@alerts.command("test")
def try_ways(file: File, as_json: Json = False) -> None:
    """Send a test message by each way that the file names."""
    from planner.clock import SystemClock
    from planner.errors import InputError, NotSent
    from planner.loop.alerts.posting import send_test
    from planner.loop.sessions.desk import read_spec

    place = make_place(file)
    spec = read_spec(place)
    if spec.alerts is None:
        raise InputError(
            f"{file} names no way by which alerts are sent. Add one, such as "
            f"alerts: {{ways: {{phone: {{kind: command, run: [./ring]}}}}}}."
        )
    now = SystemClock().now()
    found = send_test(spec.campaign, spec.alerts.ways, folder=place.folder, now=now)
    if as_json:
        facts = [{"way": name, "sent": not why, "why": why} for name, why in found.items()]
        typer.echo(json.dumps(facts, indent=2))
    else:
        for name, why in found.items():
            typer.echo(f"{name}: {'not sent. ' + why if why else 'sent.'}")
    if any(found.values()):
        raise typer.Exit(NotSent.exit_code)


@alerts.command()
def send(file: File, name: As = None, as_json: Json = False) -> None:
    """Send what is due and was not sent; for a schedule where neither run nor up is at work."""
    from planner.errors import NotSent
    from planner.loop.alerts import open_post

    said: list[str] = []
    with open_post(make_place(file, name), on_message=said.append, is_patient=True) as post:
        left = post.sweep(is_last=True)
    if as_json:
        typer.echo(json.dumps({"waiting": left, "not_sent": said}))
    else:
        for text in said:
            typer.echo(text, err=True)
        typer.echo("Nothing waits to be sent." if not left else f"Still to be sent: {left}.")
    if said:
        raise typer.Exit(NotSent.exit_code)
