"""A weighted average of surrogates: the mixture of what they say.

| symbol | meaning                                                     | shape |
|--------|-------------------------------------------------------------|-------|
| w      | weights, above 0 and together 1                             | k     |
| m, s   | mean and deviation of the process by component              | k n   |
| C      | covariance of the process by component                      | k n n |

Mean ``sum w m``; variance ``sum w (s^2 + (m - mean)^2)`` by the law of total variance: that the
components disagree is uncertainty too. A draw is a draw of one component.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.errors import InputError
from planner.models.averaging.stack import Cross, Stack, stack_of
from planner.models.observations import Observations, OutcomeScale
from planner.models.surrogate import Mixture, Surrogate

if TYPE_CHECKING:
    from botorch.models.model import Model

_BLOCK = 512


@dataclass(frozen=True, eq=False)
class Average(Surrogate):
    """A weighted mixture of surrogates of the same outcome and space.

    Args:
        components: at least one; all of the same columns.
        weights: one a component, above 0; they sum to one.
    """

    components: tuple[Surrogate, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.components or len(self.components) != len(self.weights):
            raise InputError(
                f"An average needs surrogates with a weight each, not {len(self.components)} "
                f"surrogates and {len(self.weights)} weights."
            )
        if min(self.weights) <= 0.0 or abs(sum(self.weights) - 1.0) > 1e-9:
            raise InputError(
                f"Weights must be above 0 and sum to one, not {self.weights}. "
                f"Leave out what has no weight."
            )
        if len({each.columns for each in self.components}) > 1:
            raise InputError("Surrogates of different spaces cannot be averaged.")

    @property
    def observations(self) -> Observations:  # type: ignore[override]
        """Those of the components."""
        return self.components[0].observations

    @property
    def columns(self) -> tuple[int, ...]:  # type: ignore[override]
        """Those of the components."""
        return self.components[0].columns

    @property
    def scale(self) -> OutcomeScale:  # type: ignore[override]
        """That of the first component."""
        return self.components[0].scale

    @property
    def family(self) -> str:
        """A mixture of families."""
        return "average"

    @property
    def memo(self) -> Mapping[str, object]:
        """Family, weight and memo of each component."""
        members = zip(self.components, self.weights, strict=True)
        return {
            "components": [
                {"family": each.family, "weight": weight, "memo": dict(each.memo)}
                for each, weight in members
            ]
        }

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Weighted geometric means."""
        logs = [[math.log(value) for value in each.lengthscales] for each in self.components]
        return tuple(
            math.exp(sum(w * value for w, value in zip(self.weights, column, strict=True)))
            for column in zip(*logs, strict=True)
        )

    @property
    def prior_sd(self) -> float:
        """Root of the mean prior variance of the components."""
        members = zip(self.components, self.weights, strict=True)
        return math.sqrt(sum(weight * each.prior_sd**2 for each, weight in members))

    @property
    def parts(self) -> tuple[tuple[float, Surrogate], ...]:
        """Those of the components."""
        members = zip(self.components, self.weights, strict=True)
        return tuple((w * own, part) for each, w in members for own, part in each.parts)

    @property
    def caveat(self) -> str | None:
        """Those of the components, each once."""
        caveats = dict.fromkeys(each.caveat for each in self.components if each.caveat)
        return " ".join(caveats) or None

    @property
    def doubted(self) -> tuple[tuple[float, ...], ...]:
        """Those of the components, each once."""
        return tuple(dict.fromkeys(row for each in self.components for row in each.doubted))

    @cached_property
    def model(self) -> Model:
        """The mixture as a BoTorch model, whose draws are those of the components."""
        from planner.models.averaging.botorch_model import MixtureModel, StackModel

        if self._stack is not None:
            return StackModel(self._stack, self._w)
        return MixtureModel([each.model for each in self.components], self._w)

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the mixture; can be differentiated with respect to x."""
        means, sds = self._moments_by_component(x)
        mean = self._w @ means
        return mean, (self._w @ (sds.square() + (means - mean).square())).sqrt()

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the root of the mean variance of one run around the process."""
        return (self._w @ self._noise_by_component(x).square()).sqrt()

    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns the mean covariance of the components, and that of their means."""
        cross = self._cross_by_component(a, b)
        left, right = (each - self._w @ each for each in (cross.left, cross.right))
        within: Tensor = torch.tensordot(self._w, cross.cov, dims=1)
        return within + (self._w[:, None] * left).T @ right

    def predictive_mixture(self, x: Float64[Tensor, "n d"]) -> Mixture:
        """Returns the mixtures of all components as one; memory stays at one block."""
        blocks = [self._mixture(block) for block in torch.split(x, _BLOCK)] or [self._mixture(x)]
        return Mixture(
            means=torch.cat([block.means for block in blocks], dim=1),
            sds=torch.cat([block.sds for block in blocks], dim=1),
            noise_sds=torch.cat([block.noise_sds for block in blocks], dim=1),
            weights=blocks[0].weights,
        )

    def draw(self, x: Float64[Tensor, "n d"], n: int, *, seed: int) -> Float64[Tensor, "s n"]:
        """Draws the process at all configurations together, each time of one component.

        Args:
            x: configurations.
            n: how many draws; each component has its share of them, up to one draw.
            seed: of the generator.

        Returns:
            Draws in the outcome's unit, of the components in a random order.
        """
        generator = torch.Generator(device=x.device).manual_seed(seed)
        seeds = torch.randint(2**31, (len(self.components),), generator=generator).tolist()
        # one grid of n steps at a random offset: the shares are right on average, and within one
        start = torch.rand(1, generator=generator, dtype=torch.float64)
        edges = (torch.cat([self._w.new_zeros(1), self._w.cumsum(dim=0)]) * n + start).floor()
        edges[-1] = edges[0] + n
        counts = edges.diff().long().tolist()
        members = zip(self.components, counts, seeds, strict=True)
        drawn = [each.draw(x, count, seed=own) for each, count, own in members if count]
        order = torch.randperm(n, generator=generator)
        return torch.cat(drawn)[order] if drawn else x.new_empty(0, len(x))

    def conditioned_on(self, x: Float64[Tensor, "m d"]) -> Self:
        """Returns the average of the components, each conditioned on its own means.

        The weights stay: what nobody has measured is no evidence for a component.
        """
        if len(x) == 0:
            return self
        return replace(self, components=tuple(each.conditioned_on(x) for each in self.components))

    @cached_property
    def _w(self) -> Float64[Tensor, " k"]:
        x = self.components[0].observations.x
        return torch.tensor(self.weights, dtype=x.dtype, device=x.device)

    @cached_property
    def _stack(self) -> Stack | None:
        return stack_of(self.components)

    def _moments_by_component(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, "k n"], Float64[Tensor, "k n"]]:
        if self._stack is not None:
            return self._stack.moments(x)
        means, sds = zip(*(each.moments(x) for each in self.components), strict=True)
        return torch.stack(means), torch.stack(sds)

    def _noise_by_component(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, "k n"]:
        return torch.stack([each.noise_sd(x) for each in self.components])

    def _cross_by_component(self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]) -> Cross:
        if self._stack is not None:
            return self._stack.cross(a, b)
        return Cross(
            cov=torch.stack([each.covariance(a, b) for each in self.components]),
            left=torch.stack([each.moments(a)[0] for each in self.components]),
            right=torch.stack([each.moments(b)[0] for each in self.components]),
        )

    def _mixture(self, x: Float64[Tensor, "n d"]) -> Mixture:
        if self._stack is not None:
            means, sds = self._stack.moments(x)
            noise_sds = self._noise_by_component(x)
            return Mixture(means=means, sds=sds, noise_sds=noise_sds, weights=self._w)
        parts = [each.predictive_mixture(x) for each in self.components]
        return Mixture(
            means=torch.cat([part.means for part in parts]),
            sds=torch.cat([part.sds for part in parts]),
            noise_sds=torch.cat([part.noise_sds for part in parts]),
            weights=torch.cat(
                [weight * part.weights for weight, part in zip(self.weights, parts, strict=True)]
            ),
        )
