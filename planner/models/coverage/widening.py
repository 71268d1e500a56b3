"""By how much a correction widens intervals: not each alike, as it makes the tails heavier."""

from __future__ import annotations

import torch
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from planner.models.coverage.correction import Correction

# A correction is told by what it does to a narrow interval and to a wide one.
TOLD_LEVELS = (0.5, 0.95)


def widening(correction: Correction, *, level: float, unknown: float) -> float:
    """Returns the width of a central interval of a normal, corrected over as it was.

    Args:
        correction: of the deviation.
        level: of the interval.
        unknown: how little is known there, from 0 to 1: posterior over prior deviation.
    """
    scales = correction.scales(torch.tensor([unknown], dtype=torch.float64))[:, 0].numpy()
    before = float(ndtri((1.0 + level) / 2.0))
    # the quantile of a mixture lies between those of its components
    after = brentq(
        lambda end: 2.0 * float(correction.weights @ ndtr(end / scales)) - 1.0 - level,
        0.5 * before * float(scales.min()),
        2.0 * before * float(scales.max()),
    )
    return float(after) / before
