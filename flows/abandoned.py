"""Flow runs that Prefect believes running though their process is gone.

Nothing is decided by them: the ledger's lease says who is at work. They are closed so that the
pages tell the truth.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx


def close_abandoned(
    file: Path, campaign: str, *, older_than_s: float = 0.0, ended: UUID | None = None
) -> int:
    """Mark as crashed the running flow runs of a campaign that nobody can be at work on.

    Args:
        file: the campaign file; campaigns of the same name elsewhere are left alone.
        campaign: its name; the caller holds its lease, or knows that nobody does.
        older_than_s: how long they have been running at least; a younger one may be just about
            to take the lease.
        ended: one that has had the lease and let it go, however young it is.

    Returns:
        How many; 0 too where the server does not answer.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.objects import State
    from prefect.exceptions import PrefectException
    from prefect.states import Crashed
    from prefect.types._datetime import now

    closed = 0
    running = FlowRunFilter.model_validate(
        {"state": {"type": {"any_": ["RUNNING"]}}, "tags": {"all_": [campaign]}}
    )
    gone: State[Any] = Crashed(message="Its process is gone; the ledger goes on in the next run.")
    try:
        with get_client(sync_client=True) as client:
            for run in client.read_flow_runs(flow_run_filter=running, limit=50):
                is_ours = run.parameters.get("file") == str(file.resolve())
                since = run.state.timestamp if run.state is not None else now("UTC")
                is_old = (now("UTC") - since).total_seconds() >= older_than_s
                if is_ours and (is_old or run.id == ended):
                    client.set_flow_run_state(run.id, gone, force=True)
                    closed += 1
    except (httpx.HTTPError, PrefectException):
        return closed
    return closed
