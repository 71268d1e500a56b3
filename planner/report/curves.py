"""Curves and distributions of the best trials, as the picture wants them."""

from __future__ import annotations

import numpy as np

from planner.campaign import AnyOutcome, CurveOutcome, DistributionOutcome, utility
from planner.errors import LedgerUnavailable
from planner.ledger.artifacts import ArtifactStore
from planner.ledger.replay import CampaignState
from planner.loop.results.intake import Intake, reduced
from planner.loop.results.measuring import points_of
from planner.pictures import Curves, Line
from planner.pictures.curves import MOST_LINES
from planner.space import Floats
from planner.trials import Curve, Observation, OutcomeValue, StoredCurve

_MOST_POINTS = 1500  # more are not seen in a picture


def make_curves(
    state: CampaignState, intake: Intake | None, *, best: int | None
) -> tuple[Curves, ...]:
    """Returns an entry for each outcome that is a curve or distribution and was measured.

    Args:
        state: of the campaign.
        intake: where long ones are kept, and the targets; None where that is not at hand.
        best: the trial at the best conditions; its curve comes first, then for comparison those
            of trials from the best to the worst measured.
    """
    made = (
        _make(outcome, state, intake, best=best)
        for outcome in state.spec.outcomes.values()
        if isinstance(outcome, CurveOutcome | DistributionOutcome)
    )
    return tuple(each for each in made if each is not None)


def _make(
    outcome: CurveOutcome | DistributionOutcome,
    state: CampaignState,
    intake: Intake | None,
    *,
    best: int | None,
) -> Curves | None:
    chosen = _ranked([each for each in state.observations if outcome.name in each.outcomes], state)
    chosen.sort(key=lambda each: each.trial != best or best is None)  # stable: the rest by rank
    artifacts = intake.artifacts if intake is not None else None
    lines = [
        line
        for each in _spread(chosen)
        if (line := _line(each, outcome, artifacts, is_best=each.trial == best)) is not None
    ]
    if not lines:
        return None
    is_curve = isinstance(outcome, CurveOutcome)
    return Curves(
        outcome=outcome.name if is_curve else f"share of {outcome.name}",
        unit=outcome.unit if is_curve and outcome.label != outcome.name else "",
        x_name=outcome.x_name if isinstance(outcome, CurveOutcome) else outcome.name,
        x_unit="" if outcome.x_unit in ("", "1") else outcome.x_unit,
        lines=lines,
        target=_target(outcome, state, intake),
    )


def _target(outcome: AnyOutcome, state: CampaignState, intake: Intake | None) -> Line | None:
    """Returns what this outcome is compared with, if a number is computed from it that way."""
    for name, each in reduced(state.spec).items():
        target = intake.targets.get(name) if intake is not None else None
        if each.reduce == outcome.name and target is not None:
            is_curve = isinstance(outcome, CurveOutcome)
            y = target.y if is_curve else target.y / target.y.sum()
            return Line(f"target of {name}", target.x, y)
    return None


def _spread(ranked: list[Observation]) -> list[Observation]:
    """Returns the first, the last, and some in between: neighbours of the best look alike."""
    last = len(ranked) - 1
    places = {round(last * step / (MOST_LINES - 1)) for step in range(MOST_LINES)}
    return [ranked[place] for place in sorted(places)]


def _ranked(observed: list[Observation], state: CampaignState) -> list[Observation]:
    spec = state.spec

    def rank(each: Observation) -> float:
        value = spec.goal_value(each.outcomes)
        return -np.inf if value is None else utility(spec.stated_objective, value)

    return sorted(observed, key=rank, reverse=True)


def _line(
    observation: Observation,
    outcome: AnyOutcome,
    artifacts: ArtifactStore | None,
    *,
    is_best: bool,
) -> Line | None:
    curve = _points(observation.outcomes[outcome.name].value, artifacts)
    if curve is None:
        return None
    x, y = np.array(curve.x), np.array(curve.y)
    if isinstance(outcome, DistributionOutcome):
        y = y / y.sum()
    seen = _seen(y)
    x, y = x[seen], y[seen]
    name = "historical" if observation.trial is None else f"trial {observation.trial}"
    return Line(f"{name} (best conditions)" if is_best else name, x, y)


def _seen(y: Floats) -> np.ndarray:
    """Returns which points are enough for a picture: of each stretch the lowest and the highest."""
    n_stretches = _MOST_POINTS // 2
    if len(y) <= _MOST_POINTS:
        return np.arange(len(y))
    stretches = np.array_split(np.arange(len(y)), n_stretches)
    ends = [
        index for each in stretches for index in (each[y[each].argmin()], each[y[each].argmax()])
    ]
    return np.unique([0, *ends, len(y) - 1])


def _points(value: OutcomeValue, artifacts: ArtifactStore | None) -> Curve | None:
    if isinstance(value, Curve):
        return value
    if not isinstance(value, StoredCurve) or artifacts is None:
        return None
    try:
        return points_of(value, artifacts)
    except LedgerUnavailable:  # a report is no place to stop for a file; export and use say it
        return None
