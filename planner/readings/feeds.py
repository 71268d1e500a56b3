"""What feeds have in common: whom they may speak to, and how fast readings may come."""

from __future__ import annotations

import ipaddress
import ssl
import threading

from planner.clock import Clock
from planner.errors import InputError

MOST_A_SECOND = 20_000.0  # readings; four times what the recorder promises


def refuse_plain(host: str, tls: ssl.SSLContext | None, *, insecure: bool, what: str) -> None:
    """Accepts an encrypted connection, one to this machine, or one that is plain on purpose.

    Raises:
        InputError: it would be plain.
    """
    if tls is None and not insecure and not _is_here(host):
        raise InputError(
            f"{what} at {host} would be read without encryption. Use TLS, or write insecure: true "
            f"in the campaign file if nobody else can reach that network."
        )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Pace:
    """Slows a feed down that brings more than a number of readings a second.

    What comes faster waits at the source and is not lost.

    Args:
        a_second: readings.
        clock: counts the seconds, whatever it is set to; it waits by it.
    """

    def __init__(self, clock: Clock, *, a_second: float = MOST_A_SECOND) -> None:
        self._clock = clock
        self._a_second = a_second
        self._free_at = clock.elapsed_s()
        self._lock = threading.Lock()

    def wait_for(self, n: int) -> None:
        """Waits until ``n`` more readings are within the pace; a second's worth comes at once."""
        with self._lock:
            now = self._clock.elapsed_s()
            self._free_at = max(self._free_at, now - 1.0) + n / self._a_second
            wait_s = self._free_at - now
        if wait_s > 0:
            self._clock.wait_s(min(wait_s, 1.0))
