"""The campaign's own forecasts as evidence: each was stated before its trial."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from planner.models.coverage.correction import Evidence
from planner.trials import Spread

# The last so many count: more teach no more, and a process may have changed meanwhile.
_MOST = 200


def evidence_of(
    forecasts: Iterable[tuple[Spread, float]],
    *,
    bounds: tuple[float | None, float | None] = (None, None),
) -> Evidence:
    """Returns what forecasts and their results say of the model's deviations before correction.

    Args:
        forecasts: what was stated and what was measured, in the order of the results.
        bounds: of the outcome. A result at a bound tells no more than that it would have been at
            least as far out.
    """
    kept = list(forecasts)[-_MOST:]
    low = -math.inf if bounds[0] is None else bounds[0]
    high = math.inf if bounds[1] is None else bounds[1]
    return Evidence(
        errors=np.array([_error(spread, value) for spread, value in kept]),
        unknown=np.array([min(1.0, spread.sd / spread.prior_sd) for spread, _ in kept]),
        weights=np.ones(len(kept)),
        beyond=np.array([float(value >= high) - float(value <= low) for _, value in kept]),
    )


def _error(spread: Spread, value: float) -> float:
    mean = sum(w * m for w, m in zip(spread.weights, spread.means, strict=True))
    return (value - mean) / math.hypot(spread.sd, spread.noise_sd)
