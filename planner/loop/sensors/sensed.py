"""What sensors say of the conditions around a trial, so that a model can know them.

Known where at least half of the readings of its window count and the sensor has no gap in it;
nothing is put in its place where it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from planner import units
from planner.campaign import SensedContext
from planner.loop.sensors.sensing import archive_of, series_for
from planner.loop.sessions.session import Session
from planner.readings import Archive, Window, summarise
from planner.space import SearchSpace, Value
from planner.trials import Trial, TrialState

SETTLED_S = 3.0  # readings of a device come a second or two after its word
PATIENCE_S = 60.0  # for readings that are still on their way
_LEAST_SHARE = 0.5  # of the readings of a window that must count


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """What sensors say of the conditions around a trial.

    Args:
        values: by parameter, in its unit.
        unknown: why a value is not known, by parameter.
        is_pending: whether readings may still be on their way.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    is_pending: bool = False


def sense_now(session: Session, space: SearchSpace) -> tuple[SearchSpace, str]:
    """Returns what may be tried in the conditions that sensors report now, and a sentence on them.

    Those that are held already, and those that only the time of a trial can tell, stay as they are.
    """
    context = session.state.spec.context
    asked = {
        name: each
        for name, each in context.items()
        if each.before_s is not None and name not in space.held
    }
    if not asked:
        return space, ""
    now = session.clock.now()
    found = _sense(session, asked, begin=now, end=now, near=[session.state.spec.source.name])
    said = [
        f"{name} {value:.4g}{space.parameter(name).unit_words} ({_over(context[name])})"
        for name, value in found.values.items()
    ]
    parts = [f"As sensors say: {', '.join(said)}."] if said else []
    parts += [f"Sensors do not tell {name} ({why})." for name, why in found.unknown.items()]
    return space.restricted(dict(found.values)), " ".join(parts)


def sense_trial(session: Session, trial: Trial, *, told: Mapping[str, object]) -> Sensed:
    """Returns the conditions around a trial that has ended, but for those that were told.

    Args:
        session: whose campaign.
        trial: with a run that has ended, or ends now.
        told: parameters whose value is known otherwise.
    """
    run = trial.run
    asked = {name: e for name, e in session.state.spec.context.items() if name not in told}
    if not asked or run is None:
        return Sensed()
    now = session.clock.now()
    begin, end = run.began or run.opened_at, run.ended or now
    near = [each for each in (run.device, run.source) if each]
    found = _sense(session, asked, begin=begin, end=end, near=near)
    if run.ended is None and trial.state is TrialState.IN_DOUBT:
        found = _without_its_time(found, asked)
    waited_s = (now - (run.heard_at or now)).total_seconds()
    patience_s = PATIENCE_S if found.unknown else SETTLED_S
    if waited_s < patience_s and found.is_pending:
        return found
    return Sensed(values=found.values, unknown=found.unknown)


def _without_its_time(found: Sensed, asked: Mapping[str, SensedContext]) -> Sensed:
    """Returns the same without what rests on when the trial ended, which nobody knows."""
    during = {name for name, each in asked.items() if each.before_s is None}
    values = {name: value for name, value in found.values.items() if name not in during}
    why = dict.fromkeys(during, "nobody knows when the trial ended")
    return Sensed(values=values, unknown={**found.unknown, **why}, is_pending=found.is_pending)


def _sense(
    session: Session,
    asked: Mapping[str, SensedContext],
    *,
    begin: datetime,
    end: datetime,
    near: list[str],
) -> Sensed:
    """Returns the summaries of windows before ``begin``, or from there to ``end``."""
    spec, archive = session.state.spec, archive_of(session)
    series = archive.series()
    values: dict[str, float] = {}
    unknown: dict[str, str] = {}
    is_pending = False
    for name, sensed in asked.items():
        its = series_for(sensed.sensor, series, near=near)
        if its is None:
            unknown[name], is_pending = _no_series(sensed, archive), True
            continue
        first, behind = begin, end
        if sensed.before_s is not None:
            first, behind = begin - timedelta(seconds=sensed.before_s), begin
        last = archive.last(its)
        is_pending |= last is None or last.at < behind
        window = archive.window(its.source, its.name, first, behind)
        read = summary_of(window, sensed)
        if isinstance(read, str):
            unknown[name] = read
        else:
            values[name] = _in_unit(read, sensed, window.unit, wanted=spec.scalars[name].unit)
    return Sensed(values=values, unknown=unknown, is_pending=is_pending)


def _no_series(sensed: SensedContext, archive: Archive) -> str:
    sources = [each.source for each in archive.series() if each.name == sensed.sensor]
    if not sources:
        return f"nothing has come of {sensed.sensor}"
    return f"{sensed.sensor} comes from {' and '.join(sources)}, each with values of its own"


def summary_of(window: Window, sensed: SensedContext) -> float | str:
    """Returns the summary in the sensor's unit, or why it is not known."""
    found = summarise(window)
    if not found.n:
        return f"nothing came of {sensed.sensor} {_when(window)}"
    if found.n_good < _LEAST_SHARE * found.n or not found.n_good:
        return f"only {found.n_good} of {found.n} readings of {sensed.sensor} count"
    if window.gaps:
        start, stop = window.gaps[0]
        return (
            f"{sensed.sensor} has a gap of {(stop - start).total_seconds():.3g} s from "
            f"{start:%H:%M:%S} UTC"
        )
    if sensed.summary == "time_above":
        return _time_above(window, float(sensed.above or 0.0))
    value: float | None = getattr(found, sensed.summary)
    if value is None:
        return f"{found.n_good} reading of {sensed.sensor} has no {sensed.summary}"
    return value


def _time_above(window: Window, above: float) -> float | str:
    """Returns for how many seconds a value was higher; each holds until the next reading."""
    if len(window.means.n):
        return f"of {window.name} only means are kept"
    is_good = np.isfinite(window.value)
    end_us = np.datetime64(window.end.replace(tzinfo=None), "us").astype(np.int64)
    lasted_s = np.diff([*window.at_us[is_good], end_us]) / 1e6
    return float(lasted_s[window.value[is_good] > above].sum())


def _in_unit(value: float, sensed: SensedContext, unit: str, *, wanted: str) -> float:
    given = sensed.unit_of(unit)
    if sensed.summary in ("sd", "slope"):
        return units.convert_difference(value, given=given, wanted=wanted)
    return units.convert(value, given=given, wanted=wanted)


def _over(sensed: SensedContext) -> str:
    return f"{sensed.summary.replace('_', ' ')} of the last {sensed.window.removeprefix('before ')}"


def _when(window: Window) -> str:
    return f"from {window.start:%H:%M:%S} to {window.end:%H:%M:%S} UTC"


def with_sensed(
    achieved: Mapping[str, Value] | None, trial: Trial, sensed: Sensed
) -> dict[str, Value] | None:
    """Returns what was achieved, with what sensors say; None where neither says anything."""
    if not sensed.values:
        return None if achieved is None else dict(achieved)
    known = trial.observation.configuration if trial.observation else trial.configuration
    return {**(known if achieved is None else achieved), **sensed.values}
