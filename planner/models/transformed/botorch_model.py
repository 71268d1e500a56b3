"""The transformed process as a BoTorch model; imported only where one is used."""

from __future__ import annotations

import math
from functools import partial

import torch
from botorch.models import SingleTaskGP
from botorch.models.transforms.outcome import OutcomeTransform
from botorch.posteriors.posterior import Posterior
from botorch.posteriors.transformed import TransformedPosterior
from torch import Tensor

from planner.models.gaussian.botorch_model import make_model as make_latent
from planner.models.gaussian.process import GaussianProcess
from planner.models.transformed import hermite
from planner.models.transformed.bending import Bending


def make_model(latent: GaussianProcess, bending: Bending) -> SingleTaskGP:
    """Returns a model of the bent outcome whose posterior is that of ``psi``."""
    model = make_latent(latent)
    # the latent scale is mean 0 and deviation 1, so that nothing else has to be undone
    model.outcome_transform = _Straighten(bending, noise_variance=latent.noise_variance)
    return model.eval()


class _Straighten(OutcomeTransform):
    """From the bent outcome to what a run is expected to give."""

    def __init__(self, bending: Bending, *, noise_variance: float) -> None:
        super().__init__()
        self._bending = bending
        self._noise_variance = noise_variance

    def forward(
        self,
        Y: Tensor,  # noqa: N803 - BoTorch's own names, here and below
        Yvar: Tensor | None = None,  # noqa: N803
        X: Tensor | None = None,  # noqa: N803
    ) -> tuple[Tensor, Tensor | None]:
        """Bends outcomes, and their variances by the slope."""
        z, log_slope = self._bending.bend(Y.flatten())
        var = None if Yvar is None else Yvar * torch.exp(2.0 * log_slope).reshape(Y.shape)
        return z.reshape(Y.shape), var

    def untransform(
        self,
        Y: Tensor,  # noqa: N803
        Yvar: Tensor | None = None,  # noqa: N803
        X: Tensor | None = None,  # noqa: N803
    ) -> tuple[Tensor, Tensor | None]:
        """Straightens bent outcomes; of a variance alone nothing can be said."""
        if Yvar is not None:
            raise NotImplementedError("A variance is straightened with its posterior.")
        return self._bending.straighten(Y), None

    def untransform_posterior(
        self,
        posterior: Posterior,
        X: Tensor | None = None,  # noqa: N803
    ) -> Posterior:
        """Returns the posterior of ``psi``."""
        run = partial(
            hermite.run_moments,
            self._bending.straighten,
            noise_sd=math.sqrt(self._noise_variance),
            unit=self._bending.scale.sd,
        )
        return TransformedPosterior(
            posterior,
            sample_transform=lambda samples: run(samples)[0],
            mean_transform=lambda mean, variance: self._expand(mean, variance).mean.reshape(
                mean.shape
            ),
            variance_transform=lambda mean, variance: (
                self._expand(mean, variance).variance(variance.flatten().sqrt()).reshape(mean.shape)
            ),
        )

    def _expand(self, mean: Tensor, variance: Tensor) -> hermite.Expansion:
        total = variance.flatten() + self._noise_variance
        unit = self._bending.scale.sd
        return hermite.expand(self._bending.straighten, mean.flatten(), total, unit=unit)
