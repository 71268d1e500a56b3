"""Asking: which configurations to try next, and writing them down with their reasons."""

from __future__ import annotations

from collections.abc import Sequence

from planner.errors import StaleWrite
from planner.ledger.entries import Record, TrialMoved, TrialProposed
from planner.ledger.replay import CampaignState
from planner.loop.deciding.at_random import choose_at_random
from planner.loop.deciding.chosen import Chosen, Suggestion, with_remark
from planner.loop.deciding.context import context_in_words, last_context
from planner.loop.rules.approval import first_move
from planner.loop.rules.limits import find_breach
from planner.loop.sessions.session import Session
from planner.rng import derive_seed
from planner.space import SearchSpace
from planner.trials import PROPOSING, TrialState


def decide(
    state: CampaignState, space: SearchSpace, *, q: int, whole: SearchSpace | None = None
) -> Chosen:
    """Chooses the next ``q`` configurations; the same ledger gives the same choice.

    By the model, or at random where the policy says so. Costs seconds and writes nothing: results
    may arrive meanwhile. What is measured and not set is as the space holds it, else as it was last
    measured, and every reason says so. They have in common what the source's trials share, and
    money and stock suffice for all of them together; where they do for none, what is lacking is
    said.

    Args:
        state: of the campaign.
        space: what may be chosen now.
        q: how many at most.
        whole: the campaign's space, where wishes or devices leave a part of it; explanations are
            against its average setting.
    """
    seed = derive_seed(state.seed, "ask", state.next_trial)
    context = last_context(state, space)
    part = space.restricted(context) if context else space
    if state.spec.policy.acquisition == "random":
        chosen = choose_at_random(state, part, q=q, seed=seed)
    else:
        # the models take seconds to import, and who draws at random needs none
        from planner.loop.deciding.by_model import choose_by_model

        chosen = choose_by_model(state, part, q=q, seed=seed, whole=whole or space)
    return with_remark(chosen, context_in_words(context, space))


def write_proposals(session: Session, chosen: Chosen, *, handed_to: str | None = None) -> list[int]:
    """Writes the picks as trials.

    Args:
        session: whose ledger.
        chosen: what to write.
        handed_to: the person or script that asked; None where the engine will dispatch.

    Returns:
        The trials' numbers.

    Raises:
        StaleWrite: another asked in between; ask again.
    """
    state = session.state
    first = state.next_trial
    records = proposal_records(state, chosen, handed_to=handed_to)
    if records:
        session.write(records, wanted=None if handed_to else PROPOSING, is_decision=True)
    return list(range(first, first + len(chosen.picks)))


def proposal_records(
    state: CampaignState, chosen: Chosen, *, handed_to: str | None
) -> list[Record]:
    """Returns the records of the picks as trials; arguments as of ``write_proposals``."""
    first = state.next_trial
    _check_limits(state, chosen.picks)
    records: list[Record] = list(chosen.findings)
    for number, pick in enumerate(chosen.picks, start=first):
        records.append(
            TrialProposed(
                trial=number,
                configuration=pick.configuration,
                proposal=pick.proposal,
                source=handed_to or state.spec.source.name,
                handed=handed_to is not None,
            )
        )
        records.append(
            first_move(state, number, pick.configuration)
            if handed_to is None
            else TrialMoved(trial=number, to=TrialState.APPROVED, reason="handed to who asked")
        )
    return records


def _check_limits(state: CampaignState, picks: Sequence[Suggestion]) -> None:
    """Accepts picks within the limits that are in force; those that it chose by may be older.

    Raises:
        StaleWrite: one is outside of them.
    """
    for pick in picks:
        breach = find_breach(state.spec, pick.configuration)
        if breach is not None:
            raise StaleWrite(
                f"Campaign {state.campaign!r} does not admit what was chosen: {breach} Its file "
                f"was amended meanwhile; nothing was proposed. Run it again."
            )
