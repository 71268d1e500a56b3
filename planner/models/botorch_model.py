"""What our BoTorch models share: one outcome and one posterior; imported where BoTorch is used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.models.model import Model
from jaxtyping import Float64
from torch import Tensor


class OneOutcomeModel(Model, ABC):
    """A BoTorch model of one outcome, not a batch of them."""

    @property
    def num_outputs(self) -> int:
        """One outcome."""
        return 1

    @property
    def batch_shape(self) -> torch.Size:
        """One model."""
        return torch.Size([])

    def posterior(
        self,
        X: Tensor,  # noqa: N803 - BoTorch passes it by name
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: PosteriorTransform | None = None,
    ) -> Any:
        """Returns the posterior of the process, or of measurements, at each batch of X."""
        del output_indices  # there is one output
        return self._posterior(X, noise=observation_noise, transform=posterior_transform)

    @abstractmethod
    def _posterior(
        self, x: Tensor, *, noise: bool | Tensor, transform: PosteriorTransform | None
    ) -> Any:
        """Returns the posterior.

        Args:
            x: configurations, ``*b q d``.
            noise: whether it is that of measurements, or the variances of these, ``*b q 1``.
            transform: what becomes of it.
        """


def with_noise(
    nugget: Float64[Tensor, "*b q"], noise: bool | Tensor, *, learned: Callable[[], Tensor]
) -> Float64[Tensor, "*b q"]:
    """Returns the variance that is added to each configuration's own.

    Args:
        nugget: that hides rounding.
        noise: whether measurements are asked about, or the variances of these, ``*b q 1``.
        learned: the variances of measurements where none are given.
    """
    if isinstance(noise, Tensor):
        return nugget + noise.squeeze(-1)
    return nugget + learned() if noise else nugget
