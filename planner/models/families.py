"""The families of models that a campaign may name, and how each is fitted.

Their modules are imported when they are first fitted: most campaigns need one or two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from planner.errors import InputError
from planner.models.failure import FitFailure
from planner.models.surrogate import Surrogate
from planner.models.task import Task
from planner.space import Floats


@dataclass(frozen=True, slots=True)
class Family:
    """One family of models.

    Args:
        name: as the campaign file spells it.
        fit: returns the surrogate, or a value that says why there is none.
        is_dear: a fit takes seconds rather than milliseconds.
        leave_one_out: returns the log density of each observation, in the order of the surrogate's,
            as predicted without it; for families whose refits without a part of the data would
            take too long.
        misfit: says why the family does not serve a task, in words; None where it does.
        quick_to: number of observations up to which a fit takes seconds at most; None where any
            number does.
    """

    name: str
    fit: Callable[[Task], Surrogate | FitFailure]
    is_dear: bool = False
    misfit: Callable[[Task], str | None] = lambda _: None
    leave_one_out: Callable[[Surrogate], Floats] | None = None
    quick_to: int | None = None

    def is_quick_for(self, n: int) -> bool:
        """Tells whether a fit to n observations takes seconds at most."""
        return self.quick_to is None or n <= self.quick_to


# More observations than this an exact family is not fitted to: a fit would take many minutes, and
# gigabytes of memory.
MOST_EXACT = 5000
_EXACT = frozenset(
    {
        "gp",
        "isotropic_gp",
        "warped_gp",
        "transformed_gp",
        "mixed_gp",
        "varying_noise_gp",
        "robust_gp",
        "averaged_gp",
        "bayesian_gp",
        "saas_gp",
    }
)


def _fit_gp(task: Task) -> Surrogate | FitFailure:
    from planner.models.gaussian.fitting import fit

    return fit(task)


def _fit_isotropic(task: Task) -> Surrogate | FitFailure:
    from planner.models.gaussian.fitting import fit_isotropic

    return fit_isotropic(task)


def _fit_averaged(task: Task) -> Surrogate | FitFailure:
    from planner.models.averaging.averaged_gp import fit_averaged

    return fit_averaged(task)


def _fit_warped(task: Task) -> Surrogate | FitFailure:
    from planner.models.warped.fitting import fit_warped

    return fit_warped(task)


def _warped_misfit(task: Task) -> str | None:
    from planner.models.warped.fitting import misfit

    return misfit(task)


def _fit_transformed(task: Task) -> Surrogate | FitFailure:
    from planner.models.transformed.fitting import fit_transformed

    return fit_transformed(task)


def _transformed_misfit(task: Task) -> str | None:
    from planner.models.transformed.fitting import misfit

    return misfit(task)


def _fit_mixed(task: Task) -> Surrogate | FitFailure:
    from planner.models.mixed.fitting import fit_mixed

    return fit_mixed(task)


def _mixed_misfit(task: Task) -> str | None:
    from planner.models.mixed.fitting import misfit

    return misfit(task)


def _fit_auto(task: Task) -> Surrogate | FitFailure:
    from planner.models.comparing.auto import fit_auto

    return fit_auto(task, families=QUICK)


def _fit_full_auto(task: Task) -> Surrogate | FitFailure:
    from planner.models.comparing.auto import fit_auto

    return fit_auto(task, families=QUICK, dear=DEAR, name="full_auto")


def _fit_robust(task: Task) -> Surrogate | FitFailure:
    from planner.models.robust.fitting import fit_robust

    return fit_robust(task)


def _robust_misfit(task: Task) -> str | None:
    from planner.models.robust.fitting import misfit

    return misfit(task)


def _fit_varying_noise(task: Task) -> Surrogate | FitFailure:
    from planner.models.varying_noise.fitting import fit_varying_noise

    return fit_varying_noise(task)


def _varying_noise_misfit(task: Task) -> str | None:
    from planner.models.varying_noise.fitting import misfit

    return misfit(task)


def _fit_bnn(task: Task) -> Surrogate | FitFailure:
    from planner.models.networks.bnn import fit

    return fit(task)


def _bnn_misfit(task: Task) -> str | None:
    from planner.models.networks.bnn import misfit

    return misfit(task)


def _fit_bayesian(task: Task) -> Surrogate | FitFailure:
    from planner.models.bayesian.sampled_gp import fit_bayesian

    return fit_bayesian(task)


def _fit_saas(task: Task) -> Surrogate | FitFailure:
    from planner.models.bayesian.sampled_gp import fit_saas

    return fit_saas(task)


def _sampled_misfit(task: Task) -> str | None:
    from planner.models.bayesian.sampled_gp import misfit

    return misfit(task)


def _fit_variational(task: Task) -> Surrogate | FitFailure:
    from planner.models.networks.variational import fit

    return fit(task)


def _variational_misfit(task: Task) -> str | None:
    from planner.models.networks.variational import misfit

    return misfit(task)


def _fit_ensemble(task: Task) -> Surrogate | FitFailure:
    from planner.models.networks.ensemble import fit

    return fit(task)


def _ensemble_misfit(task: Task) -> str | None:
    from planner.models.networks.ensemble import misfit

    return misfit(task)


def _fit_large(task: Task) -> Surrogate | FitFailure:
    from planner.models.large.fitting import fit

    return fit(task)


def _fit_forest(task: Task) -> Surrogate | FitFailure:
    from planner.models.forest.fitting import fit

    return fit(task)


def _within_reach(family: Family) -> Family:
    """Returns the family, which says so where there are more observations than it can learn from.

    Another model in its place would not be what the campaign file names.
    """
    if family.name not in _EXACT:
        return family

    def fit(task: Task) -> Surrogate | FitFailure:
        n = len(task.observations.y)
        if n <= MOST_EXACT:
            return family.fit(task)
        return FitFailure(
            reason=f"The cost of {family.name} grows with the cube of the results; there are {n}, "
            f"and it learns from at most {MOST_EXACT}. Name the family large_gp, or auto, which "
            f"goes over to it by itself."
        )

    return replace(family, fit=fit)


# Numbers of observations up to which a first fit in six dimensions takes at most about three
# seconds on one core, and the plain process twenty; measured in docs/benchmarks/growth.md.
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: _within_reach(family)
        for family in (
            Family(name="gp", fit=_fit_gp, quick_to=2000),
            Family(name="isotropic_gp", fit=_fit_isotropic, quick_to=1000),
            Family(name="warped_gp", fit=_fit_warped, misfit=_warped_misfit, quick_to=250),
            Family(
                name="transformed_gp",
                fit=_fit_transformed,
                misfit=_transformed_misfit,
                quick_to=1000,
            ),
            Family(name="mixed_gp", fit=_fit_mixed, misfit=_mixed_misfit, quick_to=500),
            Family(
                name="varying_noise_gp",
                fit=_fit_varying_noise,
                misfit=_varying_noise_misfit,
                quick_to=250,
            ),
            Family(name="robust_gp", fit=_fit_robust, misfit=_robust_misfit, quick_to=250),
            Family(name="averaged_gp", fit=_fit_averaged, quick_to=500),
            Family(name="bayesian_gp", fit=_fit_bayesian, is_dear=True, misfit=_sampled_misfit),
            Family(name="saas_gp", fit=_fit_saas, is_dear=True, misfit=_sampled_misfit),
            Family(name="bnn", fit=_fit_bnn, is_dear=True, misfit=_bnn_misfit),
            Family(
                name="variational_bnn",
                fit=_fit_variational,
                is_dear=True,
                misfit=_variational_misfit,
            ),
            Family(name="deep_ensemble", fit=_fit_ensemble, is_dear=True, misfit=_ensemble_misfit),
            Family(name="forest", fit=_fit_forest, is_dear=True),
            Family(name="large_gp", fit=_fit_large),
            Family(name="auto", fit=_fit_auto),
            Family(name="full_auto", fit=_fit_full_auto, is_dear=True),
        )
    }
)


# Those that ``auto`` compares: each is fitted many times. Of the plain process, its average over
# hyperparameters and its approximation it takes one, the first that there is time for: on held-out
# results of ten real tables the plain one was, in the mean, behind its average.
_AVERAGES = frozenset({"auto", "full_auto"})
_COMPARED = [family for name, family in FAMILIES.items() if name not in _AVERAGES]
QUICK: Mapping[str, Family] = MappingProxyType(
    {family.name: family for family in _COMPARED if not family.is_dear}
)
# Those that ``full_auto`` compares besides, more seldom.
DEAR: Mapping[str, Family] = MappingProxyType(
    {family.name: family for family in _COMPARED if family.is_dear}
)


def family(name: str) -> Family:
    """Returns the family of this name.

    Raises:
        InputError: there is none.
    """
    if name not in FAMILIES:
        raise InputError(f"There is no model family {name!r}; there are {', '.join(FAMILIES)}.")
    return FAMILIES[name]
