"""The family ``averaged_gp``: the plain Gaussian process averaged over its hyperparameters.

Few observations leave lengthscales, signal and noise open, and a process with the most probable
ones alone is too sure of itself. Here a few processes share the vote. Unlike in the plain family
the signal variance and the constant mean are learned too: settings that a planner chose tell
little of how low outcomes go elsewhere.

Steps: modes of the posterior; draws around them and from the prior; importance weights, smoothed,
with another round around the weighted draws where they are not to be trusted; then a systematic
sample of a few, each with a draw of the constant mean that it allows. All draws are quasi-random
with a fixed scramble, so the same task gives the same surrogate.

Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), section 5.2, for
the integral; the further rounds from Cappe et al., "Population Monte Carlo" (JCGS 2004).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from planner.errors import InputError
from planner.models.average import Average
from planner.models.averaging.evidence import Evidence
from planner.models.averaging.hyperposterior import Hyperposterior
from planner.models.averaging.importance import Weights, smoothed_weights
from planner.models.averaging.laplace import Part, around, find_modes, propose
from planner.models.failure import FitFailure
from planner.models.gaussian.process import GaussianProcess
from planner.models.observations import Observations, OutcomeScale
from planner.models.priors import (
    EXPECTED_SIGNAL_PRIOR,
    MEAN_VARIANCE,
    NOISE_PRIOR,
    SIGNAL_PRIOR,
    lengthscale_prior,
)
from planner.models.scaling import standard_scale
from planner.models.task import Task
from planner.space import Floats

FAMILY = "averaged_gp"
# Draws in a round: of many observations, where each costs most, the posterior is nearly normal and
# fewer serve.
_MOST_DRAWS = 256
_FEWEST_DRAWS = 64
_DRAWS_TIMES_OBSERVATIONS = 25_600
# Rounds at most; with fewer effective draws than a fifth of a round another is made.
_ROUNDS = 3
_ENOUGH = 0.2
# With half as many the held-out densities of ten real tables are 0.02 to 0.08 nat worse, with twice
# as many 0.02 better.
_COMPONENTS = 32
# Smallest deviation, in prior deviations, of what another round draws around.
_NARROWEST = 0.05


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How far the average can be trusted.

    Args:
        n_draws: of the hyperparameters, all rounds together.
        n_effective: as many independent draws from the posterior would be worth as much.
        k_hat: shape of the weights' tail; above 0.7 the average is not to be trusted.
        n_modes: optima that were found.
    """

    n_draws: int
    n_effective: float
    k_hat: float
    n_modes: int


@dataclass(frozen=True, eq=False)
class AveragedProcess(Average):
    """Plain Gaussian processes of one posterior of hyperparameters.

    Args:
        components: of the same observations.
        weights: one a component.
        modes: the optima, in deviations of the priors, from which the next fit starts.
        diagnosis: how far the average can be trusted.
    """

    modes: tuple[tuple[float, ...], ...]
    diagnosis: Diagnosis

    @property
    def family(self) -> str:
        """The averaged Gaussian process."""
        return FAMILY

    @property
    def memo(self) -> Mapping[str, object]:
        """The modes and the diagnosis; with the observations they give the average again."""
        return {"modes": [list(mode) for mode in self.modes], "diagnosis": asdict(self.diagnosis)}


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    u: Floats
    weights: Weights


def fit_averaged(task: Task) -> AveragedProcess | FitFailure:
    """Fits the average to the observations.

    What is expected of the outcome is used as in the plain family: while there are fewer than
    ``ENOUGH_FOR_SCALE`` observations, or all are equal, it fixes the constant mean, and the signal
    is close to it.

    Returns:
        The surrogate, or a value that says why there is none.

    Raises:
        InputError: the memo is of another family or space.
    """
    ordered = task.observations.in_order()
    scale = standard_scale(ordered.y.numpy(), task.scale)
    if isinstance(scale, FitFailure):
        return scale
    posterior = hyperposterior(
        ordered, scale=scale, columns=task.columns, is_expected=scale == task.scale
    )
    modes = find_modes(posterior, [*starts(posterior), *_read(task.memo, posterior.size)])
    if not modes:
        return FitFailure(
            reason="The covariance of the observations could not be factored from any start. "
            "Look for outcomes or known variances of wildly different sizes."
        )
    sample = _sample(posterior, around(modes, _n_draws(len(ordered.y))))
    chosen = systematic(sample.u, sample.weights.w, n=_COMPONENTS)
    return AveragedProcess(
        components=processes(posterior, chosen.u, ordered, scale=scale, columns=task.columns),
        weights=chosen.weights,
        modes=tuple(tuple(float(value) for value in mode.u) for mode in modes),
        diagnosis=Diagnosis(
            n_draws=len(sample.u),
            n_effective=sample.weights.n_effective,
            k_hat=sample.weights.k_hat,
            n_modes=len(modes),
        ),
    )


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
        noise=NOISE_PRIOR,
        signal=EXPECTED_SIGNAL_PRIOR if is_expected else SIGNAL_PRIOR,
    )


def starts(posterior: Hyperposterior) -> tuple[Floats, ...]:
    """Returns where the search begins: the posterior often has a smooth and a wiggly optimum."""
    p, smooth = posterior.evidence.n_parameters, np.zeros(posterior.size)
    smooth[:p] = 1.0
    smooth[p] = 2.0
    return np.zeros(posterior.size), smooth


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A few draws and their weights, which sum to one."""

    u: Floats
    weights: tuple[float, ...]


def systematic(u: Floats, w: Floats, *, n: int) -> Chosen:
    """Returns a systematic sample: ``n`` equal steps through the draws, those alike beside another.

    Args:
        u: draws, ``s q``.
        w: their weights, which sum to one.
        n: how many steps; a draw that has several counts as often.
    """
    around_mean = u - w @ u
    _, vectors = np.linalg.eigh((w[:, None] * around_mean).T @ around_mean)
    order = np.argsort(around_mean @ vectors[:, -1], kind="stable")
    steps = (np.arange(n) + 0.5) / n
    places = np.searchsorted(np.cumsum(w[order]), steps).clip(max=len(w) - 1)
    picked, counts = np.unique(places, return_counts=True)
    return Chosen(u=u[order[picked]], weights=tuple(float(count) / n for count in counts))


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


def _read(memo: Mapping[str, Any] | None, size: int) -> list[Floats]:
    if memo is None:
        return []
    try:
        modes = [np.array(mode, dtype=np.float64) for mode in memo["modes"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"This is no memo of {FAMILY}: {dict(memo)}.") from error
    if any(mode.shape != (size,) for mode in modes):
        raise InputError(
            f"The previous fit has modes of {len(modes[0])} hyperparameters, the space has {size}."
        )
    return modes


def _n_draws(n: int) -> int:
    return max(_FEWEST_DRAWS, min(_MOST_DRAWS, _DRAWS_TIMES_OBSERVATIONS // max(n, 1)))


def _sample(posterior: Hyperposterior, parts: tuple[Part, ...]) -> _Sample:
    """Returns weighted draws, in as many rounds as are needed."""
    values, n = np.empty(0), sum(part.n for part in parts)
    for rounds in range(1, _ROUNDS + 1):
        proposal = propose(parts)
        values = np.concatenate([values, posterior.values(proposal.u[len(values) :])])
        weights = smoothed_weights(values - proposal.log_density)
        is_enough = weights.can_be_trusted and weights.n_effective >= _ENOUGH * n
        if is_enough or rounds == _ROUNDS:
            break
        parts = (*parts, _around_draws(proposal.u, weights.w, n=n))
    return _Sample(u=proposal.u, weights=weights)


def _around_draws(u: Floats, w: Floats, *, n: int) -> Part:
    """Returns a part with the mean and covariance of weighted draws."""
    centre = w @ u
    covariance = (w[:, None] * (u - centre)).T @ (u - centre)
    values, vectors = np.linalg.eigh(covariance)
    return Part(centre=centre, root=vectors * np.sqrt(np.maximum(values, _NARROWEST**2)), n=n)


def _spread(n: int) -> Floats:
    """Returns n shares between 0 and 1, evenly spread in an order that no trend follows."""
    golden = 0.5 * (math.sqrt(5.0) - 1.0)
    ranks = np.argsort(np.argsort((golden * np.arange(1, n + 1)) % 1.0))
    shares: Floats = (ranks + 0.5) / n
    return shares
