"""What the deviations that are known of some measurements say of those that are not known."""

from __future__ import annotations

import math

import numpy as np

from planner.models.observations import SMALLEST_NOISE
from planner.models.priors import NOISE_PRIOR, LogNormal
from planner.space import Floats


def prior_beside(known: Floats) -> LogNormal:
    """Returns the prior of the noise that is learned, of measurements with no known deviation.

    They are taken to be much like the others: its median moves from that of ``NOISE_PRIOR`` towards
    that of the known ones, by the square of their share, and it is the wider the farther it moves.

    Args:
        known: standardised variances of all measurements, ``n``; NaN where not known.
    """
    told = known[~np.isnan(known)]
    if not len(told):
        return NOISE_PRIOR
    apart = math.log(max(float(np.median(told)), SMALLEST_NOISE)) - NOISE_PRIOR.mean
    moved = (len(told) / len(known)) ** 2 * apart
    return LogNormal(mean=NOISE_PRIOR.mean + moved, sd=math.hypot(NOISE_PRIOR.sd, moved))


def noise_of_next(known: Floats, learned: float) -> float:
    """Returns the noise of the next run: the median of the known ones where all are known.

    Args:
        known: variances of all measurements, ``n``; NaN where not known.
        learned: variance where one is not known, in the same unit.
    """
    if len(known) and not np.isnan(known).any():
        return float(np.median(known))
    return learned
