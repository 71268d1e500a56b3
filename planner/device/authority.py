"""Whom a device obeys: one ledger, and of its drivers the one with the highest token."""

from __future__ import annotations

from typing import NoReturn

from planner.device.contract import Rejected
from planner.device.journal import Journal
from planner.trials import Rejection
from planner.trials.messages import RejectionKind


class Authority:
    """Knows the ledger that was heard first and the highest token of its drivers.

    Args:
        journal: keeps both.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @property
    def ledger(self) -> str:
        """Id of the ledger that is obeyed; empty before the first."""
        return self._journal.fact("ledger")

    @property
    def token(self) -> int:
        """The highest that was heard."""
        return int(self._journal.fact("token") or 0)

    def check(self, key: str, token: int, ledger: str) -> None:
        """Accepts a sender who may command.

        Raises:
            Rejected: another ledger is obeyed, or a driver with a higher token was heard.
        """
        bound, highest = self.ledger, self.token
        if bound and ledger != bound:
            text = f"This device obeys ledger {bound}, not {ledger or 'an unnamed one'}. "
            reject(key, "other ledger", f"{text}A person must release it first.")
        if token < highest:
            text = f"Token {token} is older than {highest}: another driver has taken over. Stop."
            reject(key, "stale token", text, token=highest)

    def obey(self, token: int, ledger: str) -> None:
        """Keeps who is obeyed from now on, where that is new."""
        with self._journal.transaction():
            if ledger != self.ledger:
                self._journal.set_fact("ledger", ledger)
            if token > self.token:
                self._journal.set_fact("token", str(token))

    def release(self) -> None:
        """Forgets both: another ledger counts its tokens from 1."""
        with self._journal.transaction():
            self._journal.set_fact("ledger", "")
            self._journal.set_fact("token", "0")


def reject(key: str, error: RejectionKind, reason: str, *, token: int | None = None) -> NoReturn:
    """Says that a command is not taken.

    Raises:
        Rejected: always.
    """
    raise Rejected(Rejection(key=key, error=error, reason=reason, token=token))
