"""What the budget of a campaign has left; known without any model."""

from __future__ import annotations

from planner.ledger.replay import CampaignState
from planner.trials import CHARGED, PENDING, RunState, Trial


def budget_left(state: CampaignState) -> int:
    """Returns how many more trials the budget in trials and money admits."""
    budget, source = state.spec.budget, state.spec.source
    left = [1 << 30]
    if budget.trials is not None:
        left.append(budget.trials - state.n_committed)
    if budget.cost is not None and isinstance(source.cost, float) and source.cost > 0:
        left.append(int((budget.cost - cost_so_far(state)) / source.cost + 1e-9))
    return max(0, min(left))


def cost_so_far(state: CampaignState) -> float:
    """Returns the money that trials have cost or reserve, in the sources' currency."""
    return sum(
        max(1, _n_charged_runs(trial)) * state.spec.source.cost_of(trial.configuration)
        for trial in state.trials.values()
        if trial.state in CHARGED or trial.state in PENDING
    )


def _n_charged_runs(trial: Trial) -> int:
    return sum(run.state not in (RunState.VOID, RunState.REFUSED) for run in trial.runs)
