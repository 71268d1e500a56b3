"""How the objective's number is stated to people: the chance of a class in percent."""

from __future__ import annotations

from planner.campaign import CampaignSpec, HitClass, Maximise, NumberObjective, NumberOutcome
from planner.trials import Prediction
from planner.units import DIMENSIONLESS

PERCENT = "%"
LOG_ODDS = "log-odds"  # of a class, in which its model is linear


def is_class(spec: CampaignSpec) -> bool:
    """Tells whether a class is wanted, of which only the chance can be told."""
    return isinstance(spec.stated_objective, HitClass)


def stated_factor(spec: CampaignSpec) -> float:
    """Returns what the modelled number is multiplied with where people read it."""
    return 100.0 if is_class(spec) else 1.0


def stated_outcome(spec: CampaignSpec) -> NumberOutcome:
    """Returns the modelled number as people read it: the outcome, or a chance in percent."""
    if not is_class(spec):
        return spec.outcome
    return NumberOutcome(name=spec.outcome.name, unit=PERCENT, bounds=(0.0, 100.0))


def unit_of_effects(spec: CampaignSpec) -> str:
    """Returns the unit of what parameters add to a prediction; empty for a plain number."""
    if is_class(spec):
        return LOG_ODDS
    return "" if spec.outcome.unit == DIMENSIONLESS else spec.outcome.unit


def stated_objective(spec: CampaignSpec) -> NumberObjective:
    """Returns what is wanted of that number."""
    stated = spec.stated_objective
    if not isinstance(stated, HitClass):
        return spec.objective
    goal = 100.0 * stated.goal if stated.goal is not None else None
    return Maximise(outcome=stated.outcome, goal=goal)


def scaled(prediction: Prediction | None, spec: CampaignSpec) -> Prediction | None:
    """Returns a prediction of the ledger as people read it."""
    if prediction is None or not is_class(spec):
        return prediction
    factor = stated_factor(spec)
    return Prediction(
        mean=factor * prediction.mean,
        sd=factor * prediction.sd,
        sd_run=factor * prediction.sd_run,
        low=factor * prediction.low,
        high=factor * prediction.high,
        level=prediction.level,
        classes=prediction.classes,
    )


def wanted_classes(spec: CampaignSpec) -> tuple[str, ...]:
    """Returns the classes that are wanted; none where the outcome is no class."""
    stated = spec.stated_objective
    return stated.wanted if isinstance(stated, HitClass) else ()
