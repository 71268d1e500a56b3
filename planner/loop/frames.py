"""Data frames where chemists have them: trials out, measurements in."""

from __future__ import annotations

import math
import re
from datetime import datetime

import pandas as pd

from planner import units
from planner.campaign import CampaignSpec
from planner.errors import InputError
from planner.labs import Reported
from planner.ledger.entries import ObservationImported
from planner.ledger.replay import CampaignState
from planner.loop.check import measure
from planner.space import SearchSpace, Value
from planner.trials import Measured, Trial

_HEADER = re.compile(r"^\s*(?P<name>.+?)(?:\s*[\[(](?P<unit>[^\])]+)[\])])?\s*$")
_SD = " sd"


def make_frame(state: CampaignState) -> pd.DataFrame:
    """Returns one row a trial or imported measurement.

    Columns: trial, state, source, origin, each parameter as asked and, where the source reported
    it, as achieved; each outcome with its deviation; what was predicted of the objective's
    outcome; probability, reason, time.
    """
    rows = [_imported_row(state, index) for index in range(len(state.imported))]
    rows += [_trial_row(state, trial) for trial in state.trials.values()]
    return pd.DataFrame(rows)


def read_frame(
    frame: pd.DataFrame, spec: CampaignSpec, space: SearchSpace, *, source: str, origin: str
) -> list[ObservationImported]:
    """Turns rows of measurements into entries; each row is checked, all problems at once.

    Columns are named like parameters and outcomes, with the unit in brackets where it is another
    (``temperature (K)``); ``NAME sd`` holds a known deviation. Repeats are rows with the same
    configuration. Other columns are left out.

    Raises:
        InputError: a parameter has no column, or a value cannot be used; nothing is imported.
    """
    columns = _find_columns(frame, spec)
    records, problems = [], []
    for number, (_, row) in enumerate(frame.iterrows(), start=1):
        try:
            records.append(_read_row(row, columns, spec, space, source=source, origin=origin))
        except InputError as error:
            problems.append(f"row {number}: {error}")
    if problems:
        shown = "\n".join(problems[:20])
        more = f"\nand {len(problems) - 20} more" if len(problems) > 20 else ""
        raise InputError(f"Nothing was imported; {len(problems)} rows:\n{shown}{more}")
    return records


def _find_columns(frame: pd.DataFrame, spec: CampaignSpec) -> dict[str, tuple[str, str | None]]:
    """Returns for each known name its column and the unit in the header."""
    known = [*spec.scalars, *spec.outcomes]
    known += [name + _SD for name in spec.outcomes]
    found: dict[str, tuple[str, str | None]] = {}
    for column in frame.columns:
        match = _HEADER.match(str(column))
        if match and match["name"] in known:
            found[match["name"]] = (str(column), match["unit"])
    missing = [name for name in spec.scalars if name not in found]
    missing += [] if any(name in found for name in spec.outcomes) else [" or ".join(spec.outcomes)]
    if missing:
        raise InputError(
            f"The table has no column for {', '.join(missing)}. "
            f"Its columns are {', '.join(map(str, frame.columns))}."
        )
    return found


def _read_row(
    row: pd.Series[str],
    columns: dict[str, tuple[str, str | None]],
    spec: CampaignSpec,
    space: SearchSpace,
    *,
    source: str,
    origin: str,
) -> ObservationImported:
    configuration: dict[str, Value] = {}
    for name, parameter in spec.scalars.items():
        column, unit = columns[name]
        value = row[column]
        if not isinstance(value, str):
            value = units.convert(float(value), given=unit or parameter.unit, wanted=parameter.unit)
        configuration[name] = value
    outcomes: dict[str, Measured] = {}
    for name, outcome in spec.outcomes.items():
        if name not in columns or pd.isna(row[columns[name][0]]):
            continue
        column, unit = columns[name]
        sd = row[columns[name + _SD][0]] if name + _SD in columns else math.nan
        value = row[column]
        reported = Reported(
            value=value if isinstance(value, str) else float(value),  # numpy's integers are no int
            unit=unit,
            sd=None if pd.isna(sd) else float(sd),
        )
        outcomes[name] = measure(reported, outcome)
    if not outcomes:
        raise InputError("it has no outcome")
    return ObservationImported(
        configuration=space.check(configuration), outcomes=outcomes, source=source, origin=origin
    )


def _trial_row(state: CampaignState, trial: Trial) -> dict[str, object]:
    row: dict[str, object] = {
        "trial": trial.number,
        "state": str(trial.state),
        "source": trial.source,
        "origin": trial.proposal.origin,
        **trial.configuration,
    }
    seen = trial.observation
    for name in state.spec.scalars:
        differs = seen is not None and seen.configuration[name] != trial.configuration[name]
        row[f"{name} achieved"] = seen.configuration[name] if seen and differs else None
    for name in state.spec.outcomes:
        measured = seen.outcomes.get(name) if seen is not None else None
        row[name] = measured.value if measured else None
        row[name + _SD] = measured.sd if measured else None
    predicted = trial.proposal.predictions.get(state.spec.objective.outcome)
    for key in ("mean", "sd", "sd_run", "low", "high"):
        row[f"predicted {key}"] = getattr(predicted, key) if predicted else None
    row["probability"] = trial.proposal.probability
    row["why"] = trial.proposal.reason
    row["remark"] = trial.reason
    row["time"] = _when(trial.ended_at or trial.proposed_at)
    return row


def _imported_row(state: CampaignState, index: int) -> dict[str, object]:
    observation = state.imported[index]
    row: dict[str, object] = {
        "trial": None,
        "state": "imported",
        "source": observation.source,
        "origin": "imported",
        **observation.configuration,
    }
    for name in state.spec.outcomes:
        measured = observation.outcomes.get(name)
        row[name] = measured.value if measured else None
        row[name + _SD] = measured.sd if measured else None
    row["time"] = _when(observation.at)
    return row


def _when(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
