"""A driver in a process of its own, beside the one in ``planner run``: a second copy on purpose."""

from __future__ import annotations

import threading
from pathlib import Path

from stepped_clock import obey_steps

from planner.errors import PlannerError
from planner.loop.dispatch.driver import driving
from planner.loop.sessions.desk import Place, at_work


def drive(file: Path) -> None:
    """Drive the source of a campaign until killed, or until the driver gives up."""
    obey_steps()
    place = Place(file=file)
    try:
        with at_work(place) as session, driving(session):
            while session.driver is not None and session.driver.error is None:
                threading.Event().wait(0.2)
            if session.driver is not None:
                raise session.driver.error or AssertionError
    except PlannerError as error:
        print(f"the second driver ended: {error}")
