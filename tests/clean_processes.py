"""Processes that are forked, so that a test can start and kill many in a second.

Not from the process of the tests, where threads of other tests may hold a lock that no child could
ever get, but from a clean one that has imported what all of them need. There is one such process,
whoever starts it first.
"""

from __future__ import annotations

import multiprocessing

CLEAN = multiprocessing.get_context("forkserver")
CLEAN.set_forkserver_preload(
    [
        "planner.ledger",
        "ledger_records",
        "sqlalchemy.dialects.sqlite",
        "tests.labs.broken_devices",
        "planner.device.http_server",
    ]
)
