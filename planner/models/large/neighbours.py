"""Predictions from the nearest settings, and how their errors go together.

| symbol | meaning                                                             | shape |
|--------|---------------------------------------------------------------------|-------|
| N      | the k settings nearest to a configuration, in lengthscales          | k     |
| C      | covariance of what was measured there: k(N, N) + diag(noise)        | k k   |
| w      | weights ``C^-1 k(N, x)``                                            | k     |
| e      | error of the prediction: ``f(x) - mean - w'(z - mean)``             | 1     |

``w'z`` is the best prediction from those settings, not from all, so f given its nearest is not one
process. Its errors are: f is one beforehand, and each e is linear in f and the noise, so

``cov(e_a, e_b) = k(a, b) - w_a'k(N_a, b) - k(a, N_b) w_b + w_a'C(N_a, N_b) w_b``

where C has the noise of the settings that both ask. It is a covariance whatever the neighbours are,
its diagonal ``k(x, x) - w'k(N, x)`` is the variance given N, and with all settings as neighbours it
is the posterior covariance of the exact process.

Source: the neighbours of Vecchia, "Estimation and Model Identification for Continuous Spatial
Processes" (JRSS B 1988); Datta et al., "Hierarchical Nearest-Neighbor Gaussian Process Models for
Large Geostatistical Datasets" (JASA 2016), whose predictions at two places have no errors in common
and would not keep the picks of a batch apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float64, Int64
from scipy.spatial import cKDTree
from torch import Tensor

Kernel = Callable[[Tensor, Tensor], Tensor]

# Entries of a covariance that are held at once: a quarter of a gigabyte.
_MOST_ENTRIES = 1 << 25


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What predictions are made of.

    Args:
        at: numbers of the settings that each asks, ``m k``.
        w: their weights, ``m k``.
        variance: of the error, ``m``.
    """

    at: Int64[Tensor, "m k"]
    w: Float64[Tensor, "m k"]
    variance: Float64[Tensor, " m"]


class Tree:
    """Finds nearest settings.

    Args:
        x: settings.
        lengthscales: by which distances are measured, one a column.
    """

    def __init__(self, x: Float64[Tensor, "s d"], lengthscales: Float64[Tensor, " d"]) -> None:
        self._lengthscales = lengthscales
        self._tree = cKDTree((x / lengthscales).numpy())

    def nearest(self, x: Float64[Tensor, "m d"], k: int) -> Int64[Tensor, "m k"]:
        """Returns the numbers of the k nearest settings, or of all where there are fewer."""
        k = min(k, self._tree.n)
        if k == 0:
            return torch.empty(len(x), 0, dtype=torch.long)
        scaled = (x.detach() / self._lengthscales).numpy()
        found = self._tree.query(scaled, k=list(range(1, k + 1)))[1]
        return torch.from_numpy(found).reshape(len(x), k).long()


def weigh(
    kernel: Kernel,
    x: Float64[Tensor, "m d"],
    at: Int64[Tensor, "m k"],
    *,
    settings: Float64[Tensor, "s d"],
    var: Float64[Tensor, " s"],
    signal: float,
) -> Weights:
    """Returns the weights of the neighbours; can be differentiated with respect to x."""
    near = settings[at]
    c = kernel(near, near) + torch.diag_embed(var[at])
    across = kernel(near, x[:, None, :])
    w = torch.cholesky_solve(across, torch.linalg.cholesky(c))[..., 0]
    return Weights(at=at, w=w, variance=signal - (w * across[..., 0]).sum(dim=-1))


def error_covariance(
    kernel: Kernel,
    a: tuple[Float64[Tensor, "n d"], Weights],
    b: tuple[Float64[Tensor, "m d"], Weights],
    *,
    settings: Float64[Tensor, "s d"],
    var: Float64[Tensor, " s"],
) -> Float64[Tensor, "n m"]:
    """Returns the covariances of errors; can be differentiated with respect to both places."""
    (x_a, weights_a), (x_b, weights_b) = a, b
    asked_b, w_b = _spread_out(weights_b)
    ahead = torch.cat([settings[asked_b], x_b])
    n_rows = max(1, _MOST_ENTRIES // (max(1, weights_a.at.shape[1]) * len(ahead)))
    parts = []
    for rows in torch.split(torch.arange(len(x_a)), n_rows):
        part = Weights(weights_a.at[rows], weights_a.w[rows], weights_a.variance[rows])
        asked_a, w_a = _spread_out(part)
        c = kernel(settings[asked_a], ahead)
        same_a, same_b = _shared(asked_a, asked_b)
        c = c.index_put((same_a, same_b), var[asked_a[same_a]], accumulate=True)
        left = kernel(x_a[rows], ahead) - w_a @ c
        parts.append(left[:, len(asked_b) :] - left[:, : len(asked_b)] @ w_b.T)
    return torch.cat(parts) if parts else x_a.new_zeros(0, len(x_b))


def _spread_out(weights: Weights) -> tuple[Int64[Tensor, " u"], Float64[Tensor, "m u"]]:
    """Returns the settings that any of the predictions asks, and the weights that they have."""
    asked, place = torch.unique(weights.at, return_inverse=True)
    zeros = weights.w.new_zeros(len(weights.w), len(asked))
    return asked, zeros.scatter(1, place, weights.w)


def _shared(
    a: Int64[Tensor, " u"], b: Int64[Tensor, " v"]
) -> tuple[Int64[Tensor, " s"], Int64[Tensor, " s"]]:
    """Returns the places in a and in b, both sorted, of what is in both."""
    place = torch.searchsorted(b, a).clamp_max(len(b) - 1)
    is_in = b[place] == a
    return torch.nonzero(is_in)[:, 0], place[is_in]
