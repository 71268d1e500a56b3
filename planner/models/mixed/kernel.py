"""The covariance over numbers and choices without an order.

| symbol | meaning                                                                  | shape |
|--------|--------------------------------------------------------------------------|-------|
| D_k    | squared distances within number k                                        | n n   |
| e_c    | 1 where choice c differs, 0 where it is the same                         | n n   |
| N      | Matern 5/2 of r, r^2 = sum_k D_k / l_k^2                                 | n n   |
| C      | exp(-sum_c e_c / l_c)                                                    | n n   |
| s      | shares of the signal; above 0, they sum to one                           | 3     |
| k      | s_1 N + s_2 C + s_3 N C                                                  | n n   |

With s_1 a number does the same under every choice, with s_2 a choice shifts the outcome by the same
everywhere, and with s_3 each choice has a response of its own. A choice that is described by
numbers is one of the numbers.

Source: the sum of additive and product part from Ru et al., "Bayesian Optimisation over Multiple
Continuous and Categorical Inputs" (ICML 2020), equation 3; the shares here are learned.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.errors import InputError

_SQRT5 = math.sqrt(5.0)


@dataclass(frozen=True, slots=True)
class MixedHyperparameters:
    """What a fit found; all in standardised units and the unit cube.

    Args:
        lengthscales: one a parameter; of a choice the l_c, large where choices are alike.
        shares: of the signal that numbers have alone, choices have alone, and they have together.
        noise_variance: of one measurement; learned, or the median of the known ones where all are.
        mean: the constant that predictions return to far from all observations.
    """

    lengthscales: tuple[float, ...]
    shares: tuple[float, float, float]
    noise_variance: float
    mean: float

    def __post_init__(self) -> None:
        if min((*self.lengthscales, *self.shares), default=0.0) <= 0 or self.noise_variance < 0:
            raise InputError(
                f"Lengthscales and shares must be above 0 and the noise at least 0: {self}."
            )

    def to_json(self) -> dict[str, Any]:
        """Returns plain lists and numbers; JSON writes every float so that it reads back equal."""
        return {
            **asdict(self),
            "lengthscales": list(self.lengthscales),
            "shares": list(self.shares),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> MixedHyperparameters:
        """Reads what ``to_json`` wrote.

        Raises:
            InputError: an entry is missing or unknown, or a value makes no sense.
        """
        try:
            first, second, third = record["shares"]
            return cls(
                **{
                    **record,
                    "lengthscales": tuple(record["lengthscales"]),
                    "shares": (first, second, third),
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"These are no hyperparameters: {dict(record)}.") from error


def covariance(
    a: Float64[Tensor, "*b n d"],
    b: Float64[Tensor, "*b m d"],
    *,
    columns: tuple[int, ...],
    categories: frozenset[int],
    hyperparameters: MixedHyperparameters,
) -> Float64[Tensor, "*b n m"]:
    """Returns the covariances between two sets of configurations; can be differentiated."""
    h = hyperparameters
    of_numbers = [i for i, parameter in enumerate(columns) if parameter not in categories]
    of_choices = [i for i, parameter in enumerate(columns) if parameter in categories]
    scales = torch.tensor(
        [h.lengthscales[index] for index in columns], dtype=a.dtype, device=a.device
    )
    r = _distances(a / scales, b / scales, of_numbers)
    n = (1.0 + _SQRT5 * r + (5.0 / 3.0) * r.square()) * torch.exp(-_SQRT5 * r)
    # one-hot columns of two different choices lie 2 apart, squared
    roots = (2.0 * scales).sqrt()
    c = torch.exp(-_distances(a / roots, b / roots, of_choices).square())
    return h.shares[0] * n + h.shares[1] * c + h.shares[2] * n * c


def _distances(
    a: Float64[Tensor, "*b n d"], b: Float64[Tensor, "*b m d"], columns: list[int]
) -> Float64[Tensor, "*b n m"]:
    # by differences: by products they would lose half the digits where points are near
    return torch.cdist(
        a[..., columns], b[..., columns], compute_mode="donot_use_mm_for_euclid_dist"
    )
