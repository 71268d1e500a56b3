"""The curve that an input is bent by: the distribution function of Kumaraswamy.

| symbol | meaning                                                        |
|--------|----------------------------------------------------------------|
| u      | an input in the unit cube, moved in from its ends by 1e-4      |
| a, b   | shape, above 0; both 1 is the identity                         |
| w      | ``1 - (1 - u^a)^b``, which rises from 0 to 1                   |

With a below 1 the lower end is stretched, as by a logarithm; with b below 1 the upper end. What
lies outside the cube (an achieved value may) goes on with slope 1.

Source: Snoek, Swersky, Zemel and Adams, "Input Warping for Bayesian Optimization of Non-Stationary
Functions" (ICML 2014), with Kumaraswamy's distribution in place of the beta, as in BoTorch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.errors import InputError
from planner.space import Floats

# At the very ends the curve may be vertical.
_FROM_END = 1e-4


@dataclass(frozen=True, slots=True)
class Warp:
    """One curve for each encoded column.

    Args:
        a: lower shapes, ``d``; 1 with b of 1 leaves a column as it is.
        b: upper shapes, ``d``.
    """

    a: tuple[float, ...]
    b: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.a) != len(self.b) or min((*self.a, *self.b), default=1.0) <= 0:
            raise InputError(f"A warp has two shapes above 0 for each column: {self}.")

    def __call__(self, x: Float64[Tensor, "*b n d"]) -> Float64[Tensor, "*b n d"]:
        """Returns the bent inputs; can be differentiated."""
        a, b = (torch.tensor(part, dtype=x.dtype, device=x.device) for part in (self.a, self.b))
        u = x.clamp(_FROM_END, 1.0 - _FROM_END)
        rest = -torch.expm1(a * u.log())
        bent = -torch.expm1(b * rest.log())
        return torch.where((a == 1.0) & (b == 1.0), x, bent + (x - u))


@dataclass(frozen=True, slots=True, eq=False)
class Bent:
    """Bent inputs, and by how much they move with the logarithms of the shapes; all ``n d``."""

    w: Floats
    by_log_a: Floats
    by_log_b: Floats


def bend(x: Floats, log_a: Floats, log_b: Floats) -> Bent:
    """Returns the bent inputs with their derivatives.

    Args:
        x: inputs, ``n d``.
        log_a: logarithms of the lower shapes, ``d``.
        log_b: logarithms of the upper ones, ``d``.
    """
    a, b = np.exp(log_a), np.exp(log_b)
    u = np.clip(x, _FROM_END, 1.0 - _FROM_END)
    log_u = np.log(u)
    rest = -np.expm1(a * log_u)
    log_rest = np.log(rest)
    below = np.exp(b * log_rest)
    return Bent(
        w=1.0 - below + (x - u),
        by_log_a=a * b * below / rest * (1.0 - rest) * log_u,
        by_log_b=-b * below * log_rest,
    )
