"""What is typed or given in Python of one trial: files, curves, outcomes that are given up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from planner import units
from planner.campaign import AnyOutcome, CampaignSpec, ClassOutcome, NumberOutcome
from planner.errors import InputError, UnitError
from planner.labs import Reported, Series
from planner.loop.exchange.files import read_reference
from planner.loop.people.told import Told
from planner.loop.sheets.cells import is_lost
from planner.tables import Text
from planner.trials import Curve

Given = float | str | Path | Curve


def report(value: Given, outcome: AnyOutcome | None, *, sd: float | None = None) -> Reported:
    """Returns a value that was given in Python: a number, a class, a curve, or a file's path.

    Args:
        value: as given, in the campaign file's units; a number with another as a text, ``"0.5 h"``.
        outcome: what it is a value of; None where there is no such outcome.
        sd: known standard deviation of its error.

    Raises:
        InputError: there is no such file, it holds no curve, or a text is no number with a unit.
    """
    if isinstance(value, Curve):
        return Reported(value=Series(x=value.x, y=value.y), sd=sd)
    if outcome is None or isinstance(outcome, ClassOutcome | NumberOutcome):
        if isinstance(value, Path):
            raise InputError(f"{value} is a file, and the outcome is none. Give its value.")
        if isinstance(value, str) and isinstance(outcome, NumberOutcome):
            return _number_with_unit(value, outcome, sd=sd)
    elif isinstance(value, str | Path):
        return read_reference(str(value), outcome, folder=Path())
    return Reported(value=value, sd=sd)


def _number_with_unit(text: str, outcome: NumberOutcome, *, sd: float | None) -> Reported:
    try:
        number, unit = units.split_quantity(text, wanted=outcome.unit)
    except UnitError as error:
        raise InputError(f"Outcome {outcome.name!r}: {error}") from error
    if sd is not None and unit:  # the deviation is in the campaign file's unit
        number, unit = units.convert(number, given=unit, wanted=outcome.unit), ""
    return Reported(value=number, unit=unit or None, sd=sd)


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
