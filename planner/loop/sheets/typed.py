"""What is typed of one trial: files by their names, outcomes that are given up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from planner.campaign import CampaignSpec, ClassOutcome, NumberOutcome
from planner.loop.exchange.files import read_reference
from planner.loop.people.told import Told
from planner.loop.sheets.cells import is_lost
from planner.tables import Text


def read_typed(told: Told, spec: CampaignSpec, *, folder: Path) -> Told:
    """Returns what was typed of one trial with the files that it names, and what is given up.

    Args:
        told: its outcomes as typed: a curve or file by the name of a file, ``lost`` for one that
            nobody will measure.
        spec: which outcomes are what.
        folder: where the files are.

    Raises:
        InputError: there is no such file, or it holds no curve.
    """
    outcomes, lost = dict(told.outcomes), []
    for name, reported in told.outcomes.items():
        outcome, text = spec.outcomes.get(name), reported.value
        if not isinstance(text, str) or outcome is None:
            continue
        if is_lost(Text(text), outcome):
            lost.append(name)
            del outcomes[name]
        elif not isinstance(outcome, ClassOutcome | NumberOutcome):
            outcomes[name] = read_reference(text, outcome, folder=folder)
    return replace(told, outcomes=outcomes, lost=tuple(lost))
