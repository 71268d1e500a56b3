"""What a campaign waits for when only people can move it; known without any model."""

from __future__ import annotations

from planner.loop.session import Session
from planner.trials import TrialState, Wanted


def describe_waiting(session: Session) -> str:
    """Says what waits for whom, and what to type."""
    state = session.state
    parts = []
    for trial in state.open_trials:
        match trial.state:
            case TrialState.AWAITING_APPROVAL:
                parts.append(f"trial {trial.number} waits for approval (planner approve)")
            case TrialState.IN_DOUBT:
                parts.append(f"trial {trial.number} is in doubt (planner resolve): {trial.reason}")
            case TrialState.HELD:
                parts.append(f"trial {trial.number} is held: {trial.reason}")
            case TrialState.RUNNING:
                parts.append(f"trial {trial.number} waits for its result (planner tell)")
    if state.wanted is not Wanted.RUN:
        parts.append(f"the campaign is asked to {state.wanted}")
    return "; ".join(parts) or "nothing is under way"
