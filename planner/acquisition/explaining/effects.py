"""Which parameter's effect a run would settle: the variance that it removes of each.

The effect of a parameter is how the process, averaged over all others, runs along it:
``g(t) = mean over b of f(t, b without it)``, less its own mean over t. A run at x lowers the
variance of g at t by ``cov(g(t), f(x))^2 / (v + noise)``, whatever comes out of it.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.acquisition.explaining.effort import Effort
from planner.models import Surrogate
from planner.space import Floats

# Covariances of so many points at once stay small enough that their memory is used again.
_BLOCK = 128
# Less unknown than this share of the prior variance is rounding.
_NOTHING = 1e-12


def shares_settled(
    surrogate: Surrogate,
    x: Floats,
    background: Floats,
    *,
    columns: tuple[int, ...],
    effort: Effort,
) -> Floats:
    """Returns for each parameter the share of its effect's variance that a run at x removes, ``p``.

    Args:
        surrogate: conditioned on what will be measured before the run, and not on it.
        x: the configuration, encoded, ``d``.
        background: settings that stand for the space, in an order without meaning, ``m d``.
        columns: for each column the place of its parameter among the ``p``.
        effort: how many values of each parameter are looked at, and among how many of the others.
    """
    here, places = torch.from_numpy(x)[None, :], np.array(columns)
    grids = [_grid(background, places == index, effort=effort) for index in range(places.max() + 1)]
    with torch.no_grad():
        sd = surrogate.moments(here)[1]
        of_run = float((sd.square() + surrogate.noise_sd(here).square())[0])
        points = torch.cat([grid.reshape(-1, len(x)) for grid in grids])
        with_run = surrogate.covariance(points, here)[:, 0]
        own = torch.split(with_run, [grid.shape[0] * grid.shape[1] for grid in grids])
        shares = [
            _share(surrogate, grid, covaried, of_run)
            for grid, covaried in zip(grids, own, strict=True)
        ]
    return np.array(shares)


def _grid(
    background: Floats, own: np.ndarray[tuple[int], np.dtype[np.bool_]], *, effort: Effort
) -> Float64[Tensor, "l b d"]:
    """Returns each level of a parameter's own columns joined to each setting of the others."""
    distinct = np.unique(background[:, own], axis=0)
    # evenly through the sorted values: quantiles of a number, nearly all choices of a category
    n_levels = min(effort.levels, len(distinct))
    chosen = np.linspace(0, len(distinct) - 1, n_levels).round().astype(int)
    others = background[: effort.others]
    grid = np.repeat(others[None, :, :], len(chosen), axis=0)
    grid[:, :, own] = distinct[chosen][:, None, :]
    return torch.from_numpy(grid)


def _share(
    surrogate: Surrogate,
    grid: Float64[Tensor, "l b d"],
    with_run: Float64[Tensor, " k"],
    of_run: float,
) -> float:
    n_levels, n_others, d = grid.shape
    points = grid.reshape(-1, d)
    joint = torch.cat(
        [
            surrogate.covariance(block.reshape(-1, d), points)
            .reshape(-1, n_others, n_levels, n_others)
            .mean(dim=(1, 3))
            for block in torch.split(grid, max(1, _BLOCK // n_others))
        ]
    )
    effect = _centred(joint)
    unknown = float(_centred(effect.T).diagonal().sum())
    at_levels = with_run.reshape(n_levels, n_others).mean(dim=1)
    removed = float((at_levels - at_levels.mean()).square().sum()) / of_run
    floor = _NOTHING * surrogate.prior_sd**2 * n_levels
    return min(removed / unknown, 1.0) if unknown > floor else 0.0


def _centred(cov: Float64[Tensor, "l m"]) -> Float64[Tensor, "l m"]:
    return cov - cov.mean(dim=0, keepdim=True)
