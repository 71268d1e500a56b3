"""A corrected surrogate as a BoTorch model; imported only where BoTorch is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.models.model import Model
from botorch.posteriors.posterior import Posterior
from botorch.sampling.get_sampler import GetSampler, get_sampler
from jaxtyping import Float64
from torch import Tensor

from planner.models.botorch_model import OneOutcomeModel

Stretch = Callable[[Float64[Tensor, "n d"]], Float64[Tensor, " n"]]


class StretchedPosterior(Posterior):
    """A posterior whose draws are stretched about its mean.

    Args:
        base: the posterior.
        stretch: by how much at each configuration.
    """

    def __init__(self, base: Any, stretch: Float64[Tensor, "*b q 1"]) -> None:
        self.base = base
        self.stretch = stretch

    @property
    def device(self) -> torch.device:
        """That of the posterior."""
        device: torch.device = self.base.device
        return device

    @property
    def dtype(self) -> torch.dtype:
        """That of the posterior."""
        dtype: torch.dtype = self.base.dtype
        return dtype

    @property
    def mean(self) -> Float64[Tensor, "*b q 1"]:
        """The posterior's own."""
        mean: Tensor = self.base.mean
        return mean

    @property
    def variance(self) -> Float64[Tensor, "*b q 1"]:
        """The posterior's, stretched."""
        variance: Tensor = self.stretch.square() * self.base.variance
        return variance

    @property
    def base_sample_shape(self) -> torch.Size:
        """That of the posterior."""
        shape: torch.Size = self.base.base_sample_shape
        return shape

    @property
    def batch_range(self) -> tuple[int, int]:
        """That of the posterior."""
        batches: tuple[int, int] = self.base.batch_range
        return batches

    def rsample(self, sample_shape: torch.Size | None = None) -> Float64[Tensor, "*s *b q 1"]:
        """Draws, differentiable."""
        return self._stretched(self.base.rsample(sample_shape))

    def rsample_from_base_samples(
        self, sample_shape: torch.Size, base_samples: Tensor
    ) -> Float64[Tensor, "*s *b q 1"]:
        """Draws from given base samples, as the posterior takes them."""
        return self._stretched(self.base.rsample_from_base_samples(sample_shape, base_samples))

    def _stretched(self, draws: Tensor) -> Tensor:
        return self.mean + self.stretch * (draws - self.mean)

    def _extended_shape(self, sample_shape: torch.Size = torch.Size()) -> torch.Size:  # noqa: B008
        shape: torch.Size = self.base._extended_shape(sample_shape)  # noqa: SLF001 - BoTorch's own contract
        return shape


@GetSampler.register(StretchedPosterior)  # type: ignore[untyped-decorator]
def _sampler(posterior: StretchedPosterior, sample_shape: torch.Size, **kwargs: Any) -> Any:
    return get_sampler(posterior.base, sample_shape, **kwargs)


class CorrectedModel(OneOutcomeModel):
    """A BoTorch model whose posterior is stretched.

    Args:
        base: the model.
        stretch: by how much at configurations, ``n d``.
    """

    def __init__(self, base: Model, stretch: Stretch) -> None:
        super().__init__()
        self.base = base
        self._stretch = stretch

    @property
    def batch_shape(self) -> torch.Size:
        """That of the model."""
        return self.base.batch_shape

    def _posterior(
        self, x: Tensor, *, noise: bool | Tensor, transform: PosteriorTransform | None
    ) -> Any:
        """Returns the model's posterior, stretched; noise is stretched with it."""
        base = self.base.posterior(x, observation_noise=noise)
        stretch = self._stretch(x.reshape(-1, x.shape[-1])).reshape(*x.shape[:-1], 1)
        stretched = StretchedPosterior(base, stretch)
        return stretched if transform is None else transform(stretched)
