"""A lab where a person does the work and tells the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.labs.contract import DeliveryClass
from planner.trials import Answer, DeviceState, Order


class PersonLab:
    """Accepts every order into the person's work list; results come by ``planner tell``."""

    delivery = DeliveryClass.KEYED
    is_repeatable = False
    is_person = True

    def submit(self, order: Order) -> Answer:
        """Puts the order on the work list, which is the ledger itself."""
        return Answer(key=order.key, state=DeviceState.ACCEPTED, reason="on the work list")

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Brings no news: a person tells."""
        return {}

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        """Takes the order off the work list."""
        return Answer(key=key, state=DeviceState.ABORTED, reason="taken off the work list")

    def close(self) -> None:
        """Holds nothing open."""
