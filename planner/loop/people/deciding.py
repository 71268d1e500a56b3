"""What a person's word comes to, and writing it: decided on the state, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from planner.errors import StaleWrite
from planner.ledger.entries import Record
from planner.loop.session import Session
from planner.trials import TrialState


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
    """Decides on the latest state and writes it; once more where somebody wrote in between.

    Raises:
        StaleWrite: somebody wrote in between a second time.
    """
    session.refresh()
    decided = decide()
    try:
        session.write(decided.records, trials=decided.trials)
    except StaleWrite:
        session.refresh()
        decided = decide()
        session.write(decided.records, trials=decided.trials)
    return decided
