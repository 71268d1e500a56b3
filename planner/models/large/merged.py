"""Observations with the runs of one setting merged; what they say of the process is the same.

Of one setting's runs ``z_i = f + e_i`` with noise variances v_i

``prod normal(z_i; f, v_i) = w normal(c; f, 1 / P)``, with precision ``P = sum 1 / v_i``, centre
``c = sum z_i / v_i / P`` and ``-2 log w = sum log v_i + sum z_i^2 / v_i - P c^2 + log P`` up to a
constant, so c with variance ``1 / P`` stands for all of them. Without this a hundred repeats of
the nearest setting would be all that a prediction sees.

| symbol | meaning                                                        | shape |
|--------|----------------------------------------------------------------|-------|
| S_0    | how many runs have a noise that is learned                     | s     |
| S_1    | sum of their outcomes                                          | s     |
| S_2    | sum of their squares                                           | s     |
| R_0..2 | the same of runs whose noise is known, each over its variance  | s     |
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Centres:
    """What stands for each setting, given the noise that is learned.

    Args:
        z: centre of the runs, standardised.
        var: its noise variance.
        log_within: log density of the runs around their centre, up to a constant.
    """

    z: Float64[Tensor, " s"]
    var: Float64[Tensor, " s"]
    log_within: Float64[Tensor, " s"]


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """Distinct settings and the sums over their runs.

    Args:
        x: distinct configurations, ``s d``.
        learned: S, one row a power.
        known: R, one row a power.
        log_known: sum of the logarithms of the known variances.
    """

    x: Float64[Tensor, "s d"]
    learned: Float64[Tensor, "3 s"]
    known: Float64[Tensor, "3 s"]
    log_known: Float64[Tensor, " s"]

    @classmethod
    def of(
        cls, x: Float64[Tensor, "n d"], z: Float64[Tensor, " n"], known_noise: Float64[Tensor, " n"]
    ) -> Merged:
        """Returns the sums of standardised outcomes whose noise is known, or NaN."""
        settings, which = torch.unique(x, dim=0, return_inverse=True)
        is_learned = known_noise.isnan()
        var = known_noise.nan_to_num(nan=1.0)
        powers = torch.stack([torch.ones_like(z), z, z.square()])

        def summed(values: Tensor) -> Tensor:
            zeros = values.new_zeros(*values.shape[:-1], len(settings))
            return zeros.index_add(-1, which, values)

        return cls(
            x=settings,
            learned=summed(powers * is_learned),
            known=summed(powers / var * ~is_learned),
            log_known=summed(var.log() * ~is_learned),
        )

    def centres(self, noise: Float64[Tensor, ""]) -> Centres:
        """Returns what stands for each setting; can be differentiated with respect to the noise."""
        precision, weighted, squares = self.learned / noise + self.known
        z = weighted / precision
        log_variances = self.learned[0] * noise.log() + self.log_known
        spread = squares - precision * z.square()
        return Centres(
            z=z,
            var=precision.reciprocal(),
            log_within=-0.5 * (log_variances + spread + precision.log()),
        )
