"""Readings as they come while a campaign is at work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from planner.loop.sessions.session import Session
from planner.readings import Reading
from planner.readings.wire import microseconds
from planner.readings.writing import Parcel, write_parcels


def send(
    session: Session,
    name: str,
    *values: float | None,
    source: str = "robot",
    at: datetime | None = None,
    every_s: float = 1.0,
    quality: Literal["good", "uncertain", "bad"] = "good",
) -> None:
    """Writes readings of a sensor, the last one of now."""
    end = session.clock.now() if at is None else at
    n = len(values)
    sent = [
        Reading(
            name=name,
            at=end - timedelta(seconds=every_s * (n - 1 - place)),
            value=value,
            quality=quality,
        )
        for place, value in enumerate(values)
    ]
    parcel = Parcel(source, sent, microseconds(session.clock.now()))
    write_parcels(session.ledger.engine, [parcel], session.state.spec.sensors)
