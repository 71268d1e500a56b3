"""Small symmetric matrices: what a fit does with them a thousand times.

A fit of some dozens of observations takes as long as its calls of NumPy do, not its arithmetic; the
general functions (``tensordot``, ``tril``, ``diag_indices``) take 4 to 40 times as long as these.
"""

from __future__ import annotations

import math

import numpy as np

from planner.space import Floats


def diagonal_of(matrix: Floats) -> Floats:
    """Returns the diagonal of a square matrix, to be read and written."""
    diagonal: Floats = np.einsum("ii->i", matrix)
    return diagonal


def mirrored(lower: Floats) -> Floats:
    """Returns the symmetric matrix of a lower triangle, above which there are zeros."""
    whole = lower + lower.T
    diagonal_of(whole)[:] *= 0.5
    return whole


def weighed(weights: Floats, matrices: Floats) -> Floats:
    """Returns weighted sums of matrices.

    Args:
        weights: one a matrix, shape ``*b p``.
        matrices: shape ``p n n``.

    Returns:
        A sum for each row of weights, ``*b n n``; zeros where there are no matrices.
    """
    p, *shape = matrices.shape
    sums: Floats = weights @ matrices.reshape(p, math.prod(shape))
    return sums.reshape(*weights.shape[:-1], *shape)


def products(matrices: Floats, symmetric: Floats) -> Floats:
    """Returns for each of ``p n n`` symmetric matrices the sum of its products with another."""
    return np.asarray(matrices.reshape(len(matrices), symmetric.size) @ symmetric.ravel("K"))
