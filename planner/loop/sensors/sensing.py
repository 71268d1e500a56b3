"""Readings of a campaign: its archive, the windows of its trials, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from planner.campaign import CampaignSpec
from planner.errors import InputError, UnknownName
from planner.loop.sessions.session import Session
from planner.readings import Archive, Series, Standing, Window, summarise
from planner.trials import Trial

_SHOWN_S = timedelta(seconds=1)


def archive_of(session: Session) -> Archive:
    """Returns what is kept of the campaign's sensors."""
    return Archive(session.ledger.engine, session.state.spec.sensors)


def senders(spec: CampaignSpec) -> tuple[str, ...]:
    """Returns who may send readings: the campaign's sources and their devices."""
    names: list[str] = []
    for name, source in spec.sources.items():
        names += [name, *getattr(source, "devices", ())]
    return tuple(dict.fromkeys(names))


def trial_span(trial: Trial, now: datetime) -> tuple[datetime, datetime]:
    """Returns from when to when a trial ran: its last run, until it ended or until now.

    As the device says it, whose clock its readings have too; otherwise as it was seen here.

    Raises:
        InputError: it has not been run.
    """
    if trial.run is None:
        raise InputError(
            f"Trial {trial.number} has not been run, so no readings belong to it "
            f"(it is {trial.state.value})."
        )
    return trial.run.began or trial.run.opened_at, trial.run.ended or trial.ended_at or now


def trial_windows(session: Session, trial: Trial) -> dict[str, Window]:
    """Returns the readings of a trial's time by sensor, those of its own device where it has some.

    Raises:
        InputError: it has not been run.
    """
    start, end = trial_span(trial, session.clock.now())
    archive = archive_of(session)
    windows: dict[str, Window] = {}
    series = archive.series()
    for name in session.state.spec.sensors:
        found = series_for(name, series, near=_place_of(trial))
        if found is not None:
            windows[name] = archive.window(found.source, name, start, end)
    return windows


def series_for(name: str, series: Iterable[Series], *, near: Iterable[str]) -> Series | None:
    """Returns the series of a sensor: that of a named place, or the only one there is."""
    found = [each for each in series if each.name == name]
    for place in near:
        for each in found:
            if each.source == place:
                return each
    return found[0] if len(found) == 1 else None


def _place_of(trial: Trial) -> list[str]:
    run = trial.run
    return [] if run is None else [each for each in (run.device, run.source) if each]


def read_since(text: str, now: datetime) -> datetime:
    """Returns the time that was meant: so long ago, or a date and time.

    Raises:
        InputError: it is neither.
    """
    from planner.units import parse_quantity

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            seconds = parse_quantity(text, wanted="s")
            return now - timedelta(seconds=seconds)
        except (InputError, OverflowError) as error:
            raise InputError(
                f"--since {text!r} is no time. Write how long ago, such as '2 h', or a date and "
                "time, such as 2026-11-22T08:00."
            ) from error
    return at.astimezone(now.tzinfo)  # without a zone it is that of this machine


def describe_standings(session: Session, since: datetime) -> list[str]:
    """Says of each sensor what came last, how much came, and how good it was."""
    spec, now = session.state.spec, session.clock.now()
    if not spec.sensors:
        return [
            "The campaign file names no sensors. Add a section such as "
            "sensors: {humidity: {unit: rh_percent}}."
        ]
    archive = archive_of(session)
    standings = archive.standings(since)
    lines = [_say_standing(each, since, now) for each in standings]
    heard = {each.series.name for each in standings}
    lines += [f"{name}: nothing has come yet." for name in spec.sensors if name not in heard]
    for source in archive.sources():
        if source.n_refused:
            lines.append(
                f"Refused {source.n_refused:,} from {source.source!r}: {source.refused_why}."
            )
        if source.n_missing:
            lines.append(
                f"Missing {source.n_missing:,} from {source.source!r}: it numbered them, and they "
                f"never came; a device that is cut off for longer than it keeps readings drops the "
                f"oldest."
            )
    return lines


def _say_standing(standing: Standing, since: datetime, now: datetime) -> str:
    series, last = standing.series, standing.last
    unit = "" if series.unit in ("", "1") else f" {series.unit}"
    said = f"{series.name} ({series.source}): "
    if last is None:
        return f"{said}only means of older readings are kept."
    if last.value is None:
        said += f"nothing to count {_ago(last.at, now)}, {last.reason}"
    else:
        doubt = "" if last.quality == "good" else f" ({last.reason})"
        said += f"{last.value:.6g}{unit}{doubt} {_ago(last.at, now)}"
    seconds = max((now - since).total_seconds(), 1e-6)
    if not standing.n:
        return f"{said}; none since {_clock(since)}."
    return (
        f"{said}; {standing.n:,} since {_clock(since)}, {standing.n / seconds:.3g} a second, "
        f"{100 * standing.n_good / standing.n:.4g} % of them count."
    )


def _ago(at: datetime, now: datetime) -> str:
    seconds = (now - at).total_seconds()
    if seconds < 0:
        return f"at {_clock(at)}"
    for size, word in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word} ago"
    return f"{seconds:.0f} s ago"


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def standing_facts(session: Session, since: datetime) -> dict[str, Any]:
    """Returns the same as plain facts."""
    archive = archive_of(session)
    return {
        "since": since.isoformat(),
        "sensors": [
            {
                "sensor": each.series.name,
                "source": each.series.source,
                "unit": each.series.unit,
                "n": each.n,
                "n_good": each.n_good,
                "last": None
                if each.last is None
                else {
                    "at": each.last.at.isoformat(),
                    "arrived": each.last.arrived.isoformat(),
                    "value": each.last.value,
                    "raw": each.last.raw,
                    "quality": each.last.quality,
                    "reason": each.last.reason,
                },
            }
            for each in archive.standings(since)
        ],
        "sources": [
            {
                "source": each.source,
                "kept": each.n_kept,
                "repeated": each.n_repeated,
                "refused": each.n_refused,
                "missing": each.n_missing,
                "refused_why": each.refused_why,
                "heard_at": each.heard_at.isoformat(),
            }
            for each in archive.sources()
        ],
    }


def windows_of(
    session: Session, name: str, *, since: datetime | None, trial: int | None
) -> list[Window]:
    """Returns a sensor's window from each source, since a time or of a trial.

    Raises:
        UnknownName: there is no such sensor or trial, or nothing came of it.
        InputError: the trial has not been run.
    """
    sensors = session.state.spec.sensors
    if name not in sensors:
        known = ", ".join(sensors) or "none"
        raise UnknownName(f"The campaign file has no sensor {name!r} (it has: {known}).")
    if trial is not None:
        found = trial_windows(session, session.state.trial(trial)).get(name)
        if found is None:
            raise UnknownName(f"Nothing came of {name!r} from the device of trial {trial}.")
        return [found]
    archive = archive_of(session)
    now = session.clock.now() + _SHOWN_S
    series = [each for each in archive.series() if each.name == name]
    if not series:
        raise UnknownName(f"Nothing has come of sensor {name!r} yet.")
    start = since if since is not None else now - timedelta(hours=1)
    return [archive.window(each.source, name, start, now) for each in series]


def describe_window(window: Window) -> list[str]:
    """Says what the readings of a window amount to, and where something is missing."""
    found = summarise(window)
    unit = "" if window.unit in ("", "1") else f" {window.unit}"
    span = f"{_clock(window.start)} to {_clock(window.end)}"
    lines = [f"{window.name} from {window.source}, {span}:"]
    if found.n == 0:
        return [f"{lines[0]} nothing came."]
    lines.append(f"  {found.n:,} readings came, {found.n_good:,} of them count.")
    if found.mean is not None:
        sd = "" if found.sd is None else f" (sd {found.sd:.4g})"
        slope = "" if found.slope is None else f", slope {60 * found.slope:.4g}{unit} a minute"
        lines.append(
            f"  Mean {found.mean:.6g}{sd}, from {found.lowest:.6g} to {found.highest:.6g}, "
            f"last {found.last:.6g}{unit}{slope}."
        )
    if len(window.means.n):
        lines.append(f"  Of {int(window.means.n.sum()):,} of them only means are kept.")
    reasons: dict[str, int] = {}
    for reason in window.reason:
        if reason is not None:
            reasons[reason] = reasons.get(reason, 0) + 1
    lines += [f"  {n:,} x {reason}." for reason, n in sorted(reasons.items())]
    lines += [f"  Gap: {_clock(start)} to {_clock(end)}." for start, end in window.gaps]
    return lines
