"""Approval by policy: how many people a trial needs, and what its first move is."""

from __future__ import annotations

from collections.abc import Mapping

from planner.ledger.entries import TrialMoved
from planner.ledger.replay import CampaignState
from planner.space import Value
from planner.trials import Trial, TrialState


def first_move(state: CampaignState, number: int, configuration: Mapping[str, Value]) -> TrialMoved:
    """Returns where a trial goes that an engine is to dispatch: on, or to the people it needs."""
    approval = state.spec.policy.approval
    needed, why = approval.people_needed(configuration), approval.why(configuration)
    because = f" ({why})" if why else ""
    if needed == 0:
        reason = f"approval by policy: automatic{because}"
        return TrialMoved(trial=number, to=TrialState.APPROVED, reason=reason)
    people = "a person" if needed == 1 else "two people"
    reason = f"approval by policy: {people}{because}" if needed > 1 or why else ""
    return TrialMoved(trial=number, to=TrialState.AWAITING_APPROVAL, reason=reason)


def n_missing(state: CampaignState, trial: Trial) -> int:
    """Returns how many more people must approve a trial that waits; at least one."""
    needed = state.spec.policy.approval.people_needed(trial.configuration)
    return max(1, needed - len(trial.approved_by))


def missing_in_words(state: CampaignState, trial: Trial) -> str:
    """Says what approval a trial still lacks, such as ``a second approval``."""
    if trial.approved_by:
        return f"a second approval, by somebody else than {' and '.join(trial.approved_by)}"
    return "approval" if n_missing(state, trial) == 1 else "approval by two people"
