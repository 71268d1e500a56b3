"""Trees over the unit cube, all grown at once.

| symbol | meaning                                                                  | shape |
|--------|--------------------------------------------------------------------------|-------|
| t      | trees                                                                    |       |
| node   | children of node i are 2 i + 1 and 2 i + 2, whatever the tree            |       |
| w      | weight of an observation in a tree: exponential, a Bayesian bootstrap    | t n   |

A node that holds observations is split until the depth is reached, also between its one
observation and the empty rest of its cell. Most splits are the best of one random threshold a
column, by the squared sums of outcomes; the others cut the cell anywhere, so that trees differ most
where there are no data.

Source: Geurts, Ernst and Wehenkel, "Extremely randomized trees" (Machine Learning 2006) for the
first, Lakshminarayanan, Roy and Teh, "Mondrian Forests" (NeurIPS 2014) for the second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.space import Floats

Ints = np.ndarray[tuple[int, ...], np.dtype[np.intp]]

# Share of the splits that do not look at outcomes.
_BLIND = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Where each node splits: to the left what is at most the threshold.

    Args:
        column: encoded column, ``t m``; -1 in a leaf.
        threshold: ``t m``.
        depth: of the deepest leaves.
    """

    column: Ints
    threshold: Floats
    depth: int

    def leaves(self, x: Floats) -> Ints:
        """Returns the leaf that holds each configuration in each tree, ``t n``."""
        return self.paths(x)[-1]

    def paths(self, x: Floats) -> list[Ints]:
        """Returns the node that holds each configuration, by level; what is a leaf stays."""
        rows, trees = np.arange(len(x))[None, :], np.arange(len(self.column))[:, None]
        node: Ints = np.zeros((len(self.column), len(x)), dtype=np.intp)
        nodes = [node]
        for _ in range(self.depth):
            column = self.column[trees, node]
            is_right = x[rows, np.maximum(column, 0)] > self.threshold[trees, node]
            node = np.where(column < 0, node, 2 * node + 1 + is_right)
            nodes.append(node)
        return nodes


def grow(
    x: Floats, z: Floats, *, n_trees: int, depth: int, generator: np.random.Generator
) -> Trees:
    """Grows trees on observations.

    Args:
        x: encoded configurations, ``n d``.
        z: outcomes, or one row of them a tree, ``t n``; NaN where a tree does not see one.
        n_trees: how many.
        depth: of the deepest leaves.
        generator: of splits and weights.
    """
    n, d = x.shape
    n_nodes = 2 ** (depth + 1) - 1
    column = np.full((n_trees, n_nodes), -1, dtype=np.intp)
    threshold = np.zeros((n_trees, n_nodes))
    outcomes = np.broadcast_to(z, (n_trees, n))
    is_seen = ~np.isnan(outcomes)
    weights = generator.exponential(size=(n_trees, n)) * is_seen
    node = np.zeros((n_trees, n), dtype=np.intp)
    low, high = np.zeros((n_trees, 1, d)), np.ones((n_trees, 1, d))
    for level in range(depth):
        first, width = 2**level - 1, 2**level
        place = (node - first) + width * np.arange(n_trees)[:, None]
        level_nodes = _Level(
            x=np.broadcast_to(x, (n_trees, n, d))[is_seen],
            z=outcomes[is_seen],
            w=weights[is_seen],
            place=place[is_seen],
            low=low.reshape(-1, d),
            high=high.reshape(-1, d),
        )
        columns, thresholds = _split(level_nodes, generator)
        here = slice(first, first + width)
        column[:, here] = columns.reshape(n_trees, width)
        threshold[:, here] = thresholds.reshape(n_trees, width)
        low, high = _halves(low, high, column[:, here], threshold[:, here])
        at = np.take_along_axis(column, node, axis=1)
        is_right = x[np.arange(n)[None, :], np.maximum(at, 0)] > np.take_along_axis(
            threshold, node, axis=1
        )
        # what a tree does not see may fall into a leaf, and stays at the left of it unused
        node = 2 * node + 1 + is_right
    return Trees(column=column, threshold=threshold, depth=depth)


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """The nodes of one level of all trees, and the observations in them."""

    x: Floats
    z: Floats
    w: Floats
    place: Ints
    low: Floats
    high: Floats


def _split(level: _Level, generator: np.random.Generator) -> tuple[Ints, Floats]:
    """Returns column and threshold of each node's split; -1 where it holds nothing."""
    m, d = level.low.shape
    counts = np.bincount(level.place, minlength=m)
    least, most = np.full((m, d), np.inf), np.full((m, d), -np.inf)
    np.minimum.at(least, level.place, level.x)
    np.maximum.at(most, level.place, level.x)
    is_wide = most > least
    least, most = (np.where(is_wide, each, 0.0) for each in (least, most))
    thresholds = least + generator.random((m, d)) * (most - least)
    gains = np.where(is_wide, _gains(level, thresholds), -np.inf)
    chosen = gains.argmax(axis=1)

    side = level.high - level.low
    share = side.cumsum(axis=1) / side.sum(axis=1, keepdims=True)
    blind = (share < generator.random((m, 1))).sum(axis=1).clip(max=d - 1)
    is_blind = (generator.random(m) < _BLIND) | ~is_wide.any(axis=1)
    columns = np.where(is_blind, blind, chosen)
    nodes = np.arange(m)
    anywhere = level.low[nodes, blind] + generator.random(m) * side[nodes, blind]
    found = np.where(is_blind, anywhere, thresholds[nodes, chosen])
    return np.where(counts > 0, columns, -1), found


def _gains(level: _Level, thresholds: Floats) -> Floats:
    """Returns, up to a constant a node, by how much each split lowers the squared errors."""
    m, d = thresholds.shape
    gains = np.zeros((m, d))
    totals = [np.bincount(level.place, each, minlength=m) for each in (level.w, level.w * level.z)]
    for column in range(d):
        is_left = level.x[:, column] <= thresholds[level.place, column]
        w, wz = (
            np.bincount(level.place, each * is_left, minlength=m)
            for each in (level.w, level.w * level.z)
        )
        for weight, outcome in ((w, wz), (totals[0] - w, totals[1] - wz)):
            gains[:, column] += np.square(outcome) / np.maximum(weight, 1e-12)
    return gains


def _halves(low: Floats, high: Floats, column: Ints, threshold: Floats) -> tuple[Floats, Floats]:
    """Returns the cells of the children, left and right of each parent in turn."""
    t, width, d = low.shape
    is_split = np.arange(d) == column[:, :, None]
    cut = threshold[:, :, None]
    lows = np.stack([low, np.where(is_split, cut, low)], axis=2)
    highs = np.stack([np.where(is_split, cut, high), high], axis=2)
    return lows.reshape(t, 2 * width, d), highs.reshape(t, 2 * width, d)
