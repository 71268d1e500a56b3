"""The line between a device and those who ask it, and what may happen to words on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How an answer leaves.

    Args:
        copies: how often; none where it is lost.
        delay_s: how late.
    """

    copies: int = 1
    delay_s: float = 0.0


class Line(Protocol):
    """Decides how each answer and heartbeat leaves; the virtual lab has a bad one."""

    def delivery(self) -> Delivery:
        """Returns how the next answer leaves."""
        ...

    def has_beat(self) -> bool:
        """Tells whether the next heartbeat leaves."""
        ...


class GoodLine:
    """Once, at once."""

    def delivery(self) -> Delivery:
        """Returns how the next answer leaves."""
        return Delivery()

    def has_beat(self) -> bool:
        """Tells whether the next heartbeat leaves."""
        return True
