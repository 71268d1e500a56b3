"""The sweep as a flow: for a deployment by schedule, beside those that run stretches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from planner.errors import PlannerError
from planner.loop.alerts.sweeping import sweep
from planner.loop.sessions.desk import Place

FLOW_NAME = "sweep"


@flow(name=FLOW_NAME, flow_run_name="{campaign}", persist_result=False, retries=0)
def look(file: str, campaign: str, seed: int | None = None) -> State[Any]:
    """Look at a campaign once: what became of open runs, and what is overdue.

    Args:
        file: the campaign file.
        campaign: the campaign's name.
        seed: instead of the file's, with another name.
    """
    place = Place(file=Path(file), name=campaign, seed=seed)
    try:
        return Completed(message=sweep(place).in_words())
    except PlannerError as error:
        return Failed(message=str(error))
