"""Runs a campaign through Prefect on a clock of its own, at a source that is open at night.

``python nights_program.py FILE``: each trial moves the clock by the four minutes that it takes.
"""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from flows.running import run_campaign
from planner.clock import ManualClock
from planner.labs import Answer, DeliveryClass, Order, Reported, Result
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.desk import Place, at_work
from planner.trials import DeviceState


class Oven:
    """Is done with a trial when it has been told to begin, and the clock is minutes later."""

    delivery = DeliveryClass.KEYED
    is_repeatable = False
    is_person = False

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.known = clock, dict[str, Answer]()

    def submit(self, order: Order) -> Answer:
        if order.key not in self.known:
            print(f"{order.key} begins {self.clock.now():%a %H:%M}", flush=True)
            self.clock.wait_s(240.0)
            result = Result(outcomes={"yield": Reported(value=50.0)})
            self.known[order.key] = Answer(key=order.key, state=DeviceState.DONE, result=result)
        return self.known[order.key]

    def poll(self, keys: list[str]) -> dict[str, Answer]:
        return {key: self.known[key] for key in keys if key in self.known}

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        return Answer(key=key, state=DeviceState.ABORTED)

    def close(self) -> None:
        pass


def main() -> None:
    clock = ManualClock(datetime(2026, 1, 5, 8, tzinfo=UTC))
    place = Place(file=Path(sys.argv[1]))
    with at_work(place, clock=clock, with_lab=False) as session, holding(session):
        session.lab = Oven(clock)
        step = run_campaign(
            session,
            file=place.file,
            leave=threading.Event(),
            on_message=lambda text: print(text, flush=True),
        )
        print(step.why, flush=True)


if __name__ == "__main__":
    main()
