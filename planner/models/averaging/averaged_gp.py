"""The family ``averaged_gp``: the plain Gaussian process averaged over its hyperparameters.

Few observations leave lengthscales, signal and noise open, and a process with the most probable
ones alone is too sure of itself. Here a few processes share the vote. Unlike in the plain family
the signal variance and the constant mean are learned too: settings that a planner chose tell
little of how low outcomes go elsewhere.

Steps: modes of the posterior; draws around them and from the prior; importance weights, smoothed,
with another round around the weighted draws where they are not to be trusted; then a systematic
sample of a few, each with a draw of the constant mean that it allows. All draws are quasi-random
with a fixed scramble, so the same task gives the same surrogate.

Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), section 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from planner.errors import InputError
from planner.models.average import Average
from planner.models.averaging.importance import TRUSTED_K
from planner.models.averaging.laplace import find_modes
from planner.models.averaging.processes import hyperposterior, processes, starts
from planner.models.averaging.weighted import draw_weighted, systematic
from planner.models.failure import FitFailure
from planner.models.gaussian.search import ENOUGH_TO_GO_ON
from planner.models.scaling import standard_scale
from planner.models.surrogate import Surrogate
from planner.models.task import Task
from planner.space import Floats

FAMILY = "averaged_gp"
# With half as many the held-out densities of ten real tables are 0.02 to 0.08 nat worse, with twice
# as many 0.02 better.
_COMPONENTS = 32
# Many observations leave less open, and each component costs more: at least so many are kept, and
# all of them up to 200 observations.
_FEWEST_COMPONENTS = 8
_COMPONENTS_TIMES_OBSERVATIONS = 6400


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How far the average can be trusted.

    Args:
        n_draws: of the hyperparameters, all rounds together.
        n_effective: as many independent draws from the posterior would be worth as much.
        k_hat: shape of the weights' tail; above 0.7 the average is not to be trusted.
        n_modes: optima that were found.
    """

    n_draws: int
    n_effective: float
    k_hat: float
    n_modes: int


@dataclass(frozen=True, eq=False)
class AveragedProcess(Average):
    """Plain Gaussian processes of one posterior of hyperparameters.

    Args:
        components: of the same observations.
        weights: one a component.
        modes: the optima, in deviations of the priors, from which the next fit starts.
        diagnosis: how far the average can be trusted.
    """

    modes: tuple[tuple[float, ...], ...]
    diagnosis: Diagnosis

    @property
    def family(self) -> str:
        """The averaged Gaussian process."""
        return FAMILY

    @property
    def memo(self) -> Mapping[str, object]:
        """The modes and the diagnosis; with the observations they give the average again."""
        return {"modes": [list(mode) for mode in self.modes], "diagnosis": asdict(self.diagnosis)}

    @property
    def averages_hyperparameters(self) -> bool:
        """That is what it is for."""
        return True

    @property
    def parts(self) -> tuple[tuple[float, Surrogate], ...]:
        """Itself alone: the components are of one family."""
        return ((1.0, self),)

    @property
    def caveat(self) -> str | None:
        """That the weights have too heavy a tail, where they have."""
        if self.diagnosis.k_hat <= TRUSTED_K:
            return None
        return (
            f"Few draws of the hyperparameters carry the average (Pareto k "
            f"{self.diagnosis.k_hat:.2f}, above {TRUSTED_K:g}): intervals may be off; the family "
            f"bayesian_gp samples them at length."
        )


def fit_averaged(task: Task) -> AveragedProcess | FitFailure:
    """Fits the average to the observations.

    What is expected of the outcome is used as in the plain family: while there are fewer than
    ``ENOUGH_FOR_SCALE`` observations, or all are equal, it fixes the constant mean, and the signal
    is close to it.

    Returns:
        The surrogate, or a value that says why there is none.

    Raises:
        InputError: the memo is of another family or space.
    """
    ordered = task.observations.in_order()
    scale = standard_scale(ordered.y.numpy(), task.scale)
    if isinstance(scale, FitFailure):
        return scale
    posterior = hyperposterior(
        ordered, scale=scale, columns=task.columns, is_expected=scale == task.scale
    )
    last = _read(task.memo, posterior.size)
    is_resumed = bool(last) and (task.goes_on or len(ordered.y) >= ENOUGH_TO_GO_ON)
    modes = find_modes(posterior, last if is_resumed else [*starts(posterior), *last])
    if not modes:
        return FitFailure(
            reason="The covariance of the observations could not be factored from any start. "
            "Look for outcomes or known variances of wildly different sizes."
        )
    sample = draw_weighted(posterior, modes)
    chosen = systematic(sample.u, sample.weights.w, n=_n_components(len(ordered.y)))
    return AveragedProcess(
        components=processes(posterior, chosen.u, ordered, scale=scale, columns=task.columns),
        weights=chosen.weights,
        modes=tuple(tuple(float(value) for value in mode.u) for mode in modes),
        diagnosis=Diagnosis(
            n_draws=len(sample.u),
            n_effective=sample.weights.n_effective,
            k_hat=sample.weights.k_hat,
            n_modes=len(modes),
        ),
    )


def _n_components(n: int) -> int:
    return max(_FEWEST_COMPONENTS, min(_COMPONENTS, _COMPONENTS_TIMES_OBSERVATIONS // max(n, 1)))


def _read(memo: Mapping[str, Any] | None, size: int) -> list[Floats]:
    if memo is None:
        return []
    try:
        modes = [np.array(mode, dtype=np.float64) for mode in memo["modes"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"This is no memo of {FAMILY}: {dict(memo)}.") from error
    if any(mode.shape != (size,) for mode in modes):
        raise InputError(
            f"The previous fit has modes of {len(modes[0])} hyperparameters, the space has {size}."
        )
    return modes
