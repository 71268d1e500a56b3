"""Sums and products of small matrices beside NumPy's general functions."""

from __future__ import annotations

import numpy as np
import pytest

from planner.models.gaussian.matrices import products, weighed


@pytest.mark.parametrize("p", [0, 1, 3])
@pytest.mark.parametrize("batch", [(), (2,), (2, 4)])
def test_weighed_sums_and_products_of_any_number_of_matrices(p: int, batch: tuple[int]) -> None:
    """Of none the sum is zero, and there are no products. Sums of three round by 1e-15 at most."""
    rng = np.random.default_rng(None)
    weights, matrices = rng.random((*batch, p)), rng.random((p, 5, 5))
    symmetric = matrices.sum(axis=0) + matrices.sum(axis=0).T

    np.testing.assert_allclose(
        weighed(weights, matrices), np.tensordot(weights, matrices, axes=1), rtol=0, atol=1e-14
    )
    np.testing.assert_allclose(
        products(matrices, symmetric), np.einsum("pij,ij->p", matrices, symmetric), rtol=1e-13
    )
