"""Normal approximations at the modes of a posterior of hyperparameters, and draws around them.

| symbol | meaning                                                              | shape |
|--------|----------------------------------------------------------------------|-------|
| u      | hyperparameters in deviations of their priors                        | q     |
| H      | minus the second derivative of the log density at a mode             | q q   |
| B      | a root of H^-1: B B' = H^-1                                          | q q   |
| t      | standard Student draws of 5 degrees of freedom                       | s q   |

A proposal is a mixture of ``mode + B t`` over the modes and of the prior, ``t`` itself.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import fmin_l_bfgs_b
from scipy.special import chdtri, logsumexp, ndtri
from scipy.stats import qmc

from planner.models.averaging.hyperposterior import Hyperposterior
from planner.models.gaussian.search import EPSILON, LEAST_GAIN, SMALLEST_SLOPE
from planner.space import Floats

_FREEDOM = 5.0
_MOST_STEPS = 100
# How far from its prior, in deviations, a hyperparameter may go.
_FARTHEST = 6.0
_STEP = 1e-3
# Modes nearer than this, in prior deviations, are one.
_NEAR = 0.1
# Directions that are flatter than twice the prior's variance are taken as that.
_FLATTEST = 0.5
# Share of the draws that the prior has, so that nothing it allows is missed.
_PRIOR_SHARE = 0.15
_SEED = 20_262


@dataclass(frozen=True, slots=True, eq=False)
class Mode:
    """A mode and its surroundings.

    Args:
        u: where it is.
        value: log density there.
        root: B.
    """

    u: Floats
    value: float
    root: Floats

    @property
    def log_mass(self) -> float:
        """Logarithm of the mass that the normal approximation gives it, up to a constant."""
        return self.value + float(np.linalg.slogdet(self.root)[1])


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a proposal: ``centre + B t``.

    Args:
        centre: its middle, ``q``.
        root: B.
        n: how many draws it has.
    """

    centre: Floats
    root: Floats
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """Draws and the density that they were drawn from.

    Args:
        u: draws, ``s q``.
        log_density: of each, up to a constant.
    """

    u: Floats
    log_density: Floats


def find_modes(posterior: Hyperposterior, starts: Sequence[Floats]) -> tuple[Mode, ...]:
    """Returns the modes that are reached from the starts, the highest first.

    Args:
        posterior: of the hyperparameters.
        starts: each ``q``.

    Returns:
        None at all where the density is 0 at every start.
    """
    found: list[tuple[Floats, float]] = []
    for start in starts:
        u, value, _ = fmin_l_bfgs_b(
            lambda u: _negative(posterior, u),
            start,
            bounds=[(-_FARTHEST, _FARTHEST)] * posterior.size,
            maxiter=_MOST_STEPS,
            factr=LEAST_GAIN / EPSILON,
            pgtol=SMALLEST_SLOPE,
        )
        if math.isfinite(value) and all(np.abs(u - known).max() > _NEAR for known, _ in found):
            found.append((u, -float(value)))
    modes = [Mode(u=u, value=value, root=_root(posterior, u)) for u, value in found]
    return tuple(sorted(modes, key=lambda mode: -mode.value))


def around(modes: Sequence[Mode], n: int) -> tuple[Part, ...]:
    """Returns the parts of a proposal: the modes and the prior.

    Modes of less mass have fewer draws, but not in proportion: their mass is a guess.

    Args:
        modes: at least one.
        n: about how many draws.
    """
    masses = np.array([mode.log_mass for mode in modes])
    shares = np.exp(0.5 * (masses - masses.max()))
    shares *= (1.0 - _PRIOR_SHARE) / shares.sum()
    q = len(modes[0].u)
    prior = Part(centre=np.zeros(q), root=np.eye(q), n=round(n * _PRIOR_SHARE))
    return *(
        Part(centre=mode.u, root=mode.root, n=max(1, round(n * share)))
        for mode, share in zip(modes, shares, strict=True)
    ), prior


def propose(parts: Sequence[Part]) -> Proposal:
    """Returns quasi-random draws of the parts; always the same, those of earlier parts first."""
    ends = np.cumsum([part.n for part in parts])
    draws = np.split(_student(len(parts[0].centre), int(ends[-1])), ends[:-1])
    u = np.concatenate(
        [part.centre + t @ part.root.T for part, t in zip(parts, draws, strict=True)]
    )
    densities = [
        math.log(part.n)
        + _log_student(np.asarray(np.linalg.solve(part.root, (u - part.centre).T).T))
        - np.linalg.slogdet(part.root)[1]
        for part in parts
    ]
    return Proposal(u=u, log_density=np.asarray(logsumexp(densities, axis=0), dtype=np.float64))


def _negative(posterior: Hyperposterior, u: Floats) -> tuple[float, Floats]:
    value, gradient = posterior.value_and_gradient(u)
    return -value, -gradient


def _root(posterior: Hyperposterior, u: Floats) -> Floats:
    """Returns B, from central differences of the gradient."""
    rows = [
        posterior.value_and_gradient(u - step)[1] - posterior.value_and_gradient(u + step)[1]
        for step in _STEP * np.eye(len(u))
    ]
    curvature = np.array(rows) / (2.0 * _STEP)
    values, vectors = np.linalg.eigh(0.5 * (curvature + curvature.T))
    root: Floats = vectors / np.sqrt(np.maximum(values, _FLATTEST))
    return root


@functools.cache
def _student(q: int, n: int) -> Floats:
    """Returns scrambled Sobol points as Student draws in a random order, shape ``n q``."""
    sobol = qmc.Sobol(q + 1, scramble=True, rng=np.random.default_rng(_SEED))
    uniform = sobol.random(1 << math.ceil(math.log2(n)))[:n].clip(1e-9, 1.0 - 1e-9)
    chi_square = chdtri(_FREEDOM, uniform[:, q:])
    draws: Floats = ndtri(uniform[:, :q]) * np.sqrt(_FREEDOM / chi_square)
    return draws


def _log_student(t: Floats) -> Floats:
    q = t.shape[1]
    density: Floats = -0.5 * (_FREEDOM + q) * np.log1p((t**2).sum(axis=1) / _FREEDOM)
    return density
