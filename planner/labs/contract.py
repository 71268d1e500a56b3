"""The contract with a source: what is sent, what may be answered, what may be sent again.

An order carries the key of its run. A source of class *keyed* answers a key that it knows with
its state and acts once; the classes say what may be repeated after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from planner.trials import Answer, Order


class DeliveryClass(StrEnum):
    """What may be sent again when the answer is not known."""

    KEYED = "keyed"  # send again freely until answered
    TWO_PHASE = "two-phase"  # the first phase again freely, the second only after asking
    FIRE_AND_OBSERVE = "fire and observe"  # once; no answer means in doubt


class Lab(Protocol):
    """A source of trials, as the planner sees it.

    ``delivery`` is its class. ``is_repeatable`` says that repeating a run costs nothing and gives
    the same draw. ``is_person`` says that only a person can bring its results.
    """

    delivery: DeliveryClass
    is_repeatable: bool
    is_person: bool

    def submit(self, order: Order) -> Answer:
        """Hands an order over and returns the source's acknowledgement.

        Raises:
            LabUnavailable: the order provably did not leave.
            Unanswered: it may have arrived; nothing is known.
        """
        ...

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Asks for the state of runs; a key that the source does not know is left out.

        Raises:
            LabUnavailable: the source cannot be reached.
        """
        ...

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        """Asks to end a run; the answer says what became of it."""
        ...

    def close(self) -> None:
        """Ends what the adapter holds open; what runs at the device runs on."""
        ...
