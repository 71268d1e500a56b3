"""The pictures of a report, from its facts."""

from __future__ import annotations

import math

import numpy as np

from planner.campaign import ClassOutcome
from planner.pictures import ClassTrials, Effects, Observed, Progress, RandomChoice
from planner.pictures.objective import goal_of
from planner.pictures.progress import TrialState as Drawn
from planner.report.facts import Facts, TrialLine
from planner.report.words import setting
from planner.trials import PENDING


def make_progress(facts: Facts) -> Progress:
    """Returns the trials in their order; those that were never to be run are left out."""
    taken = [line for line in facts.trials if line.is_counted]
    outcome = facts.outcome
    values = [_value(line, facts) for line in taken]
    random = facts.random
    return Progress(
        outcome=outcome.name,
        unit=_unit(facts),
        goal=goal_of(facts.objective),
        values=np.array(values, dtype=np.float64),
        states=[
            _drawn(line, is_known=not math.isnan(value))
            for line, value in zip(taken, values, strict=True)
        ],
        is_start=np.array([line.origin == "start" for line in taken], dtype=bool),
        random=RandomChoice(
            mean=np.array(random.mean), interval=np.column_stack([random.low, random.high])
        )
        if random is not None and not random.is_distance
        else None,
    )


def make_class_trials(facts: Facts) -> ClassTrials | None:
    """Returns what the trials came to; None where the outcome is no class."""
    outcome = facts.spec.measured_outcome
    if not isinstance(outcome, ClassOutcome) or not facts.wanted:
        return None
    taken = [line for line in facts.trials if line.is_counted]
    seen = [_class(line, outcome.name) for line in taken]
    chances = [line.prediction.mean / 100 if line.prediction else math.nan for line in taken]
    return ClassTrials(
        outcome=outcome.name,
        classes=outcome.classes,
        wanted=facts.wanted,
        seen=seen,
        states=[
            _drawn(line, is_known=each is not None) for line, each in zip(taken, seen, strict=True)
        ],
        chance=np.array(chances, dtype=np.float64),
    )


def _class(line: TrialLine, name: str) -> str | None:
    measured = line.outcomes.get(name) if line.has_result else None
    return str(measured.value) if measured is not None else None


def make_observed(facts: Facts) -> Observed | None:
    """Returns what was observed against what was stated; None where nothing can be compared."""
    coverage, stated = facts.coverage, facts.stated
    if coverage is None or stated is None:
        return None
    lines = {line.number: line.prediction for line in facts.trials if line.prediction is not None}
    predictions = [lines[each.trial] for each in coverage.judged]
    return Observed(
        outcome=facts.outcome.name,
        unit=_unit(facts),
        observed=np.array([each.value for each in coverage.judged]),
        mean=np.array([each.mean for each in predictions]),
        interval=np.array([(each.low, each.high) for each in predictions]),
        level=stated.level,
        is_counted=np.array([each.uncut >= stated.level for each in coverage.judged]),
    )


def make_effects(facts: Facts) -> Effects | None:
    """Returns what each parameter adds at the best conditions; None where no model can say."""
    explained = facts.explained
    if explained is None or not explained.parts:
        return None
    scalars = facts.spec.scalars
    return Effects(
        outcome=facts.outcome.name,
        unit=explained.unit,
        settings=tuple(
            f"{each.parameter} = {setting(each.value, scalars[each.parameter].unit)}"
            for each in explained.parts
        ),
        effects=np.array([each.effect.adds for each in explained.parts]),
        sd=np.array([each.effect.sd for each in explained.parts]),
        base=explained.base,
        mean=explained.mean,
        mean_sd=explained.sd,
        # of a class the effects are in log-odds, which have no bounds
        bounds=(None, None) if facts.wanted else facts.outcome.bounds,
    )


def _value(line: TrialLine, facts: Facts) -> float:
    value = facts.spec.goal_value(line.outcomes) if line.has_result else None
    return value if value is not None else math.nan


def _drawn(line: TrialLine, *, is_known: bool) -> Drawn:
    if is_known:
        return "observed"
    if line.quarantined:
        return "quarantined"
    is_to_come = line.state in PENDING or line.has_result
    return "pending" if is_to_come else "failed"


def _unit(facts: Facts) -> str:
    outcome = facts.outcome
    return outcome.unit if outcome.label != outcome.name else ""
