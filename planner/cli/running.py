"""Commands that run campaigns: run, up, deploy, pages."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.amending import agreement
from planner.cli.ending import INTERRUPTED
from planner.cli.options import As, File, Json, Seed
from planner.cli.places import make_place

if TYPE_CHECKING:
    from rich.console import Console

    from planner.cli.live import Progress
    from planner.loop.sessions.desk import Place
    from planner.loop.sessions.session import Session


class Engine(StrEnum):
    """What calls the loop."""

    PREFECT = "prefect"
    INLINE = "inline"


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(run)


def run(
    file: File,
    engine: Annotated[
        Engine, typer.Option(help="Through Prefect with its pages, or in this process alone.")
    ] = Engine.PREFECT,
    name: As = None,
    seed: Seed = None,
    amend: Annotated[
        bool, typer.Option("--amend", help="Enter what changed in the file since it began.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a campaign, or go on with it.

    To its end, or as far as machines can bring it; then it prints the report. Ctrl-C leaves after
    the step; typing the same again goes on where it stopped.
    """
    from rich.console import Console

    from planner.cli.live import Progress

    place = make_place(file, name, seed=seed)
    console = Console(stderr=as_json, highlight=False)
    progress = Progress(console)
    with interruptible() as leave:
        code = _run(place, progress, leave, engine=engine, amend=amend, as_json=as_json)
    raise typer.Exit(code)


class Leave(threading.Event):
    """Set by the first Ctrl-C once work has begun: the work is to end after its step.

    Before that there is no step to end, and Ctrl-C interrupts at once; so does a second one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._has_begun = False

    def begin(self) -> None:
        """From now on there is work to bring to an end."""
        self._has_begun = True

    def ask(self, word: str) -> None:
        """Asks the work to end; what a signal does.

        Raises:
            KeyboardInterrupt: it was asked before, or there is no work yet.
        """
        if self.is_set() or not self._has_begun:
            raise KeyboardInterrupt
        self.set()
        sys.stderr.write(f"\n{word} (Ctrl-C again to leave at once) ...\n")


@contextmanager
def interruptible(*, word: str = "Leaving after this step") -> Iterator[Leave]:
    """Turns the first Ctrl-C into a request to leave, once work has begun.

    Args:
        word: what to say then.
    """
    leave = Leave()

    def ask_to_leave(_number: int, _frame: object) -> None:
        leave.ask(word)

    former = {each: signal.signal(each, ask_to_leave) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield leave
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. Type the same again to go on.\n")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _run(
    place: Place,
    progress: Progress,
    leave: Leave,
    *,
    engine: Engine,
    amend: bool,
    as_json: bool,
) -> int:
    from planner.cli.ending import has_ended, reopen
    from planner.cli.live import seed_best
    from planner.loop.alerts import alerting
    from planner.loop.dispatch.driver import driving
    from planner.loop.dispatch.keeper import holding
    from planner.loop.sensors.gatherer import gathering_for
    from planner.loop.sessions.desk import at_work, refuse_own_ledger

    refuse_own_ledger(place)
    with (
        at_work(place, may_amend=agreement(amend=amend)) as session,
        alerting([place], on_message=progress.message),
        gathering_for([place], on_message=progress.message),
    ):
        _say_what(session, progress.console)
        session.listener = progress.hear
        seed_best(progress, session.state)
        if not has_ended(session.state):
            reopen(session)
            with holding(session), driving(session), progress.showing():
                _call_engine(engine, session, place, progress, leave)
        return finish(session, place, progress.console, left=leave.is_set(), as_json=as_json)


def _call_engine(
    engine: Engine, session: Session, place: Place, progress: Progress, leave: Leave
) -> None:
    if engine is Engine.INLINE:
        from planner.loop.steps.inline import run_inline

        leave.begin()
        run_inline(session, is_asked_to_leave=leave.is_set, on_message=progress.message)
    else:
        from flows.running import run_campaign

        run_campaign(
            session,
            file=place.file,
            leave=leave,
            on_message=progress.message,
            on_start=leave.begin,
        )


def finish(session: Session, place: Place, console: Console, *, left: bool, as_json: bool) -> int:
    """Prints how the run ended, and returns its exit code."""
    from planner.cli.ending import exit_code, print_report
    from planner.loop.steps.waiting import describe_waiting

    state = session.state
    code = exit_code(state, left=left)
    print_report(session, place, console, as_json=as_json)
    if state.stopped is not None:
        console.print(f"Stopped: {state.stopped.reason}.")
    elif left:
        console.print("Left before the end. Type the same again to go on.")
    else:
        console.print(f"Now people are asked: {describe_waiting(session)}.")
    return code


def _say_what(session: Session, console: Console) -> None:
    spec = session.state.spec
    kind = "simulated" if session.state.simulated else "real"
    title = f"Campaign {spec.campaign}: {spec.about}" if spec.about else spec.campaign
    console.print(title, soft_wrap=True)
    place = session.ledger.place
    console.print(f"Source {spec.source.name} ({kind}); ledger {place}", soft_wrap=True)
    n = len(session.state.trials)
    if n:
        console.print(f"Going on after trial {n}.")
