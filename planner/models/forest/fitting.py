"""The fit of a forest: noise from what trees missed that did not see a result, then the trees."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch

from planner.models.drawn.noise import NoiseField, fit_noise, known_noise
from planner.models.failure import FitFailure
from planner.models.forest.levels import Steps, draw_values
from planner.models.forest.surrogate import Forest
from planner.models.forest.trees import Trees, grow
from planner.models.known_noise import prior_beside
from planner.models.observations import SMALLEST_NOISE
from planner.models.scaling import standard_scale
from planner.models.task import Task
from planner.space import Floats

_TREES = 128
_DRAWS = 2
_DEPTH = 10
# The noise: so many trees leave out each part of the data.
_PARTS, _PER_PART = 5, 24
_FEWEST_FOR_NOISE = 10
_PAIRS = 512
# Tried in turn: variance of the process, how it falls from level to level, spread of the trees.
_SIGNALS = (0.25, 0.5, 1.0, 2.0)
_DECAYS = (0.3, 0.5, 0.7)
_SPREADS = (0.6, 0.8, 1.0)


def fit(task: Task) -> Forest | FitFailure:
    """Grows a forest.

    Args:
        task: what to fit to; its seed is that of all splits and draws.

    Returns:
        The surrogate, or a value that says why there is none.
    """
    ordered = task.observations.in_order()
    scale = standard_scale(ordered.y.numpy(), task.scale)
    if isinstance(scale, FitFailure):
        return scale
    generator = np.random.default_rng(task.seed)
    x, z = ordered.x.numpy(), (ordered.y.numpy() - scale.mean) / scale.sd
    known = ordered.var.numpy() / scale.sd**2
    learned = _learn(x, z, known, generator)
    noise = np.exp(learned.noise.log_variance(ordered.x).numpy())
    noise = np.maximum(np.where(np.isnan(known), noise, known), SMALLEST_NOISE)
    trees = grow(x, z, n_trees=_TREES, depth=_DEPTH, generator=generator)
    return Forest(
        observations=ordered,
        columns=task.columns,
        scale=scale,
        trees=trees,
        values=draw_values(trees, x, z, noise, steps=learned.steps, n=_DRAWS, generator=generator),
        steps=learned.steps,
        spread=learned.spread,
        noise=learned.noise,
        reach=_reach(trees, learned.steps, task.columns, generator),
    )


@dataclass(frozen=True, slots=True)
class _Learned:
    """What results that trees did not see say, and how well it predicts them."""

    steps: Steps
    spread: float
    noise: NoiseField
    log_density: float


def _learn(x: Floats, z: Floats, known: Floats, generator: np.random.Generator) -> _Learned:
    """Learns steps and noise from results that trees did not see."""
    n, d = x.shape
    level = prior_beside(known).mean
    start = np.where(np.isnan(known), math.exp(level), known)
    if n < _FEWEST_FOR_NOISE:
        noise = known_noise(known, d=d) or NoiseField(level=level, trends=(0.0,) * d)
        return _Learned(Steps(signal=1.0, decay=_DECAYS[0]), 1.0, noise, 0.0)
    part = generator.permutation(n) % _PARTS
    without = np.repeat(np.arange(_PARTS), _PER_PART)
    is_unseen = without[:, None] == part[None, :]
    seen = np.where(is_unseen, np.nan, z)
    trees = grow(x, seen, n_trees=len(without), depth=_DEPTH, generator=generator)
    leaves = trees.leaves(x)[:, None, :]
    weights = is_unseen[:, None, :] / (_PER_PART * _DRAWS)

    def of(steps: Steps) -> list[_Learned]:
        values = draw_values(trees, x, seen, start, steps=steps, n=_DRAWS, generator=generator)
        said = np.take_along_axis(values, leaves, axis=2)
        mean = (weights * said).sum(axis=(0, 1))
        variance = (weights * np.square(said - mean)).sum(axis=(0, 1))
        errors = z - mean
        return [_judged(x, errors, variance, known, steps, spread) for spread in _SPREADS]

    tried = (of(Steps(signal, decay)) for signal in _SIGNALS for decay in _DECAYS)
    return max(itertools.chain.from_iterable(tried), key=lambda each: each.log_density)


def _judged(
    x: Floats, errors: Floats, variances: Floats, known: Floats, steps: Steps, spread: float
) -> _Learned:
    variances = spread**2 * variances
    noise = fit_noise(x, errors, variances, known=known)
    learned = np.exp(noise.log_variance(torch.from_numpy(x)).numpy())
    total = variances + np.where(np.isnan(known), learned, known)
    density = -0.5 * (np.square(errors) / total + np.log(total)).sum()
    return _Learned(steps=steps, spread=spread, noise=noise, log_density=float(density))


def _reach(
    trees: Trees, steps: Steps, columns: tuple[int, ...], generator: np.random.Generator
) -> tuple[float, ...]:
    """Returns for each parameter how far apart two configurations correlate by half.

    From pairs that differ in one parameter, whose correlation falls exponentially with distance.
    """
    variances = steps.variances(trees.depth) / steps.signal
    d = len(columns)
    here = generator.random((_PAIRS, d))
    ours = trees.paths(here)
    reach = []
    for parameter in range(max(columns) + 1):
        mine = np.array(columns) == parameter
        there = np.where(mine, generator.random((_PAIRS, d)), here)
        apart = np.sqrt(np.square(there - here).sum(axis=1))
        both = zip(variances, ours[1:], trees.paths(there)[1:], strict=True)
        shared = np.sum([v * (a == b).mean(axis=0) for v, a, b in both], axis=0)
        rate = -np.log(np.clip(shared, 1e-3, 1.0)).sum() / apart.sum()
        reach.append(math.log(2.0) / max(float(rate), 1e-3))
    return tuple(reach)
