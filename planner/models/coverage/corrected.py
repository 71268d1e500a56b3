"""A surrogate whose deviations are corrected: everyone who asks it decides with the correction.

The mean stays. What it says at one configuration is stretched about its mean by the scales of the
correction, which depend on how little is known there; two configurations are stretched each by its
own scale, so correlations stay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.coverage.correction import (
    NO_CORRECTION,
    OF_AN_AVERAGE,
    OF_ONE_FIT,
    Correction,
    Evidence,
    ScalePrior,
    learn,
)
from planner.models.coverage.held_out import hold_out, log_fairness, trusted_shares
from planner.models.observations import Observations, OutcomeScale
from planner.models.surrogate import Mixture, Surrogate
from planner.space import Floats

if TYPE_CHECKING:
    from botorch.models.model import Model

    from planner.models.comparing.comparison import Comparison


@dataclass(frozen=True, eq=False)
class Corrected(Surrogate):
    """A surrogate with a correction of its deviations.

    Args:
        base: the surrogate as it was fitted.
        correction: by which its deviations are multiplied.
    """

    base: Surrogate
    correction: Correction

    @property
    def observations(self) -> Observations:  # type: ignore[override]
        """Those of the surrogate."""
        return self.base.observations

    @property
    def columns(self) -> tuple[int, ...]:  # type: ignore[override]
        """Those of the surrogate."""
        return self.base.columns

    @property
    def scale(self) -> OutcomeScale:  # type: ignore[override]
        """That of the surrogate."""
        return self.base.scale

    @property
    def family(self) -> str:
        """That of the surrogate."""
        return self.base.family

    @property
    def memo(self) -> Mapping[str, object]:
        """What the fit found; the correction is learned anew each time."""
        return self.base.memo

    @property
    def comparison(self) -> Comparison | None:
        """What the families were chosen by."""
        return self.base.comparison

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Those of the surrogate."""
        return self.base.lengthscales

    @property
    def prior_sd(self) -> float:
        """Deviation of the process before anything was observed, corrected."""
        at_all = torch.ones(1, dtype=torch.float64)
        return self.base.prior_sd * float(self.correction.centre(at_all))

    @property
    def caveat(self) -> str | None:
        """That of the surrogate."""
        return self.base.caveat

    @property
    def doubted(self) -> tuple[tuple[float, ...], ...]:
        """Those of the surrogate."""
        return self.base.doubted

    @cached_property
    def version(self) -> str:
        """Short hash of the surrogate's own and of the correction."""
        text = f"{self.base.version} {sorted(asdict(self.correction).items())}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @cached_property
    def model(self) -> Model:
        """The same process as a BoTorch model, for BoTorch's acquisition functions."""
        from planner.models.coverage.botorch_model import CorrectedModel

        return CorrectedModel(self.base.model, self._stretch)

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the process; can be differentiated with respect to x.

        The deviation is that of the middle of the distribution, by the median scale: half the
        width of its central 68 %, as of a normal. The root of the mean square would be that of its
        rare large errors.
        """
        mean, sd = self.base.moments(x)
        return mean, sd * self.correction.centre(self._unknown(sd))

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the deviation of one run around the process, corrected by the same scale."""
        return self.base.noise_sd(x) * self._stretch(x)

    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns posterior covariances of the process; correlations are the surrogate's."""
        return self._stretch(a)[:, None] * self.base.covariance(a, b) * self._stretch(b)

    def predictive_mixture(self, x: Float64[Tensor, "n d"]) -> Mixture:
        """Returns the mixture of the surrogate's components at all scales."""
        said = self.base.predictive_mixture(x)
        mean = said.weights @ said.means
        scales = self.correction.scales(self._unknown(_sd_of(said)))[:, None, :]
        shares = torch.from_numpy(self.correction.weights).to(said.weights)
        n = said.means.shape[1]
        return Mixture(
            means=(mean + scales * (said.means - mean)).reshape(-1, n),
            sds=(scales * said.sds).reshape(-1, n),
            noise_sds=(scales * said.noise_sds).reshape(-1, n),
            weights=torch.outer(shares, said.weights).reshape(-1),
        )

    def draw(self, x: Float64[Tensor, "n d"], n: int, *, seed: int) -> Float64[Tensor, "s n"]:
        """Draws the process at all configurations together, each time at one scale.

        Args:
            x: configurations.
            n: how many draws.
            seed: of the generator.
        """
        mean, sd = self.base.moments(x)
        scales = self.correction.scales(self._unknown(sd))
        generator = torch.Generator(device=x.device).manual_seed(seed)
        shares = torch.from_numpy(self.correction.weights)
        chosen = torch.multinomial(shares, n, replacement=True, generator=generator)
        own = int(torch.randint(2**31, (1,), generator=generator))
        return mean + scales[chosen] * (self.base.draw(x, n, seed=own) - mean)

    def conditioned_on(self, x: Float64[Tensor, "m d"]) -> Corrected:
        """Returns the same as if the configurations had been measured at their means."""
        return Corrected(base=self.base.conditioned_on(x), correction=self.correction)

    def _stretch(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the median scale at each configuration; can be differentiated."""
        return self.correction.centre(self._unknown(self.base.moments(x)[1]))

    def _unknown(self, sd: Float64[Tensor, " n"]) -> Float64[Tensor, " n"]:
        """Returns ``r``: how much of the prior deviation is left."""
        return (sd / self.base.prior_sd).clamp(0.0, 1.0)


def correct(surrogate: Surrogate, chosen: Evidence, *, places: Floats) -> Corrected:
    """Returns the surrogate with its deviations corrected by what is known of its forecasts.

    Args:
        surrogate: as it was fitted.
        chosen: forecasts of the campaign that were stated before their results.
        places: encoded configurations that stand for the space, ``p d``.
    """
    y = surrogate.observations.y.numpy()
    if len(y) == 0:
        # what is said then is what a person expects, and nobody has tested it
        return Corrected(base=surrogate, correction=NO_CORRECTION)
    shares, fairness, prior = np.zeros(len(y)), 0.0, ScalePrior(known=0.0, unknown=0.0)
    for weight, part in surrogate.parts:
        own = trusted_shares(part, places)
        shares += weight * own
        fairness += weight * log_fairness(y, own, sd=part.scale.sd)
        prior = prior.plus(weight, OF_AN_AVERAGE if part.averages_hyperparameters else OF_ONE_FIT)
    held_out = hold_out(surrogate, shares)
    correction = learn(chosen, held_out, log_fairness=fairness, prior=prior)
    return Corrected(base=surrogate, correction=correction)


def _sd_of(said: Mixture) -> Float64[Tensor, " n"]:
    mean = said.weights @ said.means
    variance: Tensor = said.weights @ (said.sds.square() + (said.means - mean).square())
    return variance.sqrt()
