"""Trials that are held back: beyond limits in force now, or short of money or stock; until not."""

from __future__ import annotations

from decimal import Decimal

from planner.ledger.entries import TrialMoved
from planner.ledger.replay import CampaignState
from planner.loop.dispatch.interlocks import is_interlocked
from planner.loop.rules.allowance import MONEY, Allowance, Resource
from planner.loop.rules.budget import amount_in_words
from planner.loop.rules.limits import find_breach, why_outside
from planner.trials import HeldBy, Trial, TrialState

Left = dict[str | None, Decimal]

_BY_HAND = ("person", "late word")  # what only a person releases
_GOES_ON = "there is enough, and it is within the limits"


def moves_due(state: CampaignState) -> list[TrialMoved]:
    """Returns which trials are to be held, and which held ones may go on.

    What was counted may be less than what was reserved, and another run of a trial takes more than
    one. The latest are held first, and the earliest go on first; what waits for approval stands
    back behind both. Whatever was amended since, nothing outside of the limits is dispatched.
    """
    outside = _outside(state)
    if outside:
        return outside
    resources = {each.name: each for each in Allowance.of(state).resources}
    held = [
        each
        for each in state.in_state(TrialState.HELD)
        if not (each.handed or is_interlocked(each) or each.held_by in _BY_HAND)
        and find_breach(state.spec, each.configuration) is None
    ]
    left = _left_for_approved(state, resources)
    approved = [each for each in state.in_state(TrialState.APPROVED) if not each.handed]
    holds = []
    for trial in reversed(approved):
        short = [n for n in left if left[n] < 0 and _reserved(resources[n], trial) > 0]
        if short:
            reason = "; ".join(_why(resources[name], trial, left[name]) for name in short)
            holds.append(_hold(trial, reason, by="shortage"))
            left = _with(left, resources, trial)
    return holds or _releases(held, resources, left)


def why_held(state: CampaignState, trial: Trial) -> str:
    """Says what a held trial lacks now, which may be something else than when it was held."""
    if trial.held_by in _BY_HAND:
        return trial.reason
    breach = find_breach(state.spec, trial.configuration)
    if breach is not None:
        return why_outside(breach)
    if is_interlocked(trial):
        return f"{trial.reason} (it goes on by itself when that has changed)"
    resources = {each.name: each for each in Allowance.of(state).resources}
    rest = {
        name: left - _reserved(resources[name], trial)
        for name, left in _left_for_approved(state, resources).items()
    }
    short = [name for name in rest if rest[name] < 0 and _reserved(resources[name], trial) > 0]
    return "; ".join(_why(resources[name], trial, rest[name]) for name in short) or trial.reason


def _outside(state: CampaignState) -> list[TrialMoved]:
    approved = (each for each in state.in_state(TrialState.APPROVED) if not each.handed)
    found = ((each, find_breach(state.spec, each.configuration)) for each in approved)
    return [
        _hold(trial, why_outside(breach), by="limits")
        for trial, breach in found
        if breach is not None
    ]


def _hold(trial: Trial, reason: str, *, by: HeldBy) -> TrialMoved:
    return TrialMoved(trial=trial.number, to=TrialState.HELD, reason=reason, held_by=by)


def _left_for_approved(state: CampaignState, resources: dict[str | None, Resource]) -> Left:
    """Returns what is left with what approved trials reserve, and without all other that wait."""
    left = {name: each.left for name, each in resources.items()}
    for trial in state.in_state(TrialState.HELD, TrialState.AWAITING_APPROVAL):
        left = _with(left, resources, trial)
    return left


def _releases(
    held: list[Trial], resources: dict[str | None, Resource], left: Left
) -> list[TrialMoved]:
    moves = []
    for trial in held:
        taken = {name: _reserved(each, trial) for name, each in resources.items()}
        if all(amount <= 0 or left[name] >= amount for name, amount in taken.items()):
            moves.append(TrialMoved(trial=trial.number, to=TrialState.APPROVED, reason=_GOES_ON))
            left = {name: left[name] - taken[name] for name in left}
    return moves


def _with(left: Left, resources: dict[str | None, Resource], trial: Trial) -> Left:
    """Returns what is left if a trial reserves nothing."""
    return {name: left[name] + _reserved(resources[name], trial) for name in left}


def _reserved(resource: Resource, trial: Trial) -> Decimal:
    """Returns what the run to come takes."""
    return resource.taken_by(trial.configuration) or Decimal(0)


def _why(resource: Resource, trial: Trial, left: Decimal) -> str:
    needed = _reserved(resource, trial)
    there = amount_in_words(max(Decimal(0), left + needed), resource.unit)
    wanted = amount_in_words(needed, resource.unit)
    if resource.name is MONEY:
        return (
            f"its run costs {wanted} and {there} of the budget are left (raise budget.cost, then "
            f"planner amend, or planner abort)"
        )
    return (
        f"it needs {wanted} of {resource.name} and {there} are left (count it up: planner stock "
        f"FILE {resource.name}=AMOUNT --reason ..., or planner abort)"
    )
