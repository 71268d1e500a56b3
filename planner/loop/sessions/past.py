"""What the trials so far tell of a change of the file: what it would contradict, or leave out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from planner.campaign import CampaignSpec, NumberOutcome
from planner.campaign.amendment import Change
from planner.campaign.words.phrases import listed
from planner.errors import InputError
from planner.ledger.replay import CampaignState
from planner.loop.results.measuring import check_bounds
from planner.space import AnyConstraint, AnyParameter
from planner.trials import Observation, Trial

_MOST_NAMED = 3


def judge_by_trials(
    changes: tuple[Change, ...], state: CampaignState, spec: CampaignSpec
) -> tuple[Change, ...]:
    """Returns the changes with what only the trials so far can tell of them.

    New bounds and rules have how many trials they would not allow. Bounds of an outcome that call
    a result impossible are refused. A name that no trial has used may be taken away.

    Args:
        changes: from what was entered last to the file.
        state: of the campaign.
        spec: as the file has it now.
    """
    return tuple(_judged(change, state, spec) for change in changes)


def _judged(change: Change, state: CampaignState, spec: CampaignSpec) -> Change:
    if change.gone:
        return change if _was_used(change, state) else replace(change, refusal="")
    if impossible := _impossible(change, state, spec):
        return replace(change, refusal=impossible)
    n_outside, n_all = _n_outside(change, state, spec), len(state.trials)
    if not n_outside:
        return change
    stays = f"({n_outside} of {n_all} trials lie outside now and stay as they are)"
    return replace(change, words=f"{change.words} {stays}")


def _was_used(change: Change, state: CampaignState) -> bool:
    """Tells whether any trial or imported measurement has one of the names that are gone."""
    name = str(change.where[1])
    if change.where[0] == "outcomes":
        return any(
            each.outcomes[name].value in change.gone
            for each in _all_observations(state)
            if name in each.outcomes
        )
    requested = (trial.configuration.get(name) for trial in state.trials.values())
    achieved = (each.configuration.get(name) for each in _all_observations(state))
    return any(value in change.gone for value in (*requested, *achieved))


def _all_observations(state: CampaignState) -> Iterator[Observation]:
    """Yields those that are left out, too."""
    yield from state.imported
    yield from (each.observation for each in state.trials.values() if each.observation is not None)


def _impossible(change: Change, state: CampaignState, spec: CampaignSpec) -> str:
    """Says which results a change of an outcome's bounds calls impossible; empty where none."""
    match change.where:
        case ("outcomes", str(name), "bounds", *_) if isinstance(
            outcome := spec.outcomes[name], NumberOutcome
        ):
            pass
        case _:
            return ""
    outside = [
        f"{who} ({each.outcomes[name].value:g})"
        for who, each in state.named_observations
        if name in each.outcomes and not _is_possible(each.outcomes[name].value, outcome)
    ]
    if not outside:
        return ""
    shown = (
        listed(outside[:_MOST_NAMED])
        if len(outside) <= _MOST_NAMED
        else (f"{', '.join(outside[:_MOST_NAMED])} and {len(outside) - _MOST_NAMED} more")
    )
    return (
        f"what was measured is not impossible: {shown} would lie outside; widen the bounds, or "
        f"first correct what was told wrongly, or exclude it"
    )


def _is_possible(value: object, outcome: NumberOutcome) -> bool:
    try:
        check_bounds(float(value), outcome)  # type: ignore[arg-type]  # of a number it is one
    except InputError:
        return False
    return True


def _n_outside(change: Change, state: CampaignState, spec: CampaignSpec) -> int:
    """Counts the trials that a changed parameter or rule would not allow."""
    if change.refusal:
        return 0
    named: tuple[AnyParameter, ...] = ()
    rules: tuple[AnyConstraint, ...] = ()
    match change.where:
        case ("parameters", str(name), *_):
            profile = spec.profiles.get(name)
            named = (spec.scalars[name],) if profile is None else profile.parameters()
            rules = () if profile is None else profile.constraints()
        case ("constraints", *_):
            rules = spec.constraints
    return sum(not _is_inside(trial, named, rules) for trial in state.trials.values())


def _is_inside(
    trial: Trial, parameters: Sequence[AnyParameter], rules: Sequence[AnyConstraint]
) -> bool:
    values = trial.configuration
    try:
        for parameter in parameters:
            parameter.check(values[parameter.name])
        return all(rule.is_met(values) for rule in rules)
    except InputError:
        return False
