"""Commands that serve: up, deploy, pages."""

from __future__ import annotations

import json
import os
import webbrowser
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from planner.cli.ending import DONE, INTERRUPTED, STOPPED, WAITS
from planner.cli.options import File, Json
from planner.cli.places import make_place
from planner.cli.running import interruptible
from planner.errors import InputError

Home = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Prefect's home; by default .prefect in the campaign file's folder, or here."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (up, deploy, pages):
        app.command()(command)


def up(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Campaign files whose stretches are started when they are due."),
    ] = None,
    home: Home = None,
    until_done: Annotated[
        bool,
        typer.Option(
            "--until-done", help="End when no machine can move any of the campaigns any more."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Serve campaigns and deployments on this machine, until Ctrl-C.

    Keeps Prefect's server and a serving process, starts the next stretch of each campaign when
    there is something to do, and executes what planner deploy has scheduled. Sends the alerts of
    all of them.
    A campaign that has ended, or waits for people, is left alone until its ledger changes.
    """
    from flows.supervising import supervise
    from planner.loop.alerts import alerting
    from planner.loop.sensors.gatherer import gathering_for
    from planner.loop.sessions.desk import refuse_own_ledger

    places = [make_place(file) for file in files or ()]
    for each in places:
        refuse_own_ledger(each)
    place = find_home(files[0] if files else None, home)
    if until_done and not places:
        raise InputError("--until-done needs the campaign files that are meant.")

    def say(text: str) -> None:
        _say_now(text, as_json=as_json)

    with (
        interruptible(word="Ending in order") as leave,
        alerting(places, on_message=say) as alerts,
        gathering_for(places, on_message=say),
    ):
        standing = supervise(
            places,
            home=place,
            leave=leave,
            on_message=say,
            on_start=leave.begin,
            on_deployed=alerts.watch,
            until_done=until_done,
        )
        has_left = leave.is_set()
    raise typer.Exit(_code_of(standing, has_left=has_left))


def deploy(
    file: File,
    cron: Annotated[
        str | None,
        typer.Option(help="Minute, hour, day, month, weekday, such as '0 18 * * *': daily at six."),
    ] = None,
    interval: Annotated[
        float | None, typer.Option(min=10, help="Or seconds from one stretch to the next.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Of --cron, such as Europe/Berlin; UTC by default.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the deployment; by default the campaign's.")
    ] = None,
    sweep: Annotated[
        bool,
        typer.Option("--sweep", help="Only look each time, as planner sweep does; run nothing."),
    ] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Register a campaign as a scheduled deployment on a running server of Prefect's.

    The server is the one that planner up keeps for the file's folder, or the one that
    PREFECT_API_URL names; planner up there, or a Prefect worker of the pool 'planner' with this
    package, executes it. Each scheduled flow run is one stretch.
    """
    from flows.deploying import Schedule, deploy_there
    from planner.loop.sessions.desk import read_spec, refuse_own_ledger

    if (cron is None) == (interval is None):
        raise InputError("Give either --cron or --interval.")
    place = make_place(file)
    spec = read_spec(place)
    if not sweep:
        refuse_own_ledger(place)
    schedule = Schedule(cron=cron, interval_s=interval, timezone=timezone)
    deployed = deploy_there(
        file,
        campaign=spec.campaign,
        name=name or f"{spec.campaign} {'swept' if sweep else 'on schedule'}",
        home=find_home(file, home),
        schedule=schedule,
        only_look=sweep,
    )
    when = deployed.next_at.astimezone().isoformat(timespec="seconds") if deployed.next_at else None
    if as_json:
        facts = {"deployment": deployed.name, "id": str(deployed.deployment_id), "next": when}
        typer.echo(json.dumps(facts, indent=2))
        return
    what = "sweep" if sweep else "stretch"
    typer.echo(f"Registered {deployed.name}. Next {what}: {when or 'not scheduled yet'}.")
    if spec.alerts is not None and not sweep:
        typer.echo(
            f"Each stretch sends its alerts, and planner up does between them. Where a Prefect "
            f"worker serves it without planner up: planner deploy {file} --sweep --interval 300."
        )


def pages(
    file: Annotated[
        Path | None,
        typer.Argument(help="A campaign file; without it, the folder you are in is meant."),
    ] = None,
    home: Home = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and open nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Open Prefect's own pages: flow runs, their tasks, artifacts; until Ctrl-C."""
    from flows.server import server

    place = find_home(file, home)
    if not (os.environ.get("PREFECT_API_URL") or (place / "prefect.db").exists()):
        raise InputError(
            f"There are no pages in {place}: no campaign of this folder was run through Prefect. "
            f"Run one (planner run FILE), or name its home with --home."
        )
    with (
        interruptible(word="Stopping the pages") as leave,
        server(place, on_message=lambda text: typer.echo(text, err=True)) as address,
    ):
        if as_json:
            typer.echo(json.dumps({"pages": address.ui_url, "api": address.api_url}))
        if not no_browser:
            webbrowser.open(address.ui_url)
        typer.echo("Ctrl-C ends them.", err=True)
        leave.begin()
        leave.wait()


def _say_now(text: str, *, as_json: bool) -> None:
    """Prints one event with its time."""
    now = datetime.now().astimezone()
    if as_json:
        typer.echo(json.dumps({"at": now.isoformat(timespec="seconds"), "event": text}))
    else:
        typer.echo(f"{now:%H:%M:%S}  {text}")


def _code_of(standing: Sequence[str], *, has_left: bool) -> int:
    """Returns the exit code: of the worst of the campaigns, where nobody asked to end."""
    if has_left:
        return INTERRUPTED
    if "failed" in standing:
        return STOPPED
    return WAITS if "person" in standing else DONE


def find_home(file: Path | None, home: Path | None) -> Path:
    """Returns Prefect's home: the one named, else the one beside the file, else the one here."""
    from flows.home import home_of

    if home is not None:
        return home.resolve()
    if file is not None and not file.exists():
        raise InputError(f"There is no file {file}. Check the name.")
    return home_of(file.parent if file is not None else Path())
