"""Deployments: a campaign's flow, registered on a server to be run there, by schedule or on call.

The flow is found by its module, so whoever executes it needs this package and no copy of its code.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from planner.errors import InputError, LabUnavailable

POOL = "planner"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a deployment starts stretches by itself.

    Args:
        cron: minute, hour, day, month, weekday, such as ``0 18 * * *``.
        interval_s: or so many seconds after each other.
        timezone: in which the cron expression is meant, such as ``Europe/Berlin``.
    """

    cron: str | None = None
    interval_s: float | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Deployed:
    """What was registered.

    Args:
        name: full name, ``campaign/NAME``.
        deployment_id: its id on the server.
        next_at: when it will next start a stretch by itself, in UTC; ``None`` for never.
    """

    name: str
    deployment_id: UUID
    next_at: datetime | None


def deploy(
    file: Path,
    *,
    campaign: str,
    name: str,
    home: Path,
    seed: int | None = None,
    schedule: Schedule | None = None,
    tags: tuple[str, ...] = (),
    only_look: bool = False,
) -> Deployed:
    """Register a campaign's flow on the server whose settings are in force.

    Args:
        file: the campaign file.
        campaign: the campaign's name.
        name: of the deployment; one of the same name is replaced.
        home: where its processes run; nothing there is imported.
        seed: instead of the file's.
        schedule: when to start stretches; ``None`` for on call only.
        tags: of its flow runs.
        only_look: whether each run is a sweep, which looks and tells, and not a stretch.

    Raises:
        InputError: the schedule cannot be read.
        LabUnavailable: the server refuses.
    """
    from prefect.exceptions import PrefectException
    from prefect.types.entrypoint import EntrypointType

    from flows.campaign import stretch
    from flows.sweeping import look

    what: Any = look if only_look else stretch
    try:
        _ensure_pool()
        deployment: Any = what.to_deployment(
            name=name,
            schedules=_schedules(schedule),
            parameters={"file": str(file.resolve()), "campaign": campaign, "seed": seed},
            tags=[*tags],
            work_pool_name=POOL,
            job_variables={"working_dir": str(home), "stream_output": False},
            entrypoint_type=EntrypointType.MODULE_PATH,
            _sync=True,
        )
        deployment_id: UUID = deployment.apply(_sync=True)
        next_at = _next_at(deployment_id) if schedule is not None else None
    except (httpx.HTTPError, PrefectException) as error:
        raise LabUnavailable(
            f"Prefect's server did not take the deployment {name!r}: {error}. Its log is "
            f"server.log in {home}."
        ) from error
    return Deployed(name=f"{what.name}/{name}", deployment_id=deployment_id, next_at=next_at)


def deploy_there(
    file: Path,
    *,
    campaign: str,
    name: str,
    home: Path,
    schedule: Schedule,
    only_look: bool = False,
) -> Deployed:
    """Register a campaign on the server that is there already: the home's, or PREFECT_API_URL's.

    Raises:
        InputError: the schedule cannot be read.
        LabUnavailable: no server is there.
    """
    from flows import quiet
    from flows.home import read_address

    url = os.environ.get("PREFECT_API_URL")
    if not url:
        address = read_address(home)
        if address is None:
            raise LabUnavailable(
                f"No server of Prefect's runs for {home}, so nothing would start the schedule. "
                f"Start 'planner up' in another terminal (or as a service), or name a server by "
                f"PREFECT_API_URL; then deploy again."
            )
        url = address.api_url
    home.mkdir(parents=True, exist_ok=True)
    with quiet.in_force(quiet.settings(home=home, api_url=url)):
        return deploy(
            file,
            campaign=campaign,
            name=name,
            home=home,
            schedule=schedule,
            tags=(campaign,),
            only_look=only_look,
        )


def _schedules(schedule: Schedule | None) -> list[Any]:
    from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
    from pydantic import ValidationError

    if schedule is None:
        return []
    try:
        if schedule.cron is not None:
            return [CronSchedule(cron=schedule.cron, timezone=schedule.timezone)]
        assert schedule.interval_s is not None
        return [IntervalSchedule(interval=timedelta(seconds=schedule.interval_s))]
    except (ValidationError, ValueError) as error:
        raise InputError(
            f"The schedule {schedule.cron or schedule.interval_s!r} cannot be read. A cron "
            f"expression has five parts: minute, hour, day, month, weekday, such as '0 18 * * *' "
            f"for each day at six in the evening. An interval is a number of seconds above 0."
        ) from error


def _ensure_pool() -> None:
    """Make the work pool that serving processes of ours poll, where it is not there yet."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    pool = WorkPoolCreate(
        name=POOL,
        type=ProcessWorker.type,
        description="Stretches of campaigns, each a process on the machine of its worker.",
        base_job_template=ProcessWorker.get_default_base_job_template(),
    )
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(pool)
        except ObjectAlreadyExists:
            return


def _next_at(deployment_id: UUID) -> datetime | None:
    """Return when the schedule first fires; the server's scheduler may need a moment for it."""
    import time

    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        with get_client(sync_client=True) as client:
            runs = client.read_flow_runs(
                deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id])),
                flow_run_filter=FlowRunFilter.model_validate(
                    {"state": {"type": {"any_": ["SCHEDULED"]}}}
                ),
                sort=FlowRunSort.EXPECTED_START_TIME_ASC,
                limit=1,
            )
        if runs:
            return runs[0].expected_start_time
        time.sleep(0.5)
    return None
