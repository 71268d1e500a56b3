"""A surrogate of a class: probabilities that sum to one, and the margin of some classes.

Each class has a logit, a Gaussian process over the configurations, and the probabilities are the
softmax of the logits. Lengthscales are those of a regression on labels that were turned into
logits; the logits themselves are found with the likelihood of the classes. An order of the classes
is not used: neighbours in it are no more alike than others.

| symbol | meaning                                                             |
|--------|---------------------------------------------------------------------|
| k      | how many classes there are                                          |
| W      | the classes that are wanted                                         |
| g      | margin: log-odds of W against the rest, a Gaussian process          |

Source: the labels as logits from Milios et al., "Dirichlet-based Gaussian Processes for Large-scale
Calibrated Classification" (NeurIPS 2018), equations 5 and 6; ``docs/decisions/0014`` for why the
probabilities are not theirs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.errors import InputError
from planner.models.classes.logistic import mean_shares
from planner.models.classes.multinomial import pseudo_observations
from planner.models.failure import FitFailure
from planner.models.gaussian import kernel
from planner.models.gaussian.fitting import fit_hyperparameters
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.process import GaussianProcess
from planner.models.observations import Observations, OutcomeScale
from planner.models.priors import MARGIN_MEAN_PRECISION, MARGIN_SD
from planner.space import Floats

# What one label adds to every class's count, and what one more than that is worth as logits.
_ALPHA = 0.1
# Noise of one more run as an observation of a margin, where either class is as probable.
_NEXT_NOISE = 4.0


@dataclass(frozen=True, eq=False)
class ClassSurrogate:
    """A distribution over the probabilities of classes.

    Args:
        x: encoded configurations that were tried, ``n d``.
        labels: index of the class that was observed at each, ``n``.
        classes: their names, ``k`` of them, at least two.
        lengthscales: one a parameter.
        columns: for each encoded column the index of the parameter it belongs to.
    """

    x: Float64[Tensor, "n d"]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    lengthscales: tuple[float, ...]
    columns: tuple[int, ...]

    def probabilities(self, x: Float64[Tensor, "m d"]) -> Float64[Tensor, "m k"]:
        """Returns the probability of each class for the next run; rows sum to one."""
        predicted = [latent.predict(x) for latent in self.latents]
        mean = torch.stack([each.mean for each in predicted], dim=1)
        sd = torch.stack([each.sd for each in predicted], dim=1)
        return mean_shares(mean, sd)

    def split(
        self,
        x: Float64[Tensor, "m d"],
        *,
        wanted: Collection[str],
        probability: Float64[Tensor, " m"],
    ) -> Float64[Tensor, "m k"]:
        """Returns probabilities of which those of the wanted classes sum to what is given.

        Args:
            x: configurations.
            wanted: classes.
            probability: of the wanted ones together, as their margin says.
        """
        shares = self.probabilities(x)
        is_wanted = torch.tensor([name in wanted for name in self.classes])
        for group, mass in ((is_wanted, probability), (~is_wanted, 1.0 - probability)):
            within = shares[:, group]
            shares[:, group] = mass[:, None] * within / within.sum(dim=1, keepdim=True)
        return shares

    def latent(self, wanted: Collection[str]) -> GaussianProcess:
        """Returns the margin of the wanted classes against all others.

        The wanted count as one class and the rest as another, so for two classes it is the
        difference of their logits. All acquisition functions of a maximum work on it.

        Raises:
            InputError: a class is not known, or none or all are wanted.
        """
        unknown = sorted(set(wanted) - set(self.classes))
        n_wanted, k = len(set(wanted)), len(self.classes)
        if unknown or not 0 < n_wanted < k:
            raise InputError(
                f"Wanted must be some but not all of {', '.join(self.classes)}, "
                f"not {', '.join(wanted) or 'none'}."
            )
        is_wanted = np.array([self.classes[label] in set(wanted) for label in self.labels], bool)
        odds = math.log(n_wanted / (k - n_wanted))
        logits = self._logits(
            np.column_stack([is_wanted, ~is_wanted]).astype(np.float64),
            offsets=np.array([odds / 2.0, -odds / 2.0]),
        )
        return _difference(*logits)

    @cached_property
    def latents(self) -> tuple[GaussianProcess, ...]:
        """The logits of the classes, which are independent of each other, ``k`` of them."""
        seen = np.zeros((len(self.labels), len(self.classes)))
        seen[np.arange(len(self.labels)), list(self.labels)] = 1.0
        return self._logits(seen, offsets=np.zeros(len(self.classes)))

    def _logits(self, seen: Floats, *, offsets: Floats) -> tuple[GaussianProcess, ...]:
        sd = MARGIN_SD / math.sqrt(2.0)
        hyperparameters = Hyperparameters(
            lengthscales=self.lengthscales, noise_variance=_NEXT_NOISE / MARGIN_SD**2, mean=0.0
        )
        unit = kernel.matern(
            self.x, self.x, columns=self.columns, hyperparameters=hyperparameters
        ).numpy()
        pseudo = pseudo_observations(
            sd**2 * (unit + 1.0 / MARGIN_MEAN_PRECISION), seen, offsets=offsets
        )
        means = sd * pseudo.residual.sum(axis=0) / MARGIN_MEAN_PRECISION
        return tuple(
            GaussianProcess(
                observations=Observations.from_arrays(
                    self.x.numpy(), pseudo.y[:, c], pseudo.var[:, c]
                ),
                hyperparameters=Hyperparameters(
                    lengthscales=self.lengthscales,
                    noise_variance=hyperparameters.noise_variance,
                    mean=float(means[c]),
                ),
                columns=self.columns,
                scale=OutcomeScale(mean=float(offsets[c]), sd=sd),
            )
            for c in range(seen.shape[1])
        )


def _difference(first: GaussianProcess, second: GaussianProcess) -> GaussianProcess:
    """Returns the first logit minus the second, of two that mirror each other around 0."""
    a, b = first.observations, second.observations
    root = math.sqrt(2.0)
    return GaussianProcess(
        observations=Observations(x=a.x, y=a.y - b.y, var=a.var + b.var),
        hyperparameters=Hyperparameters(
            lengthscales=first.hyperparameters.lengthscales,
            noise_variance=first.hyperparameters.noise_variance,
            mean=(first.hyperparameters.mean - second.hyperparameters.mean) / root,
        ),
        columns=first.columns,
        scale=OutcomeScale(mean=first.scale.mean - second.scale.mean, sd=root * first.scale.sd),
    )


def fit_classes(
    x: Floats,
    labels: Sequence[str],
    classes: Sequence[str],
    *,
    columns: tuple[int, ...],
    previous: Hyperparameters | None = None,
) -> ClassSurrogate | FitFailure:
    """Fits the lengthscales and returns the surrogate of a class.

    One class that was seen, or none, is enough: what was not seen is as probable as assumed
    beforehand where nothing is near. The same arguments give the same surrogate, whatever the
    order of the observations.

    Args:
        x: encoded configurations, ``n d``.
        labels: the class of each.
        classes: all that there are, at least two.
        columns: for each encoded column the index of the parameter it belongs to.
        previous: what the last fit found, a further start of the search.

    Raises:
        InputError: a label is no class, or shapes do not fit.
    """
    names = tuple(classes)
    unknown = sorted(set(labels) - set(names))
    if unknown or len(set(names)) < 2 or len(set(names)) < len(names):
        raise InputError(
            f"Labels must be among at least two classes that differ ({', '.join(names)})"
            + (f", not {unknown[0]!r}." if unknown else ".")
        )
    codes = np.array([names.index(label) for label in labels], dtype=np.float64)
    high, noise = _label_as_log_odds(_ALPHA)
    ordered = Observations.from_arrays(x, codes, np.full(len(codes), noise / 2.0)).in_order()
    seen = ordered.y.numpy()[None, :] == np.arange(len(names))[:, None]
    found = fit_hyperparameters(
        ordered,
        targets=high * (seen - 1.0 / len(names)) / (MARGIN_SD / math.sqrt(2.0)),
        sd=MARGIN_SD / math.sqrt(2.0),
        mean_precision=MARGIN_MEAN_PRECISION,
        columns=columns,
        previous=previous,
    )
    if isinstance(found, FitFailure):
        return found
    return ClassSurrogate(
        x=ordered.x,
        labels=tuple(int(code) for code in ordered.y),
        classes=names,
        lengthscales=found[0].lengthscales,
        columns=columns,
    )


def _label_as_log_odds(alpha: float) -> tuple[float, float]:
    """Returns mean and variance of a seen class's logit minus that of another.

    Gamma variables of shapes ``1 + alpha`` and ``alpha`` are taken as log-normal of equal moments.
    """
    var_seen, var_other = math.log1p(1.0 / (1.0 + alpha)), math.log1p(1.0 / alpha)
    mean = math.log((1.0 + alpha) / alpha) + (var_other - var_seen) / 2.0
    return mean, var_seen + var_other
