"""The families of models that a campaign may name, and how each is fitted.

Their modules are imported when they are first fitted: most campaigns need one or two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    """

    name: str
    fit: Callable[[Task], Surrogate | FitFailure]
    is_dear: bool = False
    misfit: Callable[[Task], str | None] = lambda _: None
    leave_one_out: Callable[[Surrogate], Floats] | None = None


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


def _fit_forest(task: Task) -> Surrogate | FitFailure:
    from planner.models.forest.fitting import fit

    return fit(task)


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family(name="gp", fit=_fit_gp),
            Family(name="isotropic_gp", fit=_fit_isotropic),
            Family(name="warped_gp", fit=_fit_warped, misfit=_warped_misfit),
            Family(name="transformed_gp", fit=_fit_transformed, misfit=_transformed_misfit),
            Family(name="mixed_gp", fit=_fit_mixed, misfit=_mixed_misfit),
            Family(name="varying_noise_gp", fit=_fit_varying_noise, misfit=_varying_noise_misfit),
            Family(name="robust_gp", fit=_fit_robust, misfit=_robust_misfit),
            Family(name="averaged_gp", fit=_fit_averaged),
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
            Family(name="auto", fit=_fit_auto),
        )
    }
)


# Those that ``auto`` compares: each is fitted many times. The plain process is not among them: on
# held-out results of ten real tables it was, in the mean, behind its average over hyperparameters.
QUICK: Mapping[str, Family] = MappingProxyType(
    {
        name: family
        for name, family in FAMILIES.items()
        if not family.is_dear and name not in {"auto", "gp"}
    }
)


def family(name: str) -> Family:
    """Returns the family of this name.

    Raises:
        InputError: there is none.
    """
    if name not in FAMILIES:
        raise InputError(f"There is no model family {name!r}; there are {', '.join(FAMILIES)}.")
    return FAMILIES[name]
