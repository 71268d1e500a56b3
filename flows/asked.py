"""What people ask in Prefect's pages of a campaign's stretches: cancel it, suspend it, pause it.

All three mean a drain: nothing more is proposed, and what is approved is brought to its end. It is
entered in the ledger, once, by whichever process sees it first, and from then on the ledger
decides. A process that is killed before it has entered it leaves that to the next one, since the
flow run keeps its state.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Completed
from prefect.types._datetime import now

from planner.loop.people import enter_drain
from planner.loop.sessions.session import Session

AUTHOR = "Prefect's pages"
FLOW_NAME = "campaign"
ASKING_S = 2.0  # of a stretch at its own state
LOOKING_S = 10.0  # of the supervisor at all states: what a stretch does not see is not urgent
_STOPPED = ["CANCELLING", "CANCELLED", "PAUSED"]
_MOST = 50  # of the latest; older ones were entered long ago
_CLOCKS_APART = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing asked of one flow run.

    Args:
        name: the same for whoever sees it, and however often.
        word: cancelled, suspended or paused.
        at: when.
    """

    name: str
    word: str
    at: datetime


@contextmanager
def briefly() -> Iterator[SyncPrefectClient]:
    """Give a client that does not try for long: a campaign waits meanwhile."""
    with without_patience(), get_client(sync_client=True) as client:
        yield client


@contextmanager
def without_patience() -> Iterator[None]:
    """Try a request twice at most inside the block."""
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 1}):
        yield


def act_in(run: FlowRun) -> Act | None:
    """Return what was asked of a flow run, by its state; ``None`` for nothing.

    A date of a schedule that is cancelled before it has come is left out, and asks nothing of the
    campaign.
    """
    state = run.state
    if state is None or (run.auto_scheduled and run.run_count == 0):
        return None
    if state.is_cancelling() or state.is_cancelled():
        word = "cancelled"
    elif state.is_paused():
        word = "suspended" if state.name == "Suspended" else "paused"
    else:
        return None
    # a run that is begun again, by a resume or a retry, can be stopped again
    name = f"prefect {run.id} {run.run_count} {word}"
    return Act(name=name, word=word, at=state.timestamp)


def enter(session: Session, act: Act, *, go: str = "") -> bool:
    """Enter an act in the ledger, unless it is there; tell whether this call did.

    Args:
        session: of the campaign.
        act: what was asked.
        go: why the campaign goes on all the same; empty: it does not.
    """
    reason = f"{act.word} in Prefect's pages"
    return enter_drain(session, act.name, at=act.at, author=AUTHOR, reason=reason, go=go)


def catch_up(
    session: Session,
    file: Path,
    *,
    is_at_rest: bool,
    go: str = "",
) -> bool:
    """Enter what was asked of any of a campaign's flow runs and is not in the ledger yet.

    Args:
        session: of the campaign.
        file: its file; campaigns of the same name elsewhere are left alone.
        is_at_rest: whether no other process is at work on the campaign. Then a suspended flow run
            is closed, so that the pages offer no 'resume': that would let nothing go on.
        go: why the campaign goes on all the same; empty: it does not.

    Returns:
        Whether something was entered; no, too, where the server does not tell.
    """
    is_new = False
    with suppress(httpx.HTTPError, PrefectException), briefly() as client:
        for run in _stopped_runs(client, session.campaign):
            act = act_in(run)
            if act is None or run.parameters.get("file") != str(file.resolve()):
                continue
            is_new |= enter(session, act, go=go)
            if is_at_rest and act.word != "cancelled":
                end: State[Any] = Completed(name="Left", message=ended_as(act.word))
                client.set_flow_run_state(run.id, end, force=True)
    return is_new


def ended_as(word: str) -> str:
    """Return what the pages say of a stretch that ended for this reason."""
    return (
        f"{word.capitalize()} in the pages; ended after its step, nothing is lost. Nothing more is "
        f"proposed, and the next stretch finishes what is approved. To go on: planner go."
    )


def _stopped_runs(client: SyncPrefectClient, campaign: str) -> list[FlowRun]:
    past = now("UTC") + _CLOCKS_APART
    chosen: dict[str, Any] = {
        "state": {"type": {"any_": _STOPPED}},
        "tags": {"all_": [campaign]},
        "expected_start_time": {"before_": past},
    }
    return client.read_flow_runs(
        flow_filter=FlowFilter.model_validate({"name": {"any_": [FLOW_NAME]}}),
        flow_run_filter=FlowRunFilter.model_validate(chosen),
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        limit=_MOST,
    )
