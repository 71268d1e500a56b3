"""The control: what a right model is done by all that its correction learns from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.special import ndtr

from planner.models import (
    Evidence,
    GaussianProcess,
    Hyperparameters,
    Observations,
    OutcomeScale,
    Surrogate,
    correct,
)
from planner.models.coverage.corrected import Corrected
from planner.models.coverage.correction import OF_ONE_FIT, learn
from planner.models.coverage.measuring import LEVELS
from tests.oracles import gaussian_process as oracle

N_PLACES, N_START, N_CHOSEN = 200, 5, 25
RIGHT = Hyperparameters(lengthscales=(0.5, 0.5), noise_variance=0.01, mean=0.0)


@dataclass(frozen=True, slots=True)
class Campaign:
    """Runs of a draw from the very process that the model is; those after the start by a bound."""

    places: np.ndarray
    y: np.ndarray
    chosen: list[int]
    forecasts: Evidence

    @property
    def others(self) -> np.ndarray:
        return np.setdiff1d(np.arange(N_PLACES), self.chosen)

    def model(self, n: int | None = None) -> Surrogate:
        rows = self.chosen[:n]
        return GaussianProcess(
            observations=Observations.from_arrays(self.places[rows], self.y[rows]),
            hyperparameters=RIGHT,
            columns=(0, 1),
            scale=OutcomeScale(mean=0.0, sd=1.0),
        )


def play(rng: np.random.Generator) -> Campaign:
    places = rng.random((N_PLACES, 2))
    lengthscales = np.array(RIGHT.lengthscales)
    cov = oracle.matern52(places, places, lengthscales)
    f = np.linalg.cholesky(cov + 1e-8 * np.eye(N_PLACES)) @ rng.standard_normal(N_PLACES)
    y = f + RIGHT.noise_variance**0.5 * rng.standard_normal(N_PLACES)
    chosen, errors, unknown = list(range(N_START)), [], []
    for _ in range(N_CHOSEN):
        known = cov[np.ix_(chosen, chosen)] + RIGHT.noise_variance * np.eye(len(chosen))
        weights = np.linalg.solve(known, cov[chosen])
        mean = weights.T @ y[chosen]
        sd = np.sqrt(np.maximum(1.0 - (weights * cov[chosen]).sum(axis=0), 1e-9))
        bound = mean + sd
        bound[chosen] = -np.inf
        best = int(bound.argmax())
        run = float(np.hypot(sd[best], RIGHT.noise_variance**0.5))
        errors.append((y[best] - mean[best]) / run)
        unknown.append(sd[best])
        chosen.append(best)
    evidence = Evidence.of_errors(np.array(errors), np.array(unknown), weights=np.ones(len(errors)))
    return Campaign(places=places, y=y, chosen=chosen, forecasts=evidence)


def judge(campaign: Campaign, said: Surrogate) -> tuple[np.ndarray, float]:
    """Coverage of the settings that were not chosen, by level, and their mean NLPD."""
    rows = campaign.others
    with torch.no_grad():
        mixture = said.predictive_mixture(torch.from_numpy(campaign.places[rows]))
    means, weights = mixture.means.numpy(), mixture.weights.numpy()
    sds = np.hypot(mixture.sds.numpy(), mixture.noise_sds.numpy())
    z = (campaign.y[rows] - means) / sds
    needed = np.abs(2.0 * (weights @ ndtr(z)) - 1.0)
    density = weights @ (np.exp(-0.5 * z**2) / sds) / np.sqrt(2.0 * np.pi)
    return (needed[:, None] <= np.array(LEVELS)).mean(axis=0), float(-np.log(density).mean())


def compare(n_campaigns: int, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Coverage and NLPD of each campaign, as fitted, as a campaign states it, and by forecasts."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[np.ndarray, float]]] = {}
    for _ in range(n_campaigns):
        campaign = play(rng)
        model = campaign.model()
        alone = learn(campaign.forecasts, Evidence.none(), log_fairness=0.0, prior=OF_ONE_FIT)
        for name, said in {
            "as fitted": model,
            "as stated": correct(model, campaign.forecasts, places=campaign.places),
            "by forecasts": Corrected(base=model, correction=alone),
        }.items():
            found.setdefault(name, []).append(judge(campaign, said))
    return {
        name: (np.array([each[0] for each in all_of]), np.array([each[1] for each in all_of]))
        for name, all_of in found.items()
    }


@pytest.mark.slow
def test_a_right_model_is_done_little_harm_by_all_that_its_correction_learns_from() -> None:
    """After 25 chosen settings, where nothing was: docs/benchmarks/coverage.md has the figures."""
    found = compare(60, seed=1)
    fitted, stated = found["as fitted"], found["as stated"]

    # five standard errors between campaigns, and 4 points
    for coverage in (fitted[0], stated[0]):
        error = coverage.std(axis=0, ddof=1) / np.sqrt(len(coverage))
        assert (np.abs(coverage.mean(axis=0) - np.array(LEVELS)) < 0.04 + 5 * error).all()
    loss = stated[1] - fitted[1]
    assert 0.0 < loss.mean() < 0.1


if __name__ == "__main__":
    found = compare(300, seed=2)
    for name, (coverage, nlpd) in found.items():
        loss = nlpd - found["as fitted"][1]
        error = loss.std(ddof=1) / np.sqrt(len(loss))
        print(name, (100 * coverage.mean(axis=0)).round(1), f"{loss.mean():.3f} ± {error:.3f}")
