"""Asking: the next trials, handed to a person or script that will tell what became of them."""

from __future__ import annotations

from planner.errors import InputError, Refused
from planner.ledger.entries import Record
from planner.loop.budget import budget_left
from planner.loop.orders import open_run
from planner.loop.session import Session
from planner.trials import Trial, TrialState


def ask(session: Session, n: int) -> list[Trial]:
    """Hands the next ``n`` trials to who asks: approved, with an open run, pending until told.

    Raises:
        InputError: ``n`` is not above 0.
        Refused: the campaign has stopped, or the budget does not admit as many.
    """
    if n < 1:
        raise InputError(f"Ask for at least one trial, not {n}.")
    state = session.refresh()
    if state.stopped is not None:
        raise Refused(f"Campaign {state.campaign!r} has stopped: {state.stopped.reason}.")
    left = budget_left(state)
    if n > left:
        raise Refused(
            f"The budget of campaign {state.campaign!r} admits {left} more trials, not {n}. "
            f"Ask for fewer, or raise budget.trials and run with --amend."
        )
    # the models take seconds to import, which nobody who tells should wait for
    from planner.loop.propose import decide, write_proposals

    chosen = decide(state, session.space, q=n)
    if not chosen.choice.picks:
        raise Refused(f"Campaign {state.campaign!r} has no configuration left that was not tried.")
    numbers = write_proposals(session, chosen, handed_to=session.author)
    for number in numbers:
        trial = session.state.trial(number)
        records: list[Record] = open_run(session.state, trial, source=session.author)
        session.write(records, trials={number: TrialState.APPROVED})
    return [session.state.trial(number) for number in numbers]
