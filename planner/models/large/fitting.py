"""The fit of ``large_gp``: hyperparameters by what the nearest settings predict of a sample.

| symbol | meaning                                                                | shape |
|--------|------------------------------------------------------------------------|-------|
| theta  | log lengthscales, log noise variance, log signal variance              | p + 2 |
| t      | sample of settings, each with its nearest others                       | b     |
| r      | what these predict of its centre lacks, ``z - w'z_N``, without a mean  | b     |
| u      | what is left to the constant mean, ``1 - w'1``                         | b     |
| s      | variance of the prediction of the centre                               | b     |
| c      | the mean: ``sum u r / s / sum u^2 / s``, where the value is lowest     | 1     |

The value is ``sum (log s + (r - c u)^2 / s) / 2`` less the log density of the runs of each setting
around their centre, plus the priors' penalty: the density of what is left out, as of the exact
families' folds, and nearly the marginal likelihood where observations lie close.

Source: the composite of conditional densities of Stein, Chi and Welty, "Approximating Likelihoods
for Large Spatial Data Sets" (JRSS B 2004), of a sample, and each given its nearest in any order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from planner.models.failure import FitFailure
from planner.models.gaussian.fitting import read_previous
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.search import LAST, Priors, no_value, search
from planner.models.gaussian.standardised import Standardised, standardise
from planner.models.large.merged import Merged
from planner.models.large.neighbours import Tree
from planner.models.large.surrogate import LargeProcess
from planner.models.observations import SMALLEST_NOISE
from planner.models.priors import (
    EXPECTED_SIGNAL_PRIOR,
    SIGNAL_PRIOR,
    lengthscale_prior,
)
from planner.models.task import Task
from planner.rng import make_generator
from planner.space import Floats

# How many settings are predicted in the fit, and by how many others each.
_SAMPLE, _NEIGHBOURS = 512, 32
_SQRT5 = math.sqrt(5.0)


@dataclass(frozen=True, eq=False)
class Composite:
    """What one search works on, in standardised units.

    Args:
        merged: settings and the sums over their runs.
        sample: numbers of the settings that are predicted, ``b``.
        near: numbers of the settings that each is predicted from, ``b k``.
        columns: for each encoded column the index of the parameter it belongs to.
        mean_precision: infinite where the constant mean is 0, else 0.
        priors: of theta.
    """

    merged: Merged
    sample: Int64[Tensor, " b"]
    near: Int64[Tensor, "b k"]
    columns: tuple[int, ...]
    mean_precision: float
    priors: Priors

    def value_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Returns the negative log posterior (up to a constant) and its gradient."""
        variable = torch.from_numpy(theta.copy()).requires_grad_()
        try:
            value, _ = self._value_and_mean(variable)
        except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
            return no_value(theta)
        (gradient,) = torch.autograd.grad(value, variable)
        penalty, slope = self.priors.penalty(theta)
        return float(value.detach()) + penalty, gradient.numpy() + slope

    def mean(self, theta: Floats) -> float:
        """Returns the constant mean at theta."""
        with torch.no_grad():
            return float(self._value_and_mean(torch.from_numpy(theta))[1])

    def _value_and_mean(
        self, theta: Float64[Tensor, " p"]
    ) -> tuple[Float64[Tensor, ""], Float64[Tensor, ""]]:
        noise, signal = theta[-2:].exp()
        centres = self.merged.centres(noise.clamp_min(SMALLEST_NOISE))
        scaled = self.merged.x / theta[list(self.columns)].exp()
        near, here = scaled[self.near], scaled[self.sample][:, None, :]
        factor = torch.linalg.cholesky(
            signal * _matern(near, near) + torch.diag_embed(centres.var[self.near])
        )
        across = signal * _matern(near, here)
        towards = torch.stack([centres.z[self.near], torch.ones_like(near[..., 0])], dim=-1)
        white = torch.linalg.solve_triangular(
            factor, torch.cat([across, towards], dim=-1), upper=False
        )
        v, known = white[..., :1], white[..., 1:]
        predicted = (v * known).sum(dim=-2)
        r, u = centres.z[self.sample] - predicted[:, 0], 1.0 - predicted[:, 1]
        s = signal + centres.var[self.sample] - v.square().sum(dim=(-2, -1))
        s = s.clamp_min(SMALLEST_NOISE)
        # held: where the value is lowest it does not change with the mean
        mean = ((u * r / s).sum() / (u.square() / s).sum()).detach()
        mean = torch.zeros_like(mean) if math.isinf(self.mean_precision) else mean
        each = 0.5 * (s.log() + (r - mean * u).square() / s) - centres.log_within[self.sample]
        return each.sum(), mean


def fit(task: Task) -> LargeProcess | FitFailure:
    """Fits the process; the same task gives the same surrogate, in whatever order results came.

    Raises:
        InputError: the memo is of another family or space.
    """
    previous = read_previous(task)
    data = standardise(task)
    if isinstance(data, FitFailure):
        return data
    found = _fit(data, task, previous)
    if isinstance(found, FitFailure):
        return found
    return LargeProcess(
        observations=data.observations,
        hyperparameters=found,
        columns=task.columns,
        scale=data.scale,
    )


def _fit(
    data: Standardised, task: Task, previous: Hyperparameters | None
) -> Hyperparameters | FitFailure:
    priors = _priors(data, task)
    merged = Merged.of(
        data.observations.x, torch.from_numpy(data.z), torch.from_numpy(data.known_noise)
    )
    if len(merged.x) < 2:
        return _read(data, priors.mean, mean=float(data.z.mean()) if len(data.z) else 0.0)
    # the nearest are so by lengthscales, which are better known the second time
    first = priors.starts(None, n=0, lengthscales=task.n_parameters, noise=-2)
    rounds = [first, {}] if previous is None else [{}]
    theta = priors.mean if previous is None else _at(previous)
    for starts in rounds:
        problem = _composite(merged, task, theta, data.mean_precision, priors)
        found = search(
            problem.value_and_gradient,
            starts or {LAST: theta},
            priors=priors,
            keeps=task.keeps and previous is not None,
        )
        if isinstance(found, FitFailure):
            return found
        theta = found.theta
    return _read(data, theta, mean=problem.mean(theta))


def _composite(
    merged: Merged, task: Task, theta: Floats, mean_precision: float, priors: Priors
) -> Composite:
    order = make_generator(task.seed).permutation(len(merged.x))[:_SAMPLE]
    sample = torch.from_numpy(np.sort(order))
    tree = Tree(merged.x, torch.from_numpy(np.exp(theta[list(task.columns)])))
    # distinct settings: the nearest of each is itself
    near = tree.nearest(merged.x[sample], _NEIGHBOURS + 1)[:, 1:]
    return Composite(
        merged=merged,
        sample=sample,
        near=near,
        columns=task.columns,
        mean_precision=mean_precision,
        priors=priors,
    )


def _priors(data: Standardised, task: Task) -> Priors:
    lengthscale = lengthscale_prior(task.n_parameters)
    is_expected = math.isinf(data.mean_precision)
    signal = EXPECTED_SIGNAL_PRIOR if is_expected else SIGNAL_PRIOR
    each = [lengthscale] * task.n_parameters + [data.noise_prior, signal]
    return Priors.of(each)


def _at(found: Hyperparameters) -> Floats:
    noise = max(found.noise_variance, SMALLEST_NOISE)
    return np.log([*found.lengthscales, noise, found.signal_variance])


def _read(data: Standardised, theta: Floats, *, mean: float) -> Hyperparameters:
    return Hyperparameters(
        lengthscales=tuple(float(each) for each in np.exp(theta[:-2])),
        noise_variance=data.next_noise(math.exp(theta[-2])),
        mean=mean,
        signal_variance=math.exp(theta[-1]),
    )


def _matern(a: Float64[Tensor, "*b n d"], b: Float64[Tensor, "*b m d"]) -> Tensor:
    r = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
    return (1.0 + _SQRT5 * r + (5.0 / 3.0) * r.square()) * torch.exp(-_SQRT5 * r)
