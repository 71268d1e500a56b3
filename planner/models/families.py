"""The families of models that a campaign may name, and how each is fitted.

Their modules are imported when they are first fitted: most campaigns need one or two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from planner.campaign.kinds import unserved
from planner.errors import InputError
from planner.models.failure import FitFailure
from planner.models.surrogate import Surrogate
from planner.models.task import Task

# More observations than this an exact family is not fitted to: a fit would take many minutes, and
# gigabytes of memory.
_MOST_EXACT = 5000


@dataclass(frozen=True, slots=True)
class Family:
    """One family of models.

    Args:
        name: as the campaign file spells it.
        fit: returns the surrogate, or a value that says why there is none.
        is_dear: a fit takes seconds rather than milliseconds.
        fewest: number of observations from which on it is compared with others; of fewer it can
            learn what it has in common with the plain process, and no more.
        most: number of observations from which it learns at most, as a fit to more takes minutes;
            None where it learns from any number.
        heir: name of the family that learns from more.
        quick_to: number of observations up to which a fit takes seconds at most; None where any
            number does.
    """

    name: str
    fit: Callable[[Task], Surrogate | FitFailure]
    is_dear: bool = False
    fewest: int = 0
    most: int | None = None
    heir: str | None = None
    quick_to: int | None = None

    def is_quick_for(self, n: int) -> bool:
        """Tells whether a fit to n observations takes seconds at most."""
        return self.quick_to is None or n <= self.quick_to

    def unserved(self, task: Task) -> str | None:
        """Says why the family does not serve the parameters of a task; None where it does."""
        varying = set(task.columns)
        return unserved(
            self.name,
            has_choices=bool(varying & task.categories),
            has_numbers=bool(varying - task.categories),
        )

    def misfit(self, task: Task) -> str | None:
        """Says why the family is not to be compared on a task, in words; None where it is."""
        n = len(task.observations.y)
        if n < self.fewest:
            return f"it needs at least {self.fewest} results, and there are {n}"
        if self.most is not None and n > self.most:
            return f"it learns from at most {self.most:,} results, and there are {n:,}"
        return self.unserved(task)


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


def _fit_transformed(task: Task) -> Surrogate | FitFailure:
    from planner.models.transformed.fitting import fit_transformed

    return fit_transformed(task)


def _fit_mixed(task: Task) -> Surrogate | FitFailure:
    from planner.models.mixed.fitting import fit_mixed

    return fit_mixed(task)


def _fit_auto(task: Task) -> Surrogate | FitFailure:
    from planner.models.comparing.auto import fit_auto

    return fit_auto(task, families=QUICK)


def _fit_full_auto(task: Task) -> Surrogate | FitFailure:
    from planner.models.comparing.auto import fit_auto

    return fit_auto(task, families=QUICK, dear=DEAR, name="full_auto")


def _fit_robust(task: Task) -> Surrogate | FitFailure:
    from planner.models.robust.fitting import fit_robust

    return fit_robust(task)


def _fit_varying_noise(task: Task) -> Surrogate | FitFailure:
    from planner.models.varying_noise.fitting import fit_varying_noise

    return fit_varying_noise(task)


def _fit_bnn(task: Task) -> Surrogate | FitFailure:
    from planner.models.networks.bnn import fit

    return fit(task)


def _fit_bayesian(task: Task) -> Surrogate | FitFailure:
    from planner.models.bayesian.sampled_gp import fit_bayesian

    return fit_bayesian(task)


def _fit_saas(task: Task) -> Surrogate | FitFailure:
    from planner.models.bayesian.sampled_gp import fit_saas

    return fit_saas(task)


def _fit_variational(task: Task) -> Surrogate | FitFailure:
    from planner.models.networks.variational import fit

    return fit(task)


def _fit_ensemble(task: Task) -> Surrogate | FitFailure:
    from planner.models.networks.ensemble import fit

    return fit(task)


def _fit_large(task: Task) -> Surrogate | FitFailure:
    from planner.models.large.fitting import fit

    return fit(task)


def _fit_forest(task: Task) -> Surrogate | FitFailure:
    from planner.models.forest.fitting import fit

    return fit(task)


def _exact(
    name: str,
    fit: Callable[[Task], Surrogate | FitFailure],
    *,
    quick_to: int,
    fewest: int = 0,
) -> Family:
    return Family(
        name=name, fit=fit, quick_to=quick_to, fewest=fewest, most=_MOST_EXACT, heir="large_gp"
    )


def _sampled(name: str, fit: Callable[[Task], Surrogate | FitFailure]) -> Family:
    # the sampler factors a matrix some thousand times; its heir approximates the same average
    return Family(name=name, fit=fit, is_dear=True, most=200, heir="averaged_gp")


# Fewer say nothing of a curve of the outcome, or of one of each parameter; and fewer cannot outvote
# an outlier, or tell noise that varies from noise that does not.
_FEWEST_FOR_CURVES, _FEWEST_FOR_NOISE = 8, 10

# Numbers of observations up to which a first fit in six dimensions takes at most about three
# seconds on one core, and the plain process twenty; measured in docs/benchmarks/growth.md.
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            _exact("gp", _fit_gp, quick_to=2000),
            _exact("isotropic_gp", _fit_isotropic, quick_to=1000),
            _exact("warped_gp", _fit_warped, quick_to=250, fewest=_FEWEST_FOR_CURVES),
            _exact("transformed_gp", _fit_transformed, quick_to=1000, fewest=_FEWEST_FOR_CURVES),
            _exact("mixed_gp", _fit_mixed, quick_to=500),
            _exact("varying_noise_gp", _fit_varying_noise, quick_to=250, fewest=_FEWEST_FOR_NOISE),
            _exact("robust_gp", _fit_robust, quick_to=250, fewest=_FEWEST_FOR_NOISE),
            _exact("averaged_gp", _fit_averaged, quick_to=500),
            _sampled("bayesian_gp", _fit_bayesian),
            _sampled("saas_gp", _fit_saas),
            Family(name="bnn", fit=_fit_bnn, is_dear=True, most=100, heir="variational_bnn"),
            Family(
                name="variational_bnn",
                fit=_fit_variational,
                is_dear=True,
                most=2000,
                heir="large_gp",
            ),
            Family(
                name="deep_ensemble", fit=_fit_ensemble, is_dear=True, most=1000, heir="large_gp"
            ),
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
