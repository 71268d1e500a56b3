"""The steps of the loop as Prefect's tasks: what each is called, and what is tried again.

A task runs what it is given and returns it; nothing is kept, for the ledger keeps everything.
Dispatch is never tried again: nobody could tell whether the order had left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from planner.errors import LedgerUnavailable
from planner.loop.sessions.session import Session
from planner.trials import TrialState

T = TypeVar("T")

RETRY_AFTER_S = [1.0, 5.0, 15.0]  # a ledger whose database is locked or moved for a moment


def _may_pass(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Tells whether trying again can help: the ledger did not answer, and took nothing."""
    return isinstance(state.result(raise_on_failure=False), LedgerUnavailable)


@task(
    description="Choose the next configurations, and write them down with their reasons.",
    retries=len(RETRY_AFTER_S),
    retry_delay_seconds=RETRY_AFTER_S,
    retry_condition_fn=_may_pass,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def ask(act: Callable[[], T]) -> T:
    """Runs the act."""
    return act()


@task(
    description="Write down what the source said, and make data of it where it passes the checks.",
    retries=len(RETRY_AFTER_S),
    retry_delay_seconds=RETRY_AFTER_S,
    retry_condition_fn=_may_pass,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def collect(act: Callable[[], T]) -> T:
    """Runs the act."""
    return act()


@task(
    description="Write down the intent, then send the order. Never tried again by Prefect.",
    retries=0,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def dispatch(act: Callable[[], T]) -> T:
    """Runs the act."""
    return act()


@task(
    description="Show the last trials and a picture of progress among the artifacts.",
    retries=0,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def report(act: Callable[[], T]) -> T:
    """Runs the act."""
    return act()


_TASKS: dict[str, Task[[Callable[[], Any]], Any]] = {
    each.name: each for each in (ask, collect, dispatch, report)
}


def do_as_task(name: str, act: Callable[[], T], *, label: str) -> T:
    """Run an act as the task of this name; the label names the task run in the pages."""
    named: Callable[[Callable[[], T]], T] = _TASKS[name].with_options(task_run_name=label)
    return named(act)


def label_of(name: str, session: Session) -> str:
    """Return what a step is called in the pages: its name and the trials that it is about."""
    state = session.state
    match name:
        case "ask":
            numbers = [state.next_trial]
        case "dispatch":
            numbers = [each.number for each in state.in_state(TrialState.APPROVED)]
        case _:
            numbers = [each.number for each in state.in_state(TrialState.RUNNING)]
    shown = ", ".join(str(number) for number in numbers[:4])
    return f"{name} {shown}" + (" ..." if len(numbers) > 4 else "")
