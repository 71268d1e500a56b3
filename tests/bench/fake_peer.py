"""A planner for tests: chooses the free row of lowest number, or misbehaves as it is told.

It speaks the real protocol through the real ``wire`` of the drivers, which is copied beside it.
The file ``mood.txt`` there says how it fails at its third ask; after ``says`` stands the very line
that it answers.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import wire

MOOD = Path(__file__).with_name("mood.txt")


class Fake:
    planner = "fake 1.0"
    kind = "model"

    def __init__(self, pool: wire.Pool) -> None:
        self._pool = pool
        self._n_asks = 0

    def tell(self, values: wire.Row, outcome: float) -> None:
        assert len(values) == len(self._pool.parameters)

    def ask(self) -> object:
        self._n_asks += 1
        print("thinking aloud")  # must not pass for an answer
        if self._n_asks == 3:
            fail(MOOD.read_text())
        pool = self._pool
        if pool.rows is None:
            return [each.low for each in pool.parameters]
        return min(place for place in range(len(pool.rows)) if place not in pool.taken)


def fail(mood: str) -> None:
    if mood == "raises":
        raise ArithmeticError("the matrix is singular")
    if mood == "dies":
        print("out of memory, says the fake", file=sys.stderr, flush=True)
        os._exit(3)
    if mood == "hangs":
        time.sleep(3600)


def answer_by_rote(answer: str) -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "pool" in message:
            print(json.dumps({"ready": {"planner": "rote", "cpu_s": 0}}), flush=True)
        elif "ask" in message:
            print(answer, flush=True)


if __name__ == "__main__":
    mood = MOOD.read_text()
    if mood.startswith("says "):
        answer_by_rote(mood.removeprefix("says "))
    else:
        wire.serve(Fake)
