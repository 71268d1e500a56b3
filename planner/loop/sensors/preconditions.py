"""Preconditions: what sensors must say before anything begins at a device, read live.

What is not as it must be, and what nobody knows, keeps everything from beginning there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from planner.campaign import CampaignSpec, Precondition
from planner.loop.sensors.sensing import archive_of, series_for
from planner.loop.sessions.session import Session
from planner.readings import Archive, LastReading, Series


def unmet_at(session: Session, device: str | None) -> str:
    """Returns why nothing may begin at a device now; empty where all is as it must be."""
    if not session.state.spec.preconditions:
        return ""
    return unmet_by_device(session, (device,))[device]


def unmet_by_device(session: Session, devices: tuple[str | None, ...]) -> Mapping[str | None, str]:
    """Returns for each device why nothing may begin there; empty where it may.

    A sensor that each device sends is read at the device itself, any other is the same for all.
    """
    spec = session.state.spec
    if not spec.preconditions:
        return dict.fromkeys(devices, "")
    archive, now = archive_of(session), session.clock.now()
    series = archive.series()
    found = {}
    for device in devices:
        near = [each for each in (device, spec.source.name) if each]
        said = []
        for required in spec.required:
            its = series_for(required.sensor, series, near=near)
            said.append(_why_not(required, spec, archive, its, now=now))
        found[device] = "; ".join(filter(None, said))
    return found


def _why_not(
    required: Precondition,
    spec: CampaignSpec,
    archive: Archive,
    series: Series | None,
    *,
    now: datetime,
) -> str:
    """Returns why a precondition is not met, in words that stay the same while it is not."""
    last = archive.last(series) if series is not None else None
    must = f"must be {required.sign} {required.limit}"
    if last is None:
        return f"{required.sensor} {must}, and nobody knows it: nothing has come"
    if abs((now - last.at).total_seconds()) > required.fresh_s:
        return (
            f"{required.sensor} {must}, and nobody knows it: its last reading is of "
            f"{last.at:%Y-%m-%d %H:%M:%S} UTC and may be {required.fresh_s:g} s old"
        )
    if last.value is None or last.quality != "good":
        return f"{required.sensor} {must}, and nobody knows it: {last.reason or last.quality}"
    sensor = spec.sensors[required.sensor]
    if required.is_met(last.value, unit=sensor.unit):
        return ""
    return f"{required.sensor} {must}, and is {_shown(last)}{sensor.unit_words}"


def _shown(last: LastReading) -> str:
    return f"{last.value:.4g}"
