"""A process at work on bench.yaml: a scripted robot that takes a while, and a thousand trials.

It goes on until its standard input is closed.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from planner.errors import StaleWrite
from planner.labs import Answer, Order
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.desk import Place, at_work
from planner.loop.steps.advance import advance
from tests.loop.scripted_lab import ScriptedLab, done


def answer(order: Order, _: int) -> Answer:
    return done(order, **{"yield": 50.0})


def main() -> None:
    left = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        left.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    with at_work(Place(file=Path("bench.yaml")), with_lab=False) as session:
        session.lab = ScriptedLab(answer, latency=2)
        with holding(session):
            while not left.is_set():
                try:
                    advance(session)
                except StaleWrite:  # somebody wanted something else meanwhile
                    session.refresh()
                time.sleep(0.02)  # as a robot takes its time


if __name__ == "__main__":
    main()
