"""Values of a tree's nodes: each its parent's and a step, given the observations in its leaves.

| symbol | meaning                                                                     | shape |
|--------|-----------------------------------------------------------------------------|-------|
| v_k    | variance of the step from level k - 1 to k; falls by a factor a level       | depth |
| p, m   | precision and mean of a node's value from the observations below it         | t k   |
| N      | noise variances                                                             | n     |

Upwards a node's p is the sum of ``p_c / (1 + p_c v)`` of its children, and m their mean by these
weights. Downwards a child given its parent is normal of precision ``1 / v + p_c`` and mean
``(parent / v + p_c m_c) / (1 / v + p_c)``. Both passes are exact: within one tree this is a normal
process, whose covariance is the sum of the steps that two configurations share.

Source: the hierarchy of Mondrian forests (see ``trees``), its means drawn rather than expected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.models.forest.trees import Trees
from planner.space import Floats

_ROOT_VARIANCE = 4.0


@dataclass(frozen=True, slots=True)
class Steps:
    """How the process varies from level to level.

    Args:
        signal: variance of all steps together.
        decay: a step's variance relative to that of the level above.
    """

    signal: float
    decay: float

    def variances(self, depth: int) -> Floats:
        """Returns v, from level 1 on."""
        steps = self.decay ** np.arange(depth)
        variances: Floats = self.signal * steps / steps.sum()
        return variances


def draw_values(
    trees: Trees,
    x: Floats,
    z: Floats,
    noise: Floats,
    *,
    steps: Steps,
    n: int,
    generator: np.random.Generator,
) -> Floats:
    """Draws the values of all nodes ``n`` times, shape ``t s m``; those of leaves are what counts.

    Args:
        trees: where the nodes are.
        x: encoded configurations.
        z: outcomes, standardised, or one row of them a tree; NaN where a tree does not see one.
        noise: their noise variances.
        steps: how the process varies beforehand.
        n: how many draws.
        generator: of the draws.
    """
    precision, mean = _upwards(trees, x, z, noise, steps)
    t, m = precision.shape
    v = steps.variances(trees.depth)
    normal = generator.standard_normal((t, n, m))
    values = np.zeros((t, n, m))
    total = 1.0 / _ROOT_VARIANCE + precision[:, :1]
    values[:, :, 0] = precision[:, :1] * mean[:, :1] / total + normal[:, :, 0] / np.sqrt(total)
    for level in range(1, trees.depth + 1):
        first, width = 2**level - 1, 2**level
        here = slice(first, first + width)
        parents = np.repeat(values[:, :, (first - 1) // 2 : first], 2, axis=2)
        # a leaf above the last level takes all steps that are left at once
        is_leaf = trees.column[:, None, here] < 0
        v_here = np.where(is_leaf, v[level - 1 :].sum(), v[level - 1])
        p, mean_here = precision[:, None, here], mean[:, None, here]
        total = 1.0 / v_here + p
        expected = (parents / v_here + p * mean_here) / total
        values[:, :, here] = expected + normal[:, :, here] / np.sqrt(total)
    return values


def _upwards(
    trees: Trees, x: Floats, z: Floats, noise: Floats, steps: Steps
) -> tuple[Floats, Floats]:
    """Returns p and m of every node."""
    t, m = trees.column.shape
    outcomes = np.broadcast_to(z, (t, len(x)))
    is_seen = ~np.isnan(outcomes)
    place = (trees.leaves(x) + m * np.arange(t)[:, None])[is_seen]
    each = np.broadcast_to(1.0 / noise, outcomes.shape)[is_seen]
    # of nothing observed the counts would be integers
    precision, weighted = (
        np.bincount(place, weights, minlength=t * m).astype(np.float64).reshape(t, m)
        for weights in (each, each * outcomes[is_seen])
    )
    v = steps.variances(trees.depth)
    for level in range(trees.depth, 0, -1):
        first, width = 2**level - 1, 2**level
        here, above = slice(first, first + width), slice((first - 1) // 2, first)
        shrunk = 1.0 / (1.0 + precision[:, here] * v[level - 1])
        precision[:, above] += (precision[:, here] * shrunk).reshape(t, -1, 2).sum(axis=2)
        weighted[:, above] += (weighted[:, here] * shrunk).reshape(t, -1, 2).sum(axis=2)
    return np.asarray(precision, dtype=np.float64), weighted / np.maximum(precision, 1e-300)
