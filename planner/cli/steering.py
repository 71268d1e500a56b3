"""Commands that say what is wanted of a campaign: stop, go."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.emergency import FileOrLab
from planner.cli.options import As, File, Json, Reason
from planner.cli.places import make_place
from planner.cli.typed import to_type
from planner.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from planner.trials import Wanted

_SAID = {
    "drain": "nothing is proposed any more; what is approved still runs",
    "hold": "trials are still proposed; none is sent to a device",
    "pause": "nothing is proposed or sent to a device; what runs there runs to its end",
    "run": "it may go on",
}


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (stop, go):
        app.command()(command)


def stop(
    file: FileOrLab = None,
    proposing: Annotated[
        bool, typer.Option("--proposing", help="Propose nothing more; approved trials still run.")
    ] = False,
    dispatching: Annotated[
        bool, typer.Option("--dispatching", help="Go on proposing; send nothing to a device.")
    ] = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Emergency: stop every device of the ledger now, and dispatch nothing."
        ),
    ] = False,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Stop a campaign in order: what runs at a device is left to end.

    Neither proposes nor dispatches any more, or only the one of both that you name. Whatever
    process is at work reads it before its next step. planner go lets it go on.

    With --all every device of the ledger is told to stop now, whoever you are, and no campaign
    dispatches until planner clear. It is no safety device.
    """
    from planner.cli.emergency import stop_everything
    from planner.trials import Wanted

    if everything:
        stop_everything(file, reason=reason, as_json=as_json)
        return
    if file is None:
        raise InputError("Which campaign? Name its file, or stop every device with --all.")

    wanted = {
        (True, False): Wanted.DRAIN,
        (False, True): Wanted.HOLD,
    }.get((proposing, dispatching), Wanted.PAUSE)
    _want(file, name, wanted, reason=reason, as_json=as_json)


def go(file: File, reason: Reason = "", name: As = None, as_json: Json = False) -> None:
    """Let a campaign go on that was asked to stop, or that stopped after repeated failures.

    A process that is still at work goes on by itself; otherwise planner run starts one. A campaign
    that another stop rule has ended goes on when the rule is changed: planner amend.
    """
    from planner.trials import Wanted

    _want(file, name, Wanted.RUN, reason=reason, as_json=as_json)


def _want(file: Path, name: str | None, wanted: Wanted, *, reason: str, as_json: bool) -> None:
    from planner.loop.deciding.stopping import how_to_go_on
    from planner.loop.people import want
    from planner.loop.sessions.desk import at_work

    with at_work(make_place(file, name), with_lab=False, may_begin=False) as session:
        was, stop = session.state.wanted, session.state.stopped
        # after repeated failures going on is a word of its own: the cause is mended
        is_mended = wanted == "run" and stop is not None and stop.failed
        is_known = was is wanted and not is_mended
        if not is_known:
            want(session, wanted, reason=reason)
        campaign, n = session.campaign, len(session.state.open_trials)
        stop = session.state.stopped
    if as_json:
        stopped = stop.reason if stop is not None else None
        said = {"campaign": campaign, "wanted": wanted, "was": was, "stopped": stopped}
        typer.echo(json.dumps(said))
        return
    if wanted == "run" and stop is not None:
        how = how_to_go_on(stop, has_ended=True)
        typer.echo(to_type(f"Campaign {campaign} has stopped: {stop.reason}. {how}"))
        return
    known = " It was so before." if is_known else ""
    under_way = f" Trials under way: {n}." if n and wanted != "run" else ""
    typer.echo(f"Campaign {campaign}: {_SAID[wanted]}.{known}{under_way}")
