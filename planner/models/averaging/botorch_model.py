"""A weighted mixture of processes as a BoTorch model; imported only where BoTorch is used.

A draw of the mixture is a draw of one component, which is picked by the first of the base samples:
so every sampler of normal base samples serves, quasi-random ones spread over the components too,
and an acquisition value averaged over draws is the average over components of theirs.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.models.model import Model
from botorch.posteriors.gpytorch import GPyTorchPosterior
from botorch.posteriors.posterior import Posterior
from botorch.sampling.get_sampler import GetSampler
from botorch.sampling.normal import SobolQMCNormalSampler
from gpytorch.distributions import MultivariateNormal
from jaxtyping import Float64
from linear_operator.operators import RootLinearOperator
from torch import Tensor
from torch.nn import ModuleList
from torch.special import ndtr

from planner.models.averaging.stack import Stack
from planner.models.botorch_model import OneOutcomeModel, with_noise

# Relative to the prior variance: hides rounding that would keep a covariance from factoring.
_JITTER = 1e-9


class MixturePosterior(Posterior):
    """Posterior of a weighted mixture: each draw is one of a component.

    Args:
        components: posteriors of the same configurations, driven by normal base samples.
        weights: that sum to one.
    """

    def __init__(self, components: Sequence[Any], weights: Float64[Tensor, " k"]) -> None:
        self.components = tuple(components)
        self.weights = weights

    @property
    def device(self) -> torch.device:
        """The device of the components."""
        return self.weights.device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the components."""
        return self.weights.dtype

    @property
    def batch_shape(self) -> torch.Size:
        """Shape of the batches of configurations."""
        return self._extended_shape()[:-2]

    @property
    def mean(self) -> Float64[Tensor, "*b q 1"]:
        """The weighted mean."""
        return self._averaged(self._means)

    @property
    def variance(self) -> Float64[Tensor, "*b q 1"]:
        """The weighted variance, and that of the means."""
        within = torch.stack([each.variance for each in self.components])
        return self._averaged(within + (self._means - self.mean).square())

    @property
    def base_sample_shape(self) -> torch.Size:
        """One normal that picks the component, then those that drive it."""
        counts = [_n_normals(each, self.batch_shape) for each in self.components]
        return torch.Size([*self.batch_shape, 1 + max(counts)])

    @property
    def batch_range(self) -> tuple[int, int]:
        """All dimensions but the last are batches, which share their base samples."""
        return 0, -1

    def rsample(self, sample_shape: torch.Size | None = None) -> Float64[Tensor, "*s *b q 1"]:
        """Draws, differentiable."""
        sample_shape = torch.Size([1]) if sample_shape is None else sample_shape
        normal = torch.randn(
            sample_shape + self.base_sample_shape, dtype=self.dtype, device=self.device
        )
        picks = normal[..., 0].reshape(*sample_shape, -1)[..., :1]  # one for all batches
        normal[..., 0] = picks.view(*sample_shape, *[1] * len(self.batch_shape))
        return self.rsample_from_base_samples(sample_shape, normal)

    def rsample_from_base_samples(
        self, sample_shape: torch.Size, base_samples: Float64[Tensor, "*s *b p"]
    ) -> Float64[Tensor, "*s *b q 1"]:
        """Draws from given normal samples.

        Args:
            sample_shape: of the draws.
            base_samples: standard normal; the first of a draw picks its component, and is the same
                in all batches.
        """
        n = sample_shape.numel()
        flat = base_samples.reshape(n, *self.base_sample_shape)
        picks = self._picked(flat[..., 0].reshape(n, -1)[:, 0])
        order = picks.argsort(stable=True)
        drawn = [
            _draw(component, flat[picks == index, ..., 1:], self.batch_shape)
            for index, component in enumerate(self.components)
            if bool((picks == index).any())
        ]
        samples = torch.cat(drawn)[order.argsort()]
        return samples.reshape(self._extended_shape(sample_shape))

    def _picked(self, normal: Float64[Tensor, " s"]) -> Tensor:
        edges = self.weights.cumsum(dim=0)
        index = torch.searchsorted(edges, ndtr(normal).contiguous() * edges[-1])
        return index.clamp_max(len(self.components) - 1)

    def _extended_shape(self, sample_shape: torch.Size = torch.Size()) -> torch.Size:  # noqa: B008
        shape: torch.Size = self.components[0]._extended_shape(sample_shape)  # noqa: SLF001 - BoTorch's own contract
        return shape

    @property
    def _means(self) -> Float64[Tensor, "k *b q 1"]:
        return torch.stack([each.mean for each in self.components])

    def _averaged(self, values: Float64[Tensor, "k *b q 1"]) -> Float64[Tensor, "*b q 1"]:
        average: Tensor = torch.tensordot(self.weights, values, dims=1)
        return average


class _Mixture(OneOutcomeModel):
    """What the mixtures share: the contract of BoTorch around the components' posteriors."""

    def __init__(self, weights: Float64[Tensor, " k"]) -> None:
        super().__init__()
        self.weights = weights

    def _posterior(
        self, x: Tensor, *, noise: bool | Tensor, transform: PosteriorTransform | None
    ) -> MixturePosterior:
        """Returns the mixture of the components' posteriors, each of them transformed."""
        return MixturePosterior(self._parts(x, noise=noise, transform=transform), self.weights)

    def fantasize(
        self,
        X: Tensor,  # noqa: N803 - BoTorch passes it by name
        sampler: Callable[[Posterior], Tensor],
        observation_noise: Tensor | None = None,
        **kwargs: Any,
    ) -> MixtureModel:
        """Returns the mixture conditioned on draws of measurements at X.

        The weights stay: a fantasy says little about them.
        """
        noise = True if observation_noise is None else observation_noise
        drawn = sampler(self.posterior(X, observation_noise=noise))
        conditioned = [
            # each as BoTorch does it, only that all learn from the same draws
            each.fantasize(X, lambda _: drawn, observation_noise=observation_noise, **kwargs)
            for each in self._models()
        ]
        return MixtureModel(conditioned, self.weights)

    @abstractmethod
    def _models(self) -> list[Any]:
        """Returns the components as BoTorch models of their own."""

    @abstractmethod
    def _parts(
        self, x: Tensor, *, noise: bool | Tensor, transform: PosteriorTransform | None
    ) -> list[Any]:
        """Returns the posterior of each component, transformed."""


class MixtureModel(_Mixture):
    """A weighted mixture of BoTorch models of one outcome.

    Args:
        models: of the same outcome, at least one.
        weights: that sum to one.
    """

    def __init__(self, models: Sequence[Model], weights: Float64[Tensor, " k"]) -> None:
        super().__init__(weights)
        self.models = ModuleList(models)

    def _models(self) -> list[Any]:
        return list(self.models)

    def _parts(
        self, x: Tensor, *, noise: bool | Tensor, transform: PosteriorTransform | None
    ) -> list[Any]:
        return [
            each.posterior(x, observation_noise=noise, posterior_transform=transform)
            for each in self._models()
        ]


class StackModel(_Mixture):
    """A weighted mixture of plain Gaussian processes of the same data, in one batched call.

    Args:
        stack: the processes.
        weights: that sum to one.
    """

    def __init__(self, stack: Stack, weights: Float64[Tensor, " k"]) -> None:
        super().__init__(weights)
        self.stack = stack

    def _models(self) -> list[Any]:
        return [each.model for each in self.stack.components]

    def _parts(
        self, x: Tensor, *, noise: bool | Tensor, transform: PosteriorTransform | None
    ) -> list[Any]:
        joint = self.stack.cross(x, x)
        shape = (-1, *[1] * (x.ndim - 1))
        nugget = with_noise(
            _JITTER * self.stack.prior_variances().view(shape),
            noise,
            learned=lambda: self.stack.noise_variances().view(shape),
        )
        root = torch.linalg.cholesky(joint.cov + torch.diag_embed(nugget.expand(joint.left.shape)))
        parts = [
            GPyTorchPosterior(MultivariateNormal(m, RootLinearOperator(r)))  # type: ignore[no-untyped-call]
            for m, r in zip(joint.left, root, strict=True)
        ]
        return parts if transform is None else [transform(part, X=x) for part in parts]


def _n_normals(posterior: Posterior, batch_shape: torch.Size) -> int:
    return posterior.base_sample_shape[len(batch_shape) :].numel()


def _draw(
    posterior: Posterior, normal: Float64[Tensor, "s *b p"], batch_shape: torch.Size
) -> Float64[Tensor, "s *b q 1"]:
    own = normal[..., : _n_normals(posterior, batch_shape)]
    shape = torch.Size([len(normal)])
    draws: Tensor = posterior.rsample_from_base_samples(
        shape, own.reshape(shape + posterior.base_sample_shape)
    )
    return draws


@GetSampler.register(MixturePosterior)  # type: ignore[untyped-decorator]
def _sampler(
    posterior: MixturePosterior,  # noqa: ARG001 - BoTorch picks this function by its type
    sample_shape: torch.Size,
    *,
    seed: int | None = None,
) -> SobolQMCNormalSampler:
    return SobolQMCNormalSampler(sample_shape=sample_shape, seed=seed)
