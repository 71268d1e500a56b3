"""The command ``planner`` with a clock that others set, and, if so asked, an adapter that is blind.

With ``BLIND`` in the environment the adapter sends an unanswered order again under another key, as
one does whose device gives out the keys itself: what the judge of a chaos run must catch.
"""

from __future__ import annotations

import os
from dataclasses import replace

from stepped_clock import obey_steps

from planner.cli.app import main
from planner.errors import Unanswered
from planner.labs import Answer, KeyedLab, Order


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


def run() -> None:
    """Run the command in ``sys.argv``."""
    obey_steps()
    if os.environ.get("BLIND"):
        send_blindly()
    main()
