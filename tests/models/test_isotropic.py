"""One lengthscale for all parameters."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import minimize

from planner.models import GaussianProcess, Observations, Task, fit
from planner.models.gaussian.fitting import fit_isotropic
from tests.oracles import gaussian_process as oracle


def make_table(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.random((n, 3))
    return x, np.sin(6 * x[:, 0]) + 0.5 * x[:, 1] + rng.normal(0.0, 0.1, n)


def fitted(x: np.ndarray, y: np.ndarray) -> GaussianProcess:
    found = fit_isotropic(Task(observations=Observations.from_arrays(x, y), columns=(0, 1, 2)))
    assert isinstance(found, GaussianProcess)
    return found


def test_all_lengthscales_are_one_and_are_the_most_probable() -> None:
    x, y = make_table(15, 1)
    z = (y - y.mean()) / y.std(ddof=1)

    def negative_log_posterior(theta: np.ndarray) -> float:
        likelihood = oracle.log_marginal_likelihood(
            x,
            z,
            np.full(15, math.exp(theta[1])),
            lengthscales=np.full(3, math.exp(theta[0])),
            mean=theta[2],
        )
        prior = (theta[0] - (-1 + 0.5 * math.log(3))) ** 2 + (theta[1] + 4) ** 2
        return 0.5 * prior - likelihood

    h = fitted(x, y).hyperparameters
    theta = np.array([math.log(h.lengthscales[0]), math.log(h.noise_variance), h.mean])
    theirs = minimize(negative_log_posterior, theta + 0.3, method="Nelder-Mead").fun

    assert len(set(h.lengthscales)) == 1
    # both end within a relative 1e-6 of a value of about 10
    assert negative_log_posterior(theta) <= theirs + 1e-4


def test_it_is_a_family_of_its_own() -> None:
    x, y = make_table(15, 2)
    plain = fit(Task(observations=Observations.from_arrays(x, y), columns=(0, 1, 2)))

    isotropic = fitted(x, y)

    assert (isotropic.family, plain.family) == ("isotropic_gp", "gp")
    assert isotropic.version != plain.version
    at = torch.rand(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    # the third parameter does nothing, which only the plain process can say
    assert float((isotropic.predict(at).mean - plain.predict(at).mean).abs().max()) > 0.01
