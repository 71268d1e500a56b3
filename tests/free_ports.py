"""Ports that stay free until who asked for one listens on it, and while it restarts."""

from __future__ import annotations

import os
import random
import socket
from itertools import count
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST = 10_000
_SHARES = 16  # of the processes of one run of the tests, each counting on in its own

_numbers = count(random.SystemRandom().randrange(_FIRST))


def free_port() -> int:
    """Return a port that nothing listens on and that this process has not named before.

    The system gives each outgoing connection a port of its own range, also one that was free a
    moment ago; what is named here lies below that range, and in another share of it than what
    the tests beside name.
    """
    size = (int(_RANGE.read_text().split()[0]) - _FIRST) // _SHARES
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first = _FIRST + int(worker) % _SHARES * size
    for _ in range(size):
        port = first + next(_numbers) % size
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port from {first} to {first + size - 1} is free")
