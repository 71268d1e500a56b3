"""Sessions of campaigns that have no file: described in Python, or known to a ledger alone."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from planner.campaign import CampaignSpec, read_space
from planner.campaign.reductions import Own
from planner.campaign.tables_used import hash_tables
from planner.clock import SystemClock
from planner.errors import InputError
from planner.labs import PersonLab
from planner.ledger import Ledger, locate, open_ledger
from planner.ledger.replay import CampaignState
from planner.loop.results.intake import check_own, make_intake
from planner.loop.sessions.desk import locate_artifacts
from planner.loop.sessions.opening import open_campaign, resume_campaign
from planner.loop.sessions.permission import identify
from planner.loop.sessions.session import Session
from planner.loop.sessions.sharing import shared_ledger
from planner.space import Configuration, SearchSpace


def session_of_record(
    url: str, *, name: str, held: ExitStack, reductions: Own | None = None
) -> Session:
    """Opens a campaign that a ledger holds; tables of its file start at the working directory.

    Args:
        url: of the ledger.
        name: of the campaign.
        held: closes the ledger when it is closed itself.
        reductions: the user's own, by name.

    Raises:
        UnknownName: the ledger does not hold it.
    """
    ledger = open_ledger(url, clock=SystemClock(), create=False)
    held.callback(ledger.close)
    state = resume_campaign(ledger, name)
    space = read_space(state.spec, folder=Path.cwd())
    return _session(ledger, state, space, folder=Path.cwd(), own=reductions)


def session_of_spec(
    spec: CampaignSpec,
    *,
    candidates: pd.DataFrame | None,
    folder: Path,
    held: ExitStack,
    reductions: Own | None = None,
) -> Session:
    """Opens a campaign that is described in Python, with its candidates as a data frame.

    Args:
        spec: the campaign; its parameters name columns of the frame.
        candidates: the configurations that may be tried; None for those that the spec admits.
        folder: where its ledger lies, in ``NAME.planner``, unless campaigns share one.
        held: closes the ledger when it is closed itself.
        reductions: the user's own, by name.

    Raises:
        InputError: the frame lacks a parameter, or a row is no admissible configuration.
    """
    space = read_space(spec, folder=folder)
    if candidates is not None:
        space = _space_of(candidates, spec)
    shared = shared_ledger(spec.lab, folder=folder)
    place = locate(folder / f"{spec.campaign}.yaml", name=spec.campaign, shared=shared)
    ledger = open_ledger(place, clock=SystemClock())
    held.callback(ledger.close)
    tables = hash_tables(spec, folder=folder)
    author = identify(ledger).name
    state = open_campaign(ledger, spec, author=author, tables=tables)
    return _session(ledger, state, space, folder=folder, own=reductions)


def rows_of_frame(frame: pd.DataFrame) -> list[Configuration]:
    """Returns the rows of a data frame as configurations."""
    records = frame.to_dict(orient="records")
    return [{str(name): value for name, value in record.items()} for record in records]


def _session(
    ledger: Ledger, state: CampaignState, space: SearchSpace, *, folder: Path, own: Own | None
) -> Session:
    artifacts = locate_artifacts(folder, state.campaign)
    intake = make_intake(state.spec, folder=folder, artifacts=artifacts, own=own)
    check_own(state.spec, intake)
    return Session(
        ledger=ledger,
        state=state,
        space=space,
        lab=PersonLab(),
        intake=intake,
        clock=SystemClock(),
        author=identify(ledger).name,
    )


def _space_of(candidates: pd.DataFrame, spec: CampaignSpec) -> SearchSpace:
    missing = [name for name in spec.scalars if name not in candidates.columns]
    if missing:
        raise InputError(f"The candidates have no column for {', '.join(missing)}.")
    free = SearchSpace(tuple(spec.scalars.values()), spec.all_constraints)
    checked = [free.check(row) for row in rows_of_frame(candidates[list(spec.scalars)])]
    distinct = {tuple(row.values()): row for row in checked}
    return SearchSpace(free.parameters, free.constraints, tuple(distinct.values()))
