"""Weighted draws of hyperparameters, and few of them that stand for all.

Draws come from a proposal around the modes; where their weights are not to be trusted there is
another round around the weighted draws of the last.

Source: Cappe, Guillin, Marin and Robert, "Population Monte Carlo" (JCGS 2004), with all rounds
weighted as one mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.models.averaging.hyperposterior import Hyperposterior
from planner.models.averaging.importance import Weights, smoothed_weights
from planner.models.averaging.laplace import Mode, Part, around, propose
from planner.space import Floats

# Draws in a round: of many observations, where each costs most, the posterior is nearly normal and
# fewer serve.
_MOST_DRAWS = 256
_FEWEST_DRAWS = 64
_DRAWS_TIMES_OBSERVATIONS = 25_600
# Rounds at most; with fewer effective draws than a fifth of a round another is made.
_ROUNDS = 3
_ENOUGH = 0.2
# Smallest deviation, in prior deviations, of what another round draws around.
_NARROWEST = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Draws and their weights.

    Args:
        u: draws of all rounds, ``s q``.
        weights: of each.
    """

    u: Floats
    weights: Weights


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A few draws that stand for all.

    Args:
        u: draws, ``k q``.
        weights: they sum to one.
    """

    u: Floats
    weights: tuple[float, ...]


def draw_weighted(posterior: Hyperposterior, modes: Sequence[Mode]) -> Sample:
    """Returns weighted draws of a posterior, in as many rounds as are needed; always the same.

    Args:
        posterior: of the hyperparameters.
        modes: of it, at least one.
    """
    n = len(posterior.evidence.z)
    n_draws = max(_FEWEST_DRAWS, min(_MOST_DRAWS, _DRAWS_TIMES_OBSERVATIONS // max(n, 1)))
    parts, values = around(modes, n_draws), np.empty(0)
    for rounds in range(1, _ROUNDS + 1):
        proposal = propose(parts)
        values = np.concatenate([values, posterior.values(proposal.u[len(values) :])])
        weights = smoothed_weights(values - proposal.log_density)
        is_enough = weights.can_be_trusted and weights.n_effective >= _ENOUGH * n_draws
        if is_enough or rounds == _ROUNDS:
            break
        parts = (*parts, _around_draws(proposal.u, weights.w, n=n_draws))
    return Sample(u=proposal.u, weights=weights)


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


def _around_draws(u: Floats, w: Floats, *, n: int) -> Part:
    """Returns a part with the mean and covariance of weighted draws."""
    centre = w @ u
    covariance = (w[:, None] * (u - centre)).T @ (u - centre)
    values, vectors = np.linalg.eigh(covariance)
    return Part(centre=centre, root=vectors * np.sqrt(np.maximum(values, _NARROWEST**2)), n=n)
