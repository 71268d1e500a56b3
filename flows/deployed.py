"""Which campaigns are scheduled on a server: those whose deployments start by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx

from flows.deploying import POOL
from planner.loop.sessions.desk import Place

LOOK_S = 10.0
_PAGE = 100  # deployments that the server tells at once


class Deployed:
    """Tells of the campaigns that are scheduled, now and then.

    Args:
        on_deployed: is told each campaign with a schedule, again at every look.
    """

    def __init__(self, on_deployed: Callable[[Place], None]) -> None:
        self._on_deployed = on_deployed
        self._next_s = time.monotonic()

    def look(self) -> None:
        """Ask the server whose settings are in force, where it is time to."""
        from prefect.exceptions import PrefectException

        if time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + LOOK_S
        try:
            places = read_scheduled()
        except (httpx.HTTPError, PrefectException):
            return  # who starts stretches says so; the next look asks again
        for place in places:
            self._on_deployed(place)


def read_scheduled() -> list[Place]:
    """Return the campaigns of deployments with a schedule that is on."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName

    found = []
    ours = WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL]))
    with get_client(sync_client=True) as client:
        page = client.read_deployments(work_pool_filter=ours, limit=_PAGE)
        while page:
            found += page
            page = client.read_deployments(work_pool_filter=ours, limit=_PAGE, offset=len(found))
    return [
        Place(
            file=Path(each.parameters["file"]),
            name=each.parameters["campaign"],
            seed=each.parameters.get("seed"),
        )
        for each in found
        if not each.paused and any(schedule.active for schedule in each.schedules)
    ]
