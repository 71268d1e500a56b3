"""The flow: one flow run is one stretch of a campaign, its tasks are the steps of the loop.

Whatever becomes of the flow run, the campaign stands as its ledger says. So a flow run begins by
reconciling, like every step, and may end at any step; the next one goes on.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed

from flows.asked import FLOW_NAME, catch_up, ended_as
from flows.lending import borrowed
from flows.logbook import keeping_log
from flows.tasks import do_as_task, label_of
from flows.window import Window
from planner.errors import HeldByAnother, PlannerError
from planner.loop.alerts import alerting
from planner.loop.dispatch.driver import driving
from planner.loop.dispatch.keeper import holding
from planner.loop.sensors.gatherer import gathering_for
from planner.loop.sessions.desk import Place, at_work
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Step, Waiting
from planner.loop.steps.stretch import Limits, run_stretch

T = TypeVar("T")

# a flow keeps 6 KB for each task run until it ends, and a day-long flow is none to look at
LIMITS = Limits(steps=500, still_s=30.0)


@flow(name=FLOW_NAME, flow_run_name="{campaign}", persist_result=False, retries=0)
def stretch(file: str, campaign: str, seed: int | None = None) -> State[Any]:
    """Move a campaign on until it has ended or would only wait.

    Args:
        file: the campaign file.
        campaign: the campaign's name; another than the file's runs it beside itself.
        seed: instead of the file's, with another name.
    """
    loan = borrowed()
    if loan is None:
        return _on_its_own(Path(file), campaign, seed)
    loan.has_begun = True
    try:
        with _stops_at_a_step(loan.leave):
            worked = work(loan.session, leave=loan.leave)
            loan.step = worked.step
    except BaseException as error:
        loan.error = error
        if isinstance(error, PlannerError):
            return Failed(message=str(error))
        raise
    return _ended(worked, has_left=loan.leave.is_set())


@dataclass(frozen=True, slots=True)
class Worked:
    """How a stretch ended.

    Args:
        step: the last one.
        asked: what was asked of it in Prefect's pages, in a word; empty for nothing.
    """

    step: Step
    asked: str = ""


def work(
    session: Session,
    *,
    leave: threading.Event,
    is_orphan: Callable[[], bool] = lambda: False,
) -> Worked:
    """Work through one stretch, with tasks for what is done and artifacts of how it goes.

    Args:
        session: under a lease.
        leave: ends the stretch after its step.
        is_orphan: read between steps; ends it too, like what is asked in Prefect's pages.
    """
    window = Window(session)

    def as_task(name: str, act: Callable[[], T]) -> T:
        if not window.admits_task():
            return act()
        return do_as_task(name, act, label=label_of(name, session))

    # a simulation runs in processes of ours, which would end with the stretch
    still_s = float("inf") if session.lab.is_repeatable else LIMITS.still_s
    try:
        with keeping_log(session):
            step = run_stretch(
                session,
                limits=Limits(steps=LIMITS.steps, still_s=still_s),
                perform=as_task,
                is_asked_to_leave=lambda: leave.is_set() or is_orphan() or bool(window.asked),
                after_step=window.look,
            )
    finally:
        window.heed()  # what ended it may be that it was cancelled
        do_as_task("report", window.show, label="report")
    return Worked(step, window.asked)


def _on_its_own(file: Path, campaign: str, seed: int | None) -> State[Any]:
    """Work as a process that Prefect started: open everything, close everything."""
    place = Place(file=file, name=campaign, seed=seed)
    parent, leave = os.getppid(), threading.Event()
    try:
        with (
            _stops_at_a_step(leave),
            at_work(place) as session,
            alerting([place], on_message=get_run_logger().warning),
            holding(session),
            driving(session),
            gathering_for([place]),
        ):
            # what was asked of an earlier stretch that was killed before it could enter it
            catch_up(session, place.file, is_at_rest=True)
            worked = work(session, leave=leave, is_orphan=lambda: os.getppid() != parent)
    except HeldByAnother as error:
        return Completed(name="Skipped", message=str(error))
    except PlannerError as error:
        return Failed(message=str(error))
    if os.getppid() != parent:
        os._exit(1)  # whoever started this was killed; nobody is left to report to
    return _ended(worked, has_left=leave.is_set())


def _ended(worked: Worked, *, has_left: bool) -> State[Any]:
    step = worked.step
    if worked.asked == "cancelled":
        return Cancelled(message=ended_as(worked.asked))
    if worked.asked:
        return Completed(name="Left", message=ended_as(worked.asked))
    if has_left:
        return Completed(name="Left", message="Asked to leave; the next stretch goes on.")
    words = {
        Waiting.END: f"Stopped: {step.why}.",
        Waiting.PERSON: f"Waits for a person: {step.why}.",
        Waiting.MACHINE: "Waits for a machine; the next stretch begins when there is news.",
        Waiting.TIME: f"W{step.why.removeprefix('w')}; the next stretch begins then.",
        Waiting.NOTHING: "Long enough for one stretch; the next one goes on.",
    }
    return Completed(message=words[step.waiting])


@contextmanager
def _stops_at_a_step(leave: threading.Event) -> Iterator[None]:
    """Let a request to terminate end the stretch after its step, not in the middle of one.

    Args:
        leave: is set by it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGTERM, lambda _number, _frame: leave.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
