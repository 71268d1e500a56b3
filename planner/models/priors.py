"""Priors of the surrogate's hyperparameters, each with its source.

All are normal in the logarithm, over parameters in the unit cube and a standardised outcome. The
MAP is taken in the logarithms, so that it does not depend on which power of a scale is meant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogNormal:
    """A normal distribution of the logarithm.

    Args:
        mean: of the logarithm.
        sd: of the logarithm.
    """

    mean: float
    sd: float


# Signal variance of the standardised outcome; fixed. With it free the likelihood trades it against
# the lengthscales, and few points decide neither.
SIGNAL_VARIANCE = 1.0


def lengthscale_prior(n_parameters: int) -> LogNormal:
    """Returns the prior of each lengthscale: it grows with the root of the number of parameters.

    Distances between random points of the cube grow as that root, so the prior keeps their
    correlation the same in any dimension.

    Source: the scaling from Hvarfner, Hellsten and Nardi, "Vanilla Bayesian Optimization Performs
    Great in High Dimensions" (ICML 2024); the median exp(-1) sqrt(p) and the deviation of 1,
    shorter and tighter than theirs, from a comparison of some 90 recipes on nine real tables.
    """
    return LogNormal(mean=-1.0 + 0.5 * math.log(n_parameters), sd=1.0)


# Measurement noise of the standardised outcome: median variance exp(-4), a deviation of 14 % of the
# outcome's spread. Source: as above.
NOISE_PRIOR = LogNormal(mean=-4.0, sd=1.0)

# Shapes of the curve that bends an input: 1, the identity, is the median. Source: Snoek et al.,
# "Input Warping for Bayesian Optimization of Non-Stationary Functions" (ICML 2014) for log-normal
# priors around the identity; the deviation of 0.25, with which a shape lies between 0.6 and 1.6 in
# 19 of 20 cases, from held-out densities on ten real tables, where 0.5 was overconfident.
WARP_PRIOR = LogNormal(mean=0.0, sd=0.25)

# Shape of the curve that bends an outcome without bounds: straight is the median. Source: held-out
# densities on ten real tables, which lie within 0.03 nat of each other for deviations of 0.3 to 0.6
# and of 0.2 to 0.4.
LEAN_PRIOR = LogNormal(mean=0.0, sd=0.5)
TAILS_PRIOR = LogNormal(mean=0.0, sd=0.3)

# Play of an outcome at its bound, in deviations of the outcome: 3 is nearly straight, 0.3 nearly a
# logarithm. Source: as above, on tables whose outcomes have bounds; medians of 1 to 10 lie within
# 0.05 nat of each other.
PLAY_PRIOR = LogNormal(mean=math.log(3.0), sd=1.0)

# Logits of the shares that numbers alone and choices alone have in the signal, against what they do
# together: all are likely beforehand. Source: ours.
SHARE_PRIOR = LogNormal(mean=0.0, sd=1.0)


def choice_prior(n_choices: int) -> LogNormal:
    """Returns the prior of each choice's l in ``exp(-sum 1/l)``; it grows with their number.

    Two configurations that differ in every choice then have a correlation of exp(-1) in the middle
    of the prior, however many choices there are. Source: ours, after the scaling of lengthscales.
    """
    return LogNormal(mean=math.log(n_choices), sd=1.0)


# That an observation is an outlier. Source: ours; with it one that lies less than four deviations
# from what the others predict is hardly ever doubted alone.
OUTLIER_PROBABILITY = 0.005

# Deviation of the log noise variance from the middle of a parameter's range to its end, where noise
# varies. Source: ours: a noise that is three times as large at one end as at the other is likely.
NOISE_TREND_SD = 0.5

# Signal variance where it is averaged over, and variance of the constant mean then, in units of the
# outcome's own. Settings that a planner chose spread less than the rest of the space: wide priors
# let the rest be other than what was seen. Source: held-out densities of ten real tables, of
# settings left over by 20 and 40 chosen ones and of random splits; deviations from 1 to 2 and
# variances from 4 to 25 are within 0.05 nat of each other, a fixed signal loses 0.5.
SIGNAL_PRIOR = LogNormal(mean=0.0, sd=1.5)
MEAN_VARIANCE = 25.0

# The same where the outcome's scale is what the campaign file expects: a range that is wrong by a
# factor of two is possible.
EXPECTED_SIGNAL_PRIOR = LogNormal(mean=0.0, sd=0.5)

# Scale of the half-Cauchy that all inverse squared lengthscales share where few parameters matter.
# Source: Eriksson and Jankowiak, "High-Dimensional Bayesian Optimization with Sparse Axis-Aligned
# Subspaces" (UAI 2021), section 4.1 and appendix C.
SAAS_SCALE = 0.1

# Margin of a class, in log-odds: 3 makes 5 % and 95 % an ordinary probability and leaves 0.3 % and
# 99.7 % possible. Source: docs/decisions/0014.
MARGIN_SD = 3.0

# Precision of the prior of the margin's constant mean, in units of the margin's own: the mean is as
# uncertain as the process around it. Free, it would be infinite while one class alone was seen.
MARGIN_MEAN_PRECISION = 1.0
