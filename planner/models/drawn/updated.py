"""A surrogate that learned from further results by a normal update in function space.

| symbol | meaning                                                                  | shape |
|--------|--------------------------------------------------------------------------|-------|
| f      | draws of the process before                                              | m n   |
| C      | covariance of the process before                                         |       |
| x, y   | the news, of noise variances N                                           | k     |
| e      | noise that is drawn for each function, of variances N                    | m k   |
| G      | gain, ``(C(x, x) + N)^-1 C(x, .)``                                       | k n   |

Each function becomes ``f + (y + e - f(x)) G`` (Matheron's rule), the mean
``mean + (y - mean(x)) G`` and the covariance ``C - C(., x) G``. That is exact where the process is
normal; else it is the best linear rule, and a fit says more.

Source: Wilson et al., "Pathwise Conditioning of Gaussian Processes" (JMLR 2021), equation 11; as
the analysis step of an ensemble Kalman filter, Evensen (1994).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.drawn.surrogate import Drawn
from planner.models.observations import SMALLEST_NOISE, Observations, OutcomeScale
from planner.models.surrogate import Mixture

_SEED = 20_261
_SMALLEST_VARIANCE = 1e-14


@dataclass(frozen=True, eq=False)
class Updated(Drawn):
    """What a surrogate says after further results.

    Args:
        before: the surrogate without them.
        news: the results; where their variance is not known, that of the learned noise counts.
    """

    before: Drawn
    news: Observations

    @cached_property
    def observations(self) -> Observations:  # type: ignore[override]
        """All results, the news last."""
        return self.before.observations.followed_by(self.news.x, self.news.y, self._noise)

    @property
    def columns(self) -> tuple[int, ...]:  # type: ignore[override]
        """Those of the fit."""
        return self.before.columns

    @property
    def scale(self) -> OutcomeScale:  # type: ignore[override]
        """That of the fit."""
        return self.before.scale

    @property
    def family(self) -> str:
        """That of the fit."""
        return self.before.family

    @property
    def memo(self) -> Mapping[str, object]:
        """That of the fit."""
        return self.before.memo

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Those of the fit."""
        return self.before.lengthscales

    @property
    def prior_sd(self) -> float:
        """That of the fit."""
        return self.before.prior_sd

    @property
    def caveat(self) -> str | None:
        """That of the fit."""
        return self.before.caveat

    @property
    def doubted(self) -> tuple[tuple[float, ...], ...]:
        """Those of the fit."""
        return self.before.doubted

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the process; can be differentiated where it could."""
        mean, sd = self.before.moments(x)
        reduced = self._reduced(x)
        smallest = _SMALLEST_VARIANCE * self.scale.sd**2
        variance = (sd.square() - reduced.square().sum(dim=0)).clamp_min(smallest)
        return mean + self._surprise @ reduced, variance.sqrt()

    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns posterior covariances of the process."""
        return self.before.covariance(a, b) - self._reduced(a).T @ self._reduced(b)

    def mean_and_covariance(
        self, x: Float64[Tensor, "*b n d"]
    ) -> tuple[Float64[Tensor, "*b n"], Float64[Tensor, "*b n n"]]:
        """Returns what ``moments`` and ``covariance`` say, of batches of configurations."""
        mean, covariance = self.before.mean_and_covariance(x)
        reduced = self._reduced_batches(x)
        return mean + self._surprise @ reduced, covariance - reduced.mT @ reduced

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the noise that the fit learned."""
        return self.before.noise_sd(x)

    def predictive_mixture(self, x: Float64[Tensor, "n d"]) -> Mixture:
        """Returns the mixture before, moved and narrowed to the mean and deviation after."""
        said, (mean, sd) = self.before.predictive_mixture(x), self.moments(x)
        old_mean, old_sd = self.before.moments(x)
        shrunk = sd / old_sd
        return Mixture(
            means=mean + (said.means - old_mean) * shrunk,
            sds=said.sds * shrunk,
            noise_sds=said.noise_sds,
            weights=said.weights,
        )

    def functions(self, x: Float64[Tensor, "*b n d"]) -> Float64[Tensor, "*b m n"]:
        """Returns the draws after the news, each of which it sees with a noise of its own."""
        return self._moved(self.before.functions(x), self._residuals, x)

    def draw(self, x: Float64[Tensor, "n d"], n: int, *, seed: int) -> Float64[Tensor, "s n"]:
        """Draws from the surrogate before, each draw then moved by the news."""
        together = torch.cat([x, self.news.x])
        f = self.before.draw(together, n, seed=seed)
        return self._moved(f[:, : len(x)], self._missed(f[:, len(x) :], seed=seed + 1), x)

    def _moved(
        self,
        f: Float64[Tensor, "*b m n"],
        residuals: Float64[Tensor, "m k"],
        x: Float64[Tensor, "*b n d"],
    ) -> Float64[Tensor, "*b m n"]:
        scaled: Tensor = torch.linalg.solve_triangular(self._factor, residuals.T, upper=False)
        return f + scaled.T @ self._reduced_batches(x)

    def _reduced_batches(self, x: Float64[Tensor, "*b n d"]) -> Float64[Tensor, "*b k n"]:
        flat = self._reduced(x.reshape(-1, x.shape[-1]))
        return flat.reshape(-1, *x.shape[:-1]).movedim(0, -2)

    def _reduced(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, "k n"]:
        """Returns ``L^-1 C(x, .)`` with L the factor of ``C(x, x) + N``."""
        across = self.before.covariance(self.news.x, x)
        reduced: Tensor = torch.linalg.solve_triangular(self._factor, across, upper=False)
        return reduced

    def _missed(self, f: Float64[Tensor, "m k"], *, seed: int) -> Float64[Tensor, "m k"]:
        """Returns ``y + e - f(x)``."""
        generator = torch.Generator(device=f.device).manual_seed(seed)
        normal = torch.randn(f.shape, dtype=f.dtype, device=f.device, generator=generator)
        return self.news.y + normal * self._noise.sqrt() - f

    @cached_property
    def _residuals(self) -> Float64[Tensor, "m k"]:
        return self._missed(self.before.functions(self.news.x).detach(), seed=_SEED)

    @cached_property
    def _surprise(self) -> Float64[Tensor, " k"]:
        away = self.news.y - self.before.moments(self.news.x)[0].detach()
        scaled: Tensor = torch.linalg.solve_triangular(self._factor, away[:, None], upper=False)
        return scaled[:, 0]

    @cached_property
    def _noise(self) -> Float64[Tensor, " k"]:
        learned = self.before.noise_sd(self.news.x).detach().square()
        var = torch.where(self.news.var.isnan(), learned, self.news.var)
        return var.clamp_min(SMALLEST_NOISE * self.scale.sd**2)

    @cached_property
    def _factor(self) -> Float64[Tensor, "k k"]:
        cov = self.before.covariance(self.news.x, self.news.x).detach()
        factor: Tensor = torch.linalg.cholesky(cov + torch.diag(self._noise))
        return factor
