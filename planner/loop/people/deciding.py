"""What a person's word comes to, and writing it: decided on the state, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from planner.errors import StaleWrite
from planner.ledger.entries import Record
from planner.loop.sessions.session import Session
from planner.trials import TrialState

T = TypeVar("T")

_ATTEMPTS = 5  # each time one of the others has written, so five people get through


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What is to be written, and what to say.

    Args:
        says: in words, for who told it.
        records: in order; none where nothing changes.
        trials: the states that the decision rests on.
    """

    says: str
    records: tuple[Record, ...] = ()
    trials: Mapping[int, TrialState] = field(default_factory=dict)


def decide_and_write(session: Session, decide: Callable[[], Decided]) -> Decided:
    """Decides on the latest state and writes it; again where somebody wrote in between.

    Raises:
        StaleWrite: others wrote in between every time.
    """

    def write() -> Decided:
        decided = decide()
        session.write(decided.records, trials=decided.trials)
        return decided

    return while_others_write(session, write)


def while_others_write(session: Session, write: Callable[[], T]) -> T:
    """Returns what ``write`` returns on the latest state, tried again while others are faster.

    Raises:
        StaleWrite: they were, every time.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        session.refresh()
        try:
            return write()
        except StaleWrite:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")
