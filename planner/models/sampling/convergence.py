"""Whether chains converged: split R-hat, effective sample size and divergences, as a value.

| symbol | meaning                                                                        | shape |
|--------|--------------------------------------------------------------------------------|-------|
| W      | mean variance within the halves of the chains                                  | k     |
| B      | variance of the means of the halves                                            | k     |
| R-hat  | root of ``((s/2 - 1) / (s/2) W + B) / W``: 1 where all halves tell the same    | k     |
| ESS    | number of independent draws that would give means as exact                     | k     |

A surrogate needs less than a table of posterior quantiles does. At an effective size of 50 a mean
is off by a seventh of the posterior's deviation, which raises the expected squared error by 2 %;
at an R-hat of 1.1 a deviation is stated a tenth too small at worst.

Source: Vehtari et al., "Rank-normalization, folding, and localization: an improved R-hat"
(Bayesian Analysis 2021), sections 2 and 3.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

from jaxtyping import Float64
from torch import Tensor

Verdict = Literal["converged", "doubtful", "failed"]

_MOST_R_HAT = 1.1
_FEWEST_ESS = 50.0
# Of the draws after warm-up: each marks a region that the chain may not enter.
_MOST_DIVERGENT = 0.01
# From here on the halves of the chains describe different posteriors, and no words mend that.
_HOPELESS_R_HAT = 1.4
_HOPELESS_ESS = 10.0
_HOPELESS_DIVERGENT = 0.1


@dataclass(frozen=True, slots=True)
class Convergence:
    """What the chains say of themselves.

    Args:
        r_hat: the largest split R-hat of what was watched; infinite where it cannot be told.
        ess: the smallest effective sample size of what was watched, of all chains together.
        divergences: transitions after warm-up that left the posterior's surface.
        n_chains: how many chains.
        n_draws: draws after warm-up, of all chains together.
    """

    r_hat: float
    ess: float
    divergences: int
    n_chains: int
    n_draws: int

    @property
    def verdict(self) -> Verdict:
        """``converged``; ``doubtful``, usable with a word of warning; or ``failed``."""
        divergent = self.divergences / max(self.n_draws, 1)
        if not (
            self.r_hat < _HOPELESS_R_HAT
            and self.ess > _HOPELESS_ESS
            and divergent < _HOPELESS_DIVERGENT
        ):
            return "failed"
        is_fine = (
            self.r_hat <= _MOST_R_HAT and self.ess >= _FEWEST_ESS and divergent <= _MOST_DIVERGENT
        )
        return "converged" if is_fine else "doubtful"

    @property
    def words(self) -> str:
        """The figures, for the person who runs the campaign."""
        return (
            f"split R-hat {self.r_hat:.2f} (converged: at most {_MOST_R_HAT:g}), effective sample "
            f"size {self.ess:.0f} of {self.n_draws} draws (at least {_FEWEST_ESS:g}), "
            f"{self.divergences} divergences"
        )

    def to_json(self) -> dict[str, float | int | None]:
        """Returns plain numbers; None where R-hat is infinite, which JSON has no number for."""
        record: dict[str, float | int | None] = asdict(self)
        return {**record, "r_hat": self.r_hat if math.isfinite(self.r_hat) else None}


def check(watched: Float64[Tensor, "c s k"], *, divergences: int) -> Convergence:
    """Returns what chains say of themselves.

    Args:
        watched: quantities that mean the same in every chain, by chain and draw: of a network its
            predictions, its noise and its density, not its weights, which may swap places.
        divergences: transitions after warm-up that left the posterior's surface.
    """
    # late: Pyro takes a second to import
    from pyro.ops.stats import effective_sample_size, split_gelman_rubin

    n_chains, n_draws, _ = watched.shape
    r_hat, ess = math.inf, 0.0
    if n_draws >= 4:
        # what never moves has neither a variance within nor an effective size: not a number
        r_hat = _worst(split_gelman_rubin(watched).max(), math.inf)  # type: ignore[no-untyped-call]
        ess = _worst(effective_sample_size(watched).min(), 0.0)  # type: ignore[no-untyped-call]
    return Convergence(
        r_hat=r_hat,
        ess=ess,
        divergences=divergences,
        n_chains=n_chains,
        n_draws=n_chains * n_draws,
    )


def _worst(value: Float64[Tensor, ""], otherwise: float) -> float:
    return float(value) if bool(value.isfinite()) else otherwise
