"""The command ``planner``, with decisions drawn at random: what is tried is the dispatch.

``python tests/kills/drawn_at_random.py run FILE --engine inline``. With ``BLIND`` in the
environment the adapter sends an unanswered order again under another key, as one does whose device
gives out the keys itself: what the judge of a chaos run must catch.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "cost")]

from loop_cost import decide_at_once  # noqa: E402

from planner.cli.app import main  # noqa: E402
from planner.errors import Unanswered  # noqa: E402
from planner.labs import Answer, KeyedLab, Order  # noqa: E402


def send_blindly() -> None:
    """Let the adapter send again what was not answered, under a new key."""
    submit = KeyedLab.submit

    def submit_again(self: KeyedLab, order: Order) -> Answer:
        for attempt in range(5):
            key = f"{order.key}-{attempt}" if attempt else order.key
            try:
                return replace(submit(self, replace(order, key=key)), key=order.key)
            except Unanswered:
                continue
        return submit(self, order)

    KeyedLab.submit = submit_again  # type: ignore[method-assign]


if __name__ == "__main__":
    decide_at_once()
    if os.environ.get("BLIND"):
        send_blindly()
    main()
