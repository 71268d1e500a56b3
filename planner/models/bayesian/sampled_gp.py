"""The families ``bayesian_gp`` and ``saas_gp``: hyperparameters drawn by the No-U-Turn sampler.

Both average the plain Gaussian process over draws from the posterior of its hyperparameters,
``bayesian_gp`` under the priors of ``averaged_gp``, ``saas_gp`` under the sparse axis-aligned
prior, which lets most parameters do nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.models.average import Average
from planner.models.averaging.hyperposterior import Hyperposterior
from planner.models.averaging.laplace import find_modes
from planner.models.averaging.processes import hyperposterior, processes, starts
from planner.models.bayesian.drawing import EFFORT, draw
from planner.models.bayesian.remembered import Remembered
from planner.models.failure import FitFailure
from planner.models.known_noise import prior_beside
from planner.models.priors import EXPECTED_SIGNAL_PRIOR, SIGNAL_PRIOR
from planner.models.sampling.chains import Effort
from planner.models.sampling.convergence import Convergence
from planner.models.scaling import standard_scale
from planner.models.surrogate import Surrogate
from planner.models.task import Task

_KEPT = 32
# Components of less weight are left out.
_SMALLEST_WEIGHT = 1e-4


@dataclass(frozen=True, eq=False)
class SampledProcess(Average):
    """Plain Gaussian processes with hyperparameters drawn from their posterior.

    Args:
        components: of the same observations.
        weights: one a component.
        name: of the family.
        remembered: the draws and what the chains said of themselves.
    """

    name: str
    remembered: Remembered

    @property
    def family(self) -> str:
        """Which prior the hyperparameters had."""
        return self.name

    @property
    def memo(self) -> Mapping[str, object]:
        """The draws; with the observations they give the average again, without sampling."""
        return self.remembered.to_json()

    @property
    def averages_hyperparameters(self) -> bool:
        """That is what it is for."""
        return True

    @property
    def parts(self) -> tuple[tuple[float, Surrogate], ...]:
        """Itself alone: the components are of one family."""
        return ((1.0, self),)

    @property
    def convergence(self) -> Convergence:
        """What the chains said of themselves when they were drawn."""
        return self.remembered.convergence

    @property
    def caveat(self) -> str | None:
        """That the chains did not quite agree, where they did not."""
        if self.convergence.verdict == "converged":
            return None
        return (
            f"The sampler's chains do not quite agree on the hyperparameters: "
            f"{self.convergence.words}. Intervals may be off; more results help."
        )


def fit_bayesian(task: Task, *, effort: Effort = EFFORT) -> SampledProcess | FitFailure:
    """Samples the hyperparameters under the priors of the averaged Gaussian process.

    Where the memo's draws still serve, they are weighted anew instead.

    Args:
        task: what is fitted to.
        effort: how much sampling is done at first.

    Returns:
        The surrogate, whose ``convergence`` may be doubtful; or a value that says why there is
        none: nothing to standardise by, or chains that failed to converge.

    Raises:
        InputError: the memo is of another family.
    """
    return _fit(task, name="bayesian_gp", is_sparse=False, effort=effort)


def fit_saas(task: Task, *, effort: Effort = EFFORT) -> SampledProcess | FitFailure:
    """Samples the hyperparameters under the sparse axis-aligned prior; else as ``fit_bayesian``."""
    return _fit(task, name="saas_gp", is_sparse=True, effort=effort)


def _fit(task: Task, *, name: str, is_sparse: bool, effort: Effort) -> SampledProcess | FitFailure:
    ordered = task.observations.in_order()
    scale = standard_scale(ordered.y.numpy(), task.scale)
    if isinstance(scale, FitFailure):
        return scale
    is_expected = scale == task.scale
    posterior = hyperposterior(ordered, scale=scale, columns=task.columns, is_expected=is_expected)
    if is_sparse:
        signal = EXPECTED_SIGNAL_PRIOR if is_expected else SIGNAL_PRIOR
        posterior = Hyperposterior.with_sparse_axes(
            posterior.evidence, noise=prior_beside(posterior.evidence.known_noise), signal=signal
        )
    remembered = None if task.memo is None else Remembered.from_json(task.memo)
    if remembered is None or not remembered.suffices(posterior):
        new = _draw(posterior, effort=effort, seed=task.seed)
        if isinstance(new, FitFailure):
            return new
        remembered = new
    w = remembered.weights(posterior)
    counts = w > _SMALLEST_WEIGHT
    return SampledProcess(
        components=processes(
            posterior, remembered.u[counts], ordered, scale=scale, columns=task.columns
        ),
        weights=tuple(float(weight) for weight in w[counts] / w[counts].sum()),
        name=name,
        remembered=remembered,
    )


def _draw(posterior: Hyperposterior, *, effort: Effort, seed: int) -> Remembered | FitFailure:
    modes = find_modes(posterior, starts(posterior))
    if not modes:
        return FitFailure(
            reason="The covariance of the observations could not be factored from any start. "
            "Look for outcomes or known variances of wildly different sizes."
        )
    drawn = draw(posterior, modes, effort=effort, seed=seed)
    if drawn.convergence.verdict == "failed":
        return FitFailure(
            reason="The chains that sample the hyperparameters tell different stories. Use the "
            "family 'averaged_gp', which does not sample, or come back with more results.",
            tried=(drawn.convergence.words,),
        )
    u = drawn.thinned(_KEPT)
    return Remembered(
        u=u,
        log_density=posterior.values(u),
        n=len(posterior.evidence.z),
        convergence=drawn.convergence,
    )
