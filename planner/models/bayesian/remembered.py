"""Draws that a fit remembers, so that the next one need not sample.

| symbol | meaning                                                                  | shape |
|--------|--------------------------------------------------------------------------|-------|
| u      | draws of the hyperparameters' coordinates                                | k q   |
| f      | their log density when they were drawn                                   | k     |
| w      | exp(log density now - f), so that they sum to one                        | k     |

With more data the posterior is another, and the draws are weighted by how much more likely each
has become, until so few carry the weight that new ones are needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.errors import InputError
from planner.models.averaging.hyperposterior import Hyperposterior
from planner.models.sampling.convergence import Convergence
from planner.space import Floats

# New draws when the data have grown by half, or when fewer than so many carry the weight.
_GROWTH = 1.5
_FEWEST_EFFECTIVE = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Remembered:
    """Draws and what they were drawn from.

    Args:
        u: draws, ``k q``.
        log_density: f.
        n: number of observations when they were drawn.
        convergence: what the chains said of themselves.
    """

    u: Floats
    log_density: Floats
    n: int
    convergence: Convergence

    def weights(self, posterior: Hyperposterior) -> Floats:
        """Returns ``w`` under the posterior of the data now."""
        log_ratios = posterior.values(self.u) - self.log_density
        ratios = np.exp(log_ratios - np.max(log_ratios))
        w: Floats = ratios / ratios.sum()
        return w

    def suffices(self, posterior: Hyperposterior) -> bool:
        """Tells whether the draws serve for the data now, or new ones are needed.

        They serve while the data have neither shrunk nor grown by half, and enough of the draws
        carry the weight.
        """
        n = len(posterior.evidence.z)
        if self.u.shape[1] != posterior.size or not self.n <= n < _GROWTH * max(self.n, 1):
            return False
        w = self.weights(posterior)
        return bool(np.isfinite(w).all() and 1.0 / np.square(w).sum() >= _FEWEST_EFFECTIVE)

    def to_json(self) -> dict[str, Any]:
        """Returns plain lists and numbers; JSON writes every float so that it reads back equal."""
        return {
            "draws": self.u.tolist(),
            "log_density": self.log_density.tolist(),
            "n": self.n,
            "convergence": self.convergence.to_json(),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Remembered:
        """Reads what ``to_json`` wrote.

        Raises:
            InputError: an entry is missing or makes no sense.
        """
        try:
            u = np.array(record["draws"], dtype=np.float64)
            log_density = np.array(record["log_density"], dtype=np.float64)
            r_hat = record["convergence"]["r_hat"]
            convergence = Convergence(
                **{**record["convergence"], "r_hat": math.inf if r_hat is None else r_hat}
            )
            remembered = cls(u=u, log_density=log_density, n=record["n"], convergence=convergence)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"These are no draws of hyperparameters: {dict(record)}.") from error
        if u.ndim != 2 or log_density.shape != u.shape[:1]:
            raise InputError("Draws of hyperparameters need a log density each.")
        return remembered
