"""Campaign files of the project, run in a folder of their own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from planner.ledger.replay import CampaignState
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.desk import Place, at_work
from planner.loop.steps.inline import run_inline
from planner.trials import Trial, TrialState


def copy_shipped(
    project: Path, folder: Path, name: str, *, trials: int | None = None, family: str | None = None
) -> Path:
    """The campaign's file with the tables beside it; with another budget or model if one is given.

    The plain process chooses a batch sooner than a comparison of families does.
    """
    for table in (project / "campaigns").glob("*.csv"):
        shutil.copy(table, folder)
    text = (project / "campaigns" / f"{name}.yaml").read_text(encoding="utf-8")
    if trials is not None:
        text, n_changed = re.subn(r"trials: \d+", f"trials: {trials}", text)
        assert n_changed == 1
    if family is not None:
        assert "\nmodel:" not in text
        text += f"\nmodel: {{family: {family}}}\n"
    file = folder / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def run_shipped(file: Path) -> CampaignState:
    """Runs a campaign to its end, in this process and its workers."""
    with at_work(Place(file=file)) as session, holding(session):
        run_inline(session)
        return session.refresh()


def completed(state: CampaignState) -> list[Trial]:
    return state.in_state(TrialState.COMPLETED)
