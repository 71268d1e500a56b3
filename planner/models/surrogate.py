"""The contract of a surrogate: a distribution over the process, given what was observed.

Every family of models is one of these, so that whatever asks (the acquisition functions, the
what-if page, the report) need not know which. ``model`` gives the same process to BoTorch.

| symbol | meaning                                                          | shape |
|--------|------------------------------------------------------------------|-------|
| f      | the process: the outcome without measurement noise               |       |
| sd     | deviation of f: epistemic, what more observations can remove     | n     |
| noise  | deviation of one run around f: aleatoric, what they cannot       | n     |
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from planner.models.observations import SMALLEST_NOISE, Observations, OutcomeScale
from planner.models.predictive.left_out import LeftOut, leave_out
from planner.models.predictive.normal import normal_log_density

if TYPE_CHECKING:
    from botorch.models.model import Model

    from planner.models.comparing.comparison import Comparison

_BLOCK = 2048
# A variance of 1e-9 more than hides rounding, which would keep a covariance from factoring, and
# moves a draw by 3e-5 deviations.
_JITTER = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the surrogate says at each of n configurations, in the outcome's unit.

    Args:
        mean: of the process, and of a measurement.
        sd: of the process: what more observations can remove.
        noise_sd: of one measurement around the process.
    """

    mean: Float64[Tensor, " n"]
    sd: Float64[Tensor, " n"]
    noise_sd: Float64[Tensor, " n"]


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """What the surrogate says at each of n configurations as a mixture of k normals.

    Args:
        means: of the process, by component.
        sds: of the process, by component.
        noise_sds: of one measurement around the process, by component.
        weights: of the components; they sum to one.
    """

    means: Float64[Tensor, "k n"]
    sds: Float64[Tensor, "k n"]
    noise_sds: Float64[Tensor, "k n"]
    weights: Float64[Tensor, " k"]


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Mean and covariance of the process at n configurations, in the outcome's unit."""

    mean: Float64[Tensor, " n"]
    cov: Float64[Tensor, "n n"]


class Surrogate(ABC):
    """A distribution over the process.

    Attributes:
        observations: what it is conditioned on.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
    """

    observations: Observations
    columns: tuple[int, ...]
    scale: OutcomeScale

    @property
    @abstractmethod
    def family(self) -> str:
        """Name of the family of models, as the campaign file spells it."""

    @property
    @abstractmethod
    def memo(self) -> Mapping[str, object]:
        """What the fit found, in plain JSON; the next fit of the family starts from it."""

    @property
    def comparison(self) -> Comparison | None:
        """What the families were chosen by, where several were compared."""
        return None

    @property
    @abstractmethod
    def lengthscales(self) -> tuple[float, ...]:
        """How far one has to go in each parameter, in widths of its range, to be elsewhere."""

    @property
    @abstractmethod
    def model(self) -> Model:
        """The same process as a BoTorch model, for BoTorch's acquisition functions."""

    @abstractmethod
    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the process; can be differentiated with respect to x."""

    @abstractmethod
    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the deviation of one run around the process at each configuration."""

    @abstractmethod
    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns posterior covariances of the process."""

    @abstractmethod
    def conditioned_on(self, x: Float64[Tensor, "m d"]) -> Surrogate:
        """Returns the surrogate as if the configurations had been measured at their means.

        For pending trials and the earlier picks of a batch: the mean stays everywhere, the
        uncertainty falls around them.
        """

    @property
    def prior_sd(self) -> float:
        """Deviation of the process before anything was observed, in the outcome's unit."""
        return self.scale.sd

    @property
    def caveat(self) -> str | None:
        """What the person should know before trusting this fit; None where there is nothing."""
        return None

    @property
    def averages_hyperparameters(self) -> bool:
        """Whether what it says is averaged over hyperparameters, not that of the best ones."""
        return False

    @property
    def parts(self) -> tuple[tuple[float, Surrogate], ...]:
        """Fits of one family that it is an average of, with their weights: here itself alone."""
        return ((1.0, self),)

    @property
    def trusted(self) -> Bool[Tensor, " n"]:
        """Which of its observations it does not doubt."""
        return torch.ones(len(self.observations.y), dtype=torch.bool)

    @property
    def doubted(self) -> tuple[tuple[float, ...], ...]:
        """The observations that its caveat is about, in its order: ``x`` and then the outcome."""
        return ()

    def left_out(self, rows: Int64[Tensor, " r"]) -> LeftOut:
        """Returns what it says of some of its observations, each without itself.

        Args:
            rows: numbers of the observations.
        """
        seen = self.observations
        # fits take no measurement for surer than that
        var = seen.var[rows].clamp_min(SMALLEST_NOISE * self.scale.sd**2)
        return leave_out(self.predictive_mixture(seen.x[rows]), seen.y[rows], var)

    @cached_property
    def version(self) -> str:
        """Short hash of what was found and of the data: equal fits have equal versions."""
        digest = hashlib.sha256(json.dumps([self.family, self.memo], sort_keys=True).encode())
        digest.update(repr((self.columns, self.scale)).encode())
        for part in (self.observations.x, self.observations.y, self.observations.var):
            digest.update(part.contiguous().numpy().tobytes())
        return digest.hexdigest()[:12]

    def predict(self, x: Float64[Tensor, "n d"]) -> Prediction:
        """Returns mean, deviation and noise at each configuration; memory stays at one block."""
        blocks = [self._predict_block(block) for block in torch.split(x, _BLOCK)]
        blocks = blocks or [self._predict_block(x)]
        return Prediction(
            mean=torch.cat([block.mean for block in blocks]),
            sd=torch.cat([block.sd for block in blocks]),
            noise_sd=torch.cat([block.noise_sd for block in blocks]),
        )

    def log_density(
        self, x: Float64[Tensor, "n d"], y: Float64[Tensor, " n"], var: Float64[Tensor, " n"]
    ) -> Float64[Tensor, " n"]:
        """Returns the log density of one run at each configuration that was not learned from.

        Args:
            x: configurations.
            y: what was measured there, in the outcome's unit.
            var: known variances of these measurements; NaN where the model's own noise counts.
        """
        said = self.predictive_mixture(x)
        noise = torch.where(var.isnan(), said.noise_sds.square(), var)
        sd = (said.sds.square() + noise).sqrt()
        each = normal_log_density((y - said.means) / sd) - sd.log()
        return torch.logsumexp(each + said.weights.log()[:, None], dim=0)

    def predictive_mixture(self, x: Float64[Tensor, "n d"]) -> Mixture:
        """Returns the distribution at each configuration as a mixture of normals: here of one."""
        said = self.predict(x)
        return Mixture(
            means=said.mean[None],
            sds=said.sd[None],
            noise_sds=said.noise_sd[None],
            weights=torch.ones(1, dtype=x.dtype, device=x.device),
        )

    def joint(self, x: Float64[Tensor, "n d"]) -> Joint:
        """Returns mean and covariance of the process over all n configurations together."""
        return Joint(mean=self.moments(x)[0], cov=self.covariance(x, x))

    def draw(self, x: Float64[Tensor, "n d"], n: int, *, seed: int) -> Float64[Tensor, "s n"]:
        """Draws the process at all configurations together, ``n`` times.

        Args:
            x: configurations.
            n: how many draws.
            seed: of the generator.

        Returns:
            Draws in the outcome's unit.
        """
        joint = self.joint(x)
        jitter = _JITTER * self.scale.sd**2 * torch.eye(len(x), dtype=x.dtype, device=x.device)
        root = torch.linalg.cholesky(joint.cov + jitter)
        generator = torch.Generator(device=x.device).manual_seed(seed)
        normal = torch.randn(n, len(x), dtype=x.dtype, device=x.device, generator=generator)
        draws: Tensor = joint.mean + normal @ root.T
        return draws

    def _predict_block(self, x: Float64[Tensor, "n d"]) -> Prediction:
        mean, sd = self.moments(x)
        return Prediction(mean=mean, sd=sd, noise_sd=self.noise_sd(x))
