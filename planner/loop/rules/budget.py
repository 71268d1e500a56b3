"""What the budget of a campaign has left, in trials and in money; known without any model.

Money is counted in decimal, so that a budget of 0.3 pays for three trials of 0.1. What a trial
costs is known from its configuration before it runs, and is reserved until it has ended; what an
analysis of its sample costs is reserved as long as the result may still come.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from planner import units
from planner.campaign import Analysis, CampaignSpec
from planner.errors import InputError
from planner.ledger.replay import CampaignState
from planner.ledger.trial_index import Sums
from planner.space import Configuration
from planner.space.base import as_decimal
from planner.trials import PENDING, Trial, TrialState, is_charged, is_used

NO_LIMIT = 1 << 30

_TO_RUN = frozenset({TrialState.AWAITING_APPROVAL, TrialState.APPROVED, TrialState.HELD})
_ENDED_BY_THEMSELVES = frozenset({TrialState.COMPLETED, TrialState.FAILED_BY_PROCESS})


def budget_left(state: CampaignState) -> int:
    """Returns how many more trials the budget admits, as far as that is one number.

    Where what a trial costs depends on its configuration, money sets no such number.
    """
    left = trials_left(state)
    money = money_left(state)
    if money is not None and all(isinstance(s.cost, float) for s in state.spec.sources.values()):
        each = cost_ahead(state.spec, {})
        if each > 0:
            left = min(left, int(money // each))
    return max(0, left)


def trials_left(state: CampaignState) -> int:
    """Returns how many more trials the budget admits, whatever they cost; NO_LIMIT where any."""
    budget = state.spec.budget
    return NO_LIMIT if budget.trials is None else max(0, budget.trials - state.n_committed)


def money_left(state: CampaignState) -> Decimal | None:
    """Returns the money that is neither spent nor reserved; None where there is no limit."""
    budget = state.spec.budget
    return None if budget.cost is None else as_decimal(budget.cost) - cost_so_far(state)


def money_in_words(state: CampaignState) -> str:
    """Says what is left of the money, such as ``0.5 EUR of 100 EUR are left``."""
    left, budget = money_left(state), state.spec.budget
    assert left is not None  # the caller knows that there is a limit
    of = amount_in_words(as_decimal(budget.cost or 0.0), budget.currency)
    return f"{amount_in_words(max(left, Decimal(0)), budget.currency)} of {of} are left"


def amount_in_words(amount: Decimal, unit: str) -> str:
    """Returns an amount with its unit, rounded down to four digits: what is left is never less."""
    digits = 4 - (amount.adjusted() + 1) if amount else 0
    step = Decimal(1).scaleb(-max(0, digits))
    text = f"{amount.quantize(step, rounding='ROUND_FLOOR'):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if unit in ("", units.DIMENSIONLESS) else f"{text} {unit}"


def cost_so_far(state: CampaignState) -> Decimal:
    """Returns the money that is spent or reserved."""
    return sum(cost_by_source(state).values(), Decimal(0))


def cost_by_source(state: CampaignState) -> dict[str, Decimal]:
    """Returns the money that each source's work has cost or reserves, in the file's order."""
    summed = state.trials.view("costs", lambda: Sums(lambda each: _costs(state, each)))
    return {name: summed.totals.get(name, Decimal(0)) for name in state.spec.sources}


def n_uses_so_far(state: CampaignState) -> int:
    """Returns how often trials have been run or will be."""
    summed = state.trials.view("uses", lambda: Sums(lambda each: {"uses": Decimal(n_uses(each))}))
    return int(summed.totals.get("uses", Decimal(0)))


def cost_ahead(spec: CampaignSpec, configuration: Configuration) -> Decimal:
    """Returns what a trial will cost that runs once, with the analyses of its sample.

    Raises:
        InputError: an expression of cost has no value there.
    """
    return spec.source.cost_of(configuration) + _cost_of_analyses(spec, configuration)


def n_uses(trial: Trial, *, not_of: frozenset[str] = frozenset()) -> int:
    """Returns how often a trial has been run or will be: what it is charged, or reserves.

    A run that provably did nothing is not counted; a result that was told of no run counts as one.

    Args:
        trial: whose.
        not_of: keys of runs that are left out.
    """
    if trial.state not in PENDING and not is_charged(trial):
        return 0
    charged = [run for run in trial.runs if is_used(run)]
    if trial.state in _TO_RUN:
        return sum(run.key not in not_of for run in charged) + 1
    if not charged and trial.state in _ENDED_BY_THEMSELVES:
        return 1
    return sum(run.key not in not_of for run in charged)


def _costs(state: CampaignState, trial: Trial) -> dict[str, Decimal]:
    spec = state.spec
    n = n_uses(trial)
    costs = {spec.source.name: n * _known(spec.source.cost_of, trial)} if n else {}
    for name, source in spec.sources.items():
        if isinstance(source, Analysis) and _is_analysed(state, trial, source):
            costs[name] = _known(source.cost_of, trial)
    return costs


def _is_analysed(state: CampaignState, trial: Trial, source: Analysis) -> bool:
    """Tells whether a source has measured a trial's sample, or may yet."""
    if trial.state in PENDING:
        return True
    known = trial.observation.outcomes if trial.observation is not None else {}
    awaited = state.awaited(trial)
    return any(name in known or name in awaited for name in source.measures)


def _cost_of_analyses(spec: CampaignSpec, configuration: Configuration) -> Decimal:
    analyses = (each for each in spec.sources.values() if isinstance(each, Analysis))
    return sum((each.cost_of(configuration) for each in analyses), Decimal(0))


def _known(cost_of: Callable[[Configuration], Decimal], trial: Trial) -> Decimal:
    """Returns a cost; 0 where its expression has no value, as only a trial told by a person can."""
    try:
        return cost_of(trial.configuration)
    except InputError:
        return Decimal(0)
