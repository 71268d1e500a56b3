"""The surrogate of the family ``warped_gp``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian.layered import Layered
from planner.models.warped.kumaraswamy import Warp

if TYPE_CHECKING:
    from botorch.models import SingleTaskGP


@dataclass(frozen=True, eq=False)
class WarpedProcess(Layered):
    """A Gaussian process over bent inputs.

    Args:
        observations: as they were told.
        inner: the process over bent inputs.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
        warp: the curves that bend the inputs.
    """

    warp: Warp

    @property
    def family(self) -> str:
        """A Gaussian process with bent inputs."""
        return "warped_gp"

    @property
    def memo(self) -> Mapping[str, object]:
        """The hyperparameters of the process inside, and the shapes of the curves."""
        return {
            "hyperparameters": self.inner.hyperparameters.to_json(),
            "a": list(self.warp.a),
            "b": list(self.warp.b),
        }

    def entered(self, x: Float64[Tensor, "*b n d"]) -> Float64[Tensor, "*b n d"]:
        """Returns the bent configurations."""
        return self.warp(x)

    @cached_property
    def model(self) -> SingleTaskGP:
        """The same process as a BoTorch model."""
        from planner.models.gaussian.botorch_model import make_model_of

        return make_model_of(
            self.observations.x,
            self.inner,
            covariance=lambda a, b: self.inner.prior_covariance(self.warp(a), self.warp(b)),
        )
