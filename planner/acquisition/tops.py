"""Whether an ascent ended at a top: what a small step within the rules could still gain there.

To first order a step s gains ``g's`` with g the gradient of the score; the best of all steps of at
most a hundredth of each parameter's range that keep to the bounds, and to linear rules where there
are any, is a linear programme. This does not take the optimiser's word: one that stops at its
limit of steps may be at a top, and one that says that it converged may not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import linprog

from planner.acquisition.candidates import Score
from planner.space import Floats

Rule = tuple[Floats, float]  # weights and limit: of x, ``d``

_STEP = 0.01
# A step that gains less than this share of the deviation of scores over the space is none.
_GAIN = 1e-3


def count_tops(
    score: Score,
    x: Floats,
    *,
    lower: Floats,
    upper: Floats,
    limits: Sequence[Rule] = (),
    equations: Sequence[Rule] = (),
    spread: float,
) -> int:
    """Returns how many configurations are at a top of the score; none where it has no gradient.

    Args:
        score: the acquisition function.
        x: where ascents ended, ``k d``.
        lower: bounds of each, ``k d``.
        upper: their other ends.
        limits: linear rules, ``weights @ x >= limit``.
        equations: the same with ``=``.
        spread: deviation of scores over the space.
    """
    slopes = _slopes(score, x)
    if slopes is None:
        return 0
    low, high = np.maximum(lower - x, -_STEP), np.minimum(upper - x, _STEP)
    gains = [
        _gain(slope, start, lowest, highest, limits=limits, equations=equations)
        for slope, start, lowest, highest in zip(slopes, x, low, high, strict=True)
    ]
    return int(np.sum(np.array(gains) <= _GAIN * spread))  # what is not a number is no top


def _slopes(score: Score, x: Floats) -> Floats | None:
    at = torch.from_numpy(x).clone().requires_grad_()
    try:
        values = score(at)
        (slopes,) = torch.autograd.grad(values.sum(), at)
    except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
        return None
    found: Floats = slopes.numpy()
    return found


def _gain(
    slope: Floats,
    x: Floats,
    low: Floats,
    high: Floats,
    *,
    limits: Sequence[Rule],
    equations: Sequence[Rule],
) -> float:
    """Returns what the best small step gains to first order; infinite where none is known."""
    if not np.isfinite(slope).all():
        return np.inf
    if not limits and not equations:
        return float(np.maximum(slope * np.minimum(low, 0.0), slope * np.maximum(high, 0.0)).sum())
    # where x itself is off a rule by rounding, staying is allowed
    room = [max(float(weights @ x) - limit, 0.0) for weights, limit in limits]
    found = linprog(
        -slope,
        A_ub=np.array([-weights for weights, _ in limits]) if limits else None,
        b_ub=np.array(room) if limits else None,
        A_eq=np.array([weights for weights, _ in equations]) if equations else None,
        b_eq=np.zeros(len(equations)) if equations else None,
        bounds=[(min(float(a), 0.0), max(float(b), 0.0)) for a, b in zip(low, high, strict=True)],
    )
    return -found.fun if found.success and found.fun is not None else np.inf
