"""The surrogate of the family ``robust_gp``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from planner.models.gaussian.layered import Layered
from planner.models.predictive.left_out import LeftOut
from planner.models.priors import OUTLIER_PROBABILITY
from planner.models.surrogate import Mixture

# How many observations the prior of the share of outliers is worth.
_WORTH = 10.0


@dataclass(frozen=True, eq=False)
class RobustProcess(Layered):
    """A Gaussian process in which suspected observations count little.

    The noise that it states is that of a sound run. A run may be an outlier all the same: the
    mixture that it predicts has a wide part, as wide as the suspects lie apart and as probable as
    they were frequent.

    Args:
        observations: as they were told.
        inner: the process, in which each suspect has a variance of its own.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised: by those that are not suspected.
        suspected: numbers of the rows of ``observations`` that do not fit the rest.
    """

    suspected: tuple[int, ...]

    @property
    def family(self) -> str:
        """A Gaussian process that doubts single observations."""
        return "robust_gp"

    @property
    def memo(self) -> Mapping[str, object]:
        """The hyperparameters, and the suspects' configurations and outcomes."""
        rows = list(self.suspected)
        return {
            "hyperparameters": self.inner.hyperparameters.to_json(),
            "suspected": [
                {"x": x.tolist(), "y": float(y)}
                for x, y in zip(self.observations.x[rows], self.observations.y[rows], strict=True)
            ],
        }

    @property
    def caveat(self) -> str | None:
        """Which results are suspected, in words."""
        if not self.suspected:
            return None
        n, y = len(self.suspected), self.observations.y[list(self.suspected)]
        said = ", ".join(f"{float(value):.4g}" for value in y)
        return (
            f"{n} of {len(self.observations.y)} results {'does' if n == 1 else 'do'} not fit the "
            f"rest and count{'s' if n == 1 else ''} little: {said}. Check or repeat "
            f"{'it' if n == 1 else 'them'}."
        )

    @property
    def doubted(self) -> tuple[tuple[float, ...], ...]:
        """The suspects."""
        rows, seen = list(self.suspected), self.observations
        return tuple(
            (*x, y) for x, y in zip(seen.x[rows].tolist(), seen.y[rows].tolist(), strict=True)
        )

    @property
    def trusted(self) -> Bool[Tensor, " n"]:
        """All but the suspects."""
        trusted = super().trusted
        trusted[list(self.suspected)] = False
        return trusted

    def left_out(self, rows: Int64[Tensor, " r"]) -> LeftOut:
        """Returns what the process inside says: it knows the variance of each suspect."""
        return self.inner.left_out(rows)

    def predictive_mixture(self, x: Float64[Tensor, "n d"]) -> Mixture:
        """Returns the process with the noise of a sound run and, if some were, of an outlier."""
        one = super().predictive_mixture(x)
        if not self.suspected:
            return one
        rows = list(self.suspected)
        share = (len(rows) + _WORTH * OUTLIER_PROBABILITY) / (len(self.observations.y) + _WORTH)
        wide = self.inner.observations.var[rows].mean().sqrt().to(x)
        return Mixture(
            means=one.means.expand(2, -1),
            sds=one.sds.expand(2, -1),
            noise_sds=torch.cat([one.noise_sds, wide.expand(1, len(x))]),
            weights=torch.tensor([1.0 - share, share], dtype=x.dtype, device=x.device),
        )
