"""Stop rules: each says why it stops."""

from __future__ import annotations

from planner.campaign.words.phrases import count, rough
from planner.ledger.entries import CampaignStopped
from planner.ledger.replay import CampaignState
from planner.loop.deciding.tried import settings_tried
from planner.loop.rules.allowance import find_shortage
from planner.loop.rules.budget import trials_left
from planner.loop.rules.samples import samples_waiting
from planner.space import SearchSpace

# With fewer it was never measured how true it is that little is left.
_FEWEST_RESULTS = 8

NOTHING_LEFT = CampaignStopped(
    rule="exhausted", reason="no configuration is left that was not tried"
)

# what a person changes in the file who wants to go on all the same, by the rule that was met
_CHANGES = {
    "failures": "raise stop.failures",
    "budget": "raise the budget",
    "exhausted": "widen what may be tried",
    "goal": "raise stop.goal_probability, or leave it out,",
    "remaining gain": "lower stop.remaining_gain, or leave it out,",
    "nothing better": "raise stop.done_probability, or leave it out,",
}


def assess(state: CampaignState, space: SearchSpace, *, now_s: float) -> CampaignStopped | None:
    """Returns the stop rule that applies, if any; cheap unless the file asks for more.

    Args:
        state: of the campaign.
        space: what may be tried.
        now_s: the time, in seconds since the epoch.
    """
    return (
        assess_without_model(state, space, now_s=now_s)
        or _goal_reached(state, space)
        or _little_left(state, space)
    )


def assess_without_model(
    state: CampaignState, space: SearchSpace, *, now_s: float
) -> CampaignStopped | None:
    """Returns the stop rule that applies of those that need no model; as ``assess`` otherwise."""
    return _too_many_failures(state) or _budget(state, now_s) or _exhausted(state, space)


def rules_with_model(state: CampaignState) -> list[str]:
    """Returns the file's keys of the stop rules that only a model can tell of."""
    stop = state.spec.stop
    rules = {
        "stop.goal_probability": stop.goal_probability,
        "stop.remaining_gain": stop.remaining_gain,
        "stop.done_probability": stop.done_probability,
    }
    return [key for key, asked in rules.items() if asked is not None]


def how_to_go_on(stop: CampaignStopped, *, has_ended: bool) -> str:
    """Says what a person does who wants to go on all the same.

    Args:
        stop: the rule that was met.
        has_ended: whether the ledger has it; of repeated failures a person's word is enough then.
    """
    if stop.failed and has_ended:
        return "When the cause is mended, let it go on: planner go FILE."
    return (
        f"To go on all the same, {_CHANGES[stop.rule]} in the file and enter that: "
        f"planner amend FILE."
    )


def _too_many_failures(state: CampaignState) -> CampaignStopped | None:
    limit = state.spec.stop.failures
    if state.failures_in_row < limit:
        return None
    last = [trial for trial in state.trials.values() if trial.reason][-1]
    return CampaignStopped(
        rule="failures",
        reason=f"{count(state.failures_in_row, 'trial')} in a row failed, "
        f"the last one: {last.reason}",
        failed=True,
    )


def is_settled(state: CampaignState) -> bool:
    """Tells whether every trial has ended, and no sample of one waits for an analysis."""
    return not state.open_trials and not samples_waiting(state)


def _budget(state: CampaignState, now_s: float) -> CampaignStopped | None:
    budget = state.spec.budget
    if budget.trials is not None and trials_left(state) == 0:
        verb = "is" if budget.trials == 1 else "are"
        reason = f"{count(budget.trials, 'trial')} {verb} used up"
        return CampaignStopped(rule="budget", reason=reason)
    short = find_shortage(state)
    if short is not None and short.short_of is None:
        return CampaignStopped(rule="budget", reason=short.reason)
    if budget.time is not None and now_s - state.opened_at.timestamp() >= budget.time:
        return CampaignStopped(
            rule="budget", reason=f"the {budget.time / 3600:g} h of the budget are over"
        )
    return None


def _exhausted(state: CampaignState, space: SearchSpace) -> CampaignStopped | None:
    if space.rows is None:
        return None
    of_trials = settings_tried(state)
    if len(of_trials) + len(state.imported) < len(space.rows):
        return None
    tried = {*of_trials, *(tuple(each.configuration.values()) for each in state.imported)}
    if len(tried) < len(space.rows):
        return None
    if any(tuple(row.values()) not in tried for row in space.rows):
        return None
    return CampaignStopped(
        rule="exhausted", reason=f"all {len(space.rows)} candidates have been tried"
    )


def _goal_reached(state: CampaignState, space: SearchSpace) -> CampaignStopped | None:
    wanted = state.spec.stop.goal_probability
    if wanted is None or not state.observations:
        return None
    # the models take seconds to import, which only who asks for them waits for
    from planner.loop.deciding.best import find_best, has_goal

    if not has_goal(state):
        return None
    best = find_best(state, space)
    if best is None or best.goal_probability is None or best.goal_probability < wanted:
        return None
    return CampaignStopped(
        rule="goal",
        reason=(
            f"{best.name} meets the goal with probability {best.goal_probability:.3f} "
            f"(asked: {wanted:g})"
        ),
    )


def _little_left(state: CampaignState, space: SearchSpace) -> CampaignStopped | None:
    stop, unit = state.spec.stop, state.spec.outcome.unit
    if stop.remaining_gain is None and stop.done_probability is None:
        return None
    if len(state.observations) < _FEWEST_RESULTS:
        return None
    from planner.loop.deciding.best import estimate_remaining

    remaining = estimate_remaining(state, space)
    if remaining is None:
        return None
    if stop.remaining_gain is not None and remaining.gain < stop.remaining_gain:
        return CampaignStopped(
            rule="remaining gain",
            reason=(
                f"the gain still to be expected is {rough(remaining.gain, 3)}, below "
                f"{stop.remaining_gain:g} {unit}"
            ),
        )
    if stop.done_probability is not None and remaining.probability_done >= stop.done_probability:
        return CampaignStopped(
            rule="nothing better",
            reason=(
                f"nothing better is left with probability {remaining.probability_done:.3f} "
                f"(asked: {stop.done_probability:g})"
            ),
        )
    return None
