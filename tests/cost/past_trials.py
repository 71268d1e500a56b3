"""A past for a campaign: trials drawn, run and observed, written straight to its ledger."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from planner.ledger.entries import (
    OutcomesObserved,
    Record,
    ResultArrived,
    RunMoved,
    TrialMoved,
    TrialProposed,
)
from planner.loop.dispatch.orders import open_run
from planner.loop.sessions.session import Session
from planner.rng import derive_seed, make_generator
from planner.trials import Measured, Proposal, RunState, Trial, TrialState, digest_json

AT_ONCE = 200


def write_past(
    session: Session,
    n: int,
    *,
    outcome: str = "yield",
    at_once: int = AT_ONCE,
    between: Callable[[], None] = lambda: None,
) -> None:
    """Write ``n`` trials of the campaign's source that are over; the session knows them then.

    So many share a transaction, and so the time of their entries; between two of these something
    may be done, such as moving a clock.
    """
    state = session.state
    seed = derive_seed(state.seed, "past")
    drawn = session.space.draw(generator=make_generator(seed))
    first = state.next_trial
    pairs = zip(range(first, first + n), drawn, strict=False)
    while part := list(islice(pairs, at_once)):
        records: list[Record] = []
        for number, configuration in part:
            records += _records(session, number, configuration, outcome=outcome)
        session.ledger.append(session.campaign, records, author="planner")
        between()
    session.refresh()


def _records(session: Session, number: int, configuration: dict, *, outcome: str) -> list[Record]:  # type: ignore[type-arg]
    state, source = session.state, session.state.spec.source.name
    proposal = Proposal(
        origin="random", reason="Drawn at random.", seed=number, seen=state.sequence
    )
    proposed = TrialProposed(
        trial=number, configuration=configuration, proposal=proposal, source=source
    )
    trial = Trial(
        number=number,
        configuration=configuration,
        proposal=proposal,
        state=TrialState.APPROVED,
        proposed_at=session.clock.now(),
        source=source,
    )
    moved, opened = open_run(state, trial, source=source, now=session.clock.now())
    key = opened.key  # type: ignore[union-attr]  # it is the run's
    payload = {"outcomes": {outcome: {"value": 50.0 + number % 7}}}
    digest = digest_json({**payload, "key": key})
    return [
        proposed,
        TrialMoved(trial=number, to=TrialState.APPROVED, reason="approval by policy: automatic"),
        moved,
        opened,
        RunMoved(key=key, to=RunState.COMPLETED),
        ResultArrived(key=key, result_digest=digest, payload=payload),
        OutcomesObserved(
            trial=number,
            outcomes={outcome: Measured(value=50.0 + number % 7)},
            source=source,
            key=key,
            result_digest=digest,
        ),
        TrialMoved(trial=number, to=TrialState.COMPLETED),
    ]
