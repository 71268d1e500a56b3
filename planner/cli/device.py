"""The command device: runs a device's agent."""

from __future__ import annotations

import json
import queue
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.ending import INTERRUPTED
from planner.cli.options import Json
from planner.cli.running import interruptible

if TYPE_CHECKING:
    from planner.device.config import DeviceSpec
    from planner.trials import Answer

_LOOK_S = 0.2


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(device)


def device(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The device's file (YAML).", show_default=False)
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Say what the file means, and start nothing.")
    ] = False,
    clear: Annotated[
        str | None,
        typer.Option(
            "--clear", metavar="REASON", help="Clear an emergency stop, while it does not run."
        ),
    ] = None,
    release: Annotated[
        str | None,
        typer.Option("--release", metavar="REASON", help="Forget which ledger it obeys, likewise."),
    ] = None,
    lock: Annotated[
        str | None,
        typer.Option(
            "--lock",
            metavar="REASON",
            help="Local control: take no orders and begin none, while it runs or not.",
        ),
    ] = None,
    unlock: Annotated[bool, typer.Option("--unlock", help="Take orders again.")] = False,
    as_json: Json = False,
) -> None:
    """Run a device's agent: it takes orders, performs each once, and tells what came of it.

    Ctrl-C takes no more orders and waits for the job that is under way; a second one ends at once,
    and what became of that job is then unknown.
    """
    from planner.device.config import read_device

    spec = read_device(file)
    folder = file.resolve().parent
    if check:
        from planner.device.described import describe

        sentences = describe(spec, folder=folder)
        typer.echo(json.dumps(sentences) if as_json else "\n".join(sentences))
    elif lock is not None or unlock:
        _lock(spec, folder, lock, as_json=as_json)
    elif clear is not None or release is not None:
        _settle(spec, folder, clear=clear, release=release, as_json=as_json)
    else:
        _run(spec, folder, as_json=as_json)


def _lock(spec: DeviceSpec, folder: Path, reason: str | None, *, as_json: bool) -> None:
    """Locks a device for a reason, or unlocks it without one; its program may be running."""
    from planner.device.local_control import LocalControl
    from planner.device.running import journal_path

    local = LocalControl(journal_path(spec, folder=folder))
    if reason is None:
        was_locked = local.unlock()
        said = "is unlocked: it takes orders again" if was_locked else "was not locked"
        _say(f"{spec.device} {said}.", as_json=as_json)
        return
    local.lock(reason)
    _say(
        f"{spec.device} is locked: it takes no orders and begins none until --unlock. A job that "
        f"is under way goes on.",
        as_json=as_json,
    )


def _settle(
    spec: DeviceSpec, folder: Path, *, clear: str | None, release: str | None, as_json: bool
) -> None:
    """Clears or releases a device whose program does not run."""
    from planner.device.acts import FunctionAct
    from planner.device.agent import Agent
    from planner.device.journal import Journal
    from planner.device.running import journal_path
    from planner.loop.sessions.permission import this_person

    journal = Journal(journal_path(spec, folder=folder))
    try:
        agent = Agent(journal, FunctionAct(lambda *_: {}, is_adjustable=False))  # never started
        if clear is not None:
            agent.clear(by=this_person(), reason=clear)
            _say(f"{spec.device} is clear: once started it takes orders.", as_json=as_json)
        if release is not None:
            agent.release(by=this_person(), reason=release)
            _say(
                f"{spec.device} is released: it obeys the ledger that orders next.",
                as_json=as_json,
            )
    finally:
        journal.close()


def _run(spec: DeviceSpec, folder: Path, *, as_json: bool) -> None:
    from planner.device.running import Device

    news: queue.SimpleQueue[Answer | str] = queue.SimpleQueue()
    running = Device(spec, folder=folder, hear_link=news.put)
    running.listen(news.put)
    with interruptible(word="No more orders; waiting for the job under way") as leave:
        places = running.start()
        beat = running.agent.heartbeat()
        closed = f"no orders, it is {beat.state} ({beat.reason})" if beat.reason else "orders"
        _say(f"{spec.device} takes {closed}; Ctrl-C ends it.", as_json=as_json, at=places)
        leave.begin()
        while not leave.is_set():
            _tell(news, as_json=as_json)
        while not running.close(wait_s=_LOOK_S):
            _tell(news, as_json=as_json)
        while not news.empty():
            _tell(news, as_json=as_json)
    raise typer.Exit(INTERRUPTED)


def _tell(news: queue.SimpleQueue[Answer | str], *, as_json: bool) -> None:
    try:
        heard = news.get(timeout=_LOOK_S)
    except queue.Empty:
        return
    if not isinstance(heard, str):
        reason = f": {heard.reason}" if heard.reason else ""
        heard = f"{heard.key} {heard.state}{reason}"
    _say(heard, as_json=as_json)


def _say(text: str, *, as_json: bool, at: list[str] | None = None) -> None:
    now = datetime.now().astimezone()
    if as_json:
        facts = {"at": now.isoformat(), "event": text}
        typer.echo(json.dumps(facts if at is None else {**facts, "places": at}))
        return
    typer.echo(f"{now:%H:%M:%S}  {text}")
    for place in at or ():
        typer.echo(f"          {place}")
