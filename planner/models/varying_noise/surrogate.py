"""The surrogate of the family ``varying_noise_gp``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian.layered import Layered
from planner.models.varying_noise.field import NoiseField


@dataclass(frozen=True, eq=False)
class VaryingNoiseProcess(Layered):
    """A Gaussian process whose noise varies over the space.

    Args:
        observations: as they were told.
        inner: the process, in which each observation has the noise of its place.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
        noise: the field of the noise.
    """

    noise: NoiseField

    @property
    def family(self) -> str:
        """A Gaussian process with noise that varies."""
        return "varying_noise_gp"

    @property
    def memo(self) -> Mapping[str, object]:
        """The hyperparameters, and how the noise varies."""
        return {
            "hyperparameters": self.inner.hyperparameters.to_json(),
            "noise_deviation": self.noise.shape.deviation,
            "noise_lengthscales": list(self.noise.shape.lengthscales),
        }

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the deviation of one run around the process; can be differentiated."""
        return self.scale.sd * self.noise.variance(x).sqrt()
