"""The plain Gaussian processes that hyperparameters stand for, and what is known of these."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from planner.models.averaging.evidence import Evidence
from planner.models.averaging.hyperposterior import Hyperposterior
from planner.models.gaussian.process import GaussianProcess
from planner.models.known_noise import prior_beside
from planner.models.observations import Observations, OutcomeScale
from planner.models.priors import (
    EXPECTED_SIGNAL_PRIOR,
    MEAN_VARIANCE,
    SIGNAL_PRIOR,
    lengthscale_prior,
)
from planner.space import Floats


def hyperposterior(
    observations: Observations,
    *,
    scale: OutcomeScale,
    columns: tuple[int, ...],
    is_expected: bool,
) -> Hyperposterior:
    """Returns what is known of the hyperparameters.

    Args:
        observations: in order.
        scale: that the outcome is standardised by.
        columns: for each encoded column the index of the parameter it belongs to.
        is_expected: whether the scale is what the campaign file expects, not the data's own.
    """
    evidence = Evidence.of(
        observations,
        mean=scale.mean,
        sd=scale.sd,
        columns=columns,
        mean_variance=0.0 if is_expected else MEAN_VARIANCE,
    )
    return Hyperposterior.with_log_normals(
        evidence,
        lengthscale=lengthscale_prior(max(columns) + 1),
        noise=prior_beside(evidence.known_noise),
        signal=EXPECTED_SIGNAL_PRIOR if is_expected else SIGNAL_PRIOR,
    )


def starts(posterior: Hyperposterior) -> tuple[Floats, ...]:
    """Returns where the search begins: the posterior often has a smooth and a wiggly optimum."""
    p, smooth = posterior.evidence.n_parameters, np.zeros(posterior.size)
    smooth[:p] = 1.0
    smooth[p] = 2.0
    return np.zeros(posterior.size), smooth


def processes(
    posterior: Hyperposterior,
    u: Floats,
    observations: Observations,
    *,
    scale: OutcomeScale,
    columns: tuple[int, ...],
) -> tuple[GaussianProcess, ...]:
    """Returns a process for each row of ``u``, with a draw of its constant mean.

    Args:
        posterior: of the hyperparameters.
        u: hyperparameters but for the constant mean, ``k q``.
        observations: in the outcome's unit.
        scale: that the outcome is standardised by.
        columns: for each encoded column the index of the parameter it belongs to.
    """
    mean, sd = posterior.evidence.mean_given(posterior.theta(u))
    means = mean + sd * ndtri(_spread(len(u)))
    return tuple(
        GaussianProcess(
            observations=observations,
            hyperparameters=posterior.hyperparameters(row, mean=float(constant)),
            columns=columns,
            scale=scale,
        )
        for row, constant in zip(u, means, strict=True)
    )


def _spread(n: int) -> Floats:
    """Returns n shares between 0 and 1, evenly spread in an order that no trend follows."""
    golden = 0.5 * (math.sqrt(5.0) - 1.0)
    ranks = np.argsort(np.argsort((golden * np.arange(1, n + 1)) % 1.0))
    shares: Floats = (ranks + 0.5) / n
    return shares
