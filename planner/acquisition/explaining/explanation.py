"""The explanation of one configuration, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from planner.acquisition.explaining.attribution import attribute
from planner.acquisition.explaining.effects import shares_settled
from planner.acquisition.explaining.effort import Effort
from planner.acquisition.forecasts import Told, ahead_of_best, told_of
from planner.acquisition.learning import reference_of
from planner.acquisition.situation import BestSoFar, Situation
from planner.campaign.objectives import HitClass
from planner.models import Surrogate
from planner.rng import derive_seed, make_generator
from planner.space import Floats, Value
from planner.trials import Effect

Mode = Literal["exploits", "explores", "learns"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one parameter has to do with it.

    Args:
        parameter: its name.
        value: what it is set to.
        effect: what that adds to the prediction, and what a run here settles of it.
    """

    parameter: str
    value: Value
    effect: Effect


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a configuration is worth a run.

    Args:
        mode: whether its promise is the prediction or the uncertainty; or it is there to learn.
        mean: of the process here, without regard to bounds; of a class in log-odds.
        sd: of the process: what more observations can remove.
        noise_sd: of one run around it.
        told: what a person is told of the process here, within bounds; of a class its probability.
        ahead: how much better it is expected to be than the best so far, as both are told; None
            where nothing was measured.
        base: prediction at an average setting; with all effects it makes up ``mean``.
        parts: one a parameter that is set or measured, the largest effect first.
        unit: of effects and deviations: the outcome's, or log-odds of a class.
        n_before: how many trials will be measured before a run here; what that settles is what
            they leave.
    """

    mode: Mode
    mean: float
    sd: float
    noise_sd: float
    told: Told
    ahead: float | None
    base: float
    parts: tuple[Part, ...]
    unit: str
    n_before: int = 0


def explain(
    situation: Situation,
    surrogate: Surrogate,
    x: Floats,
    *,
    best: BestSoFar | None,
    effort: Effort,
    seed: int,
    before: Floats | None = None,
) -> Explanation:
    """Explains what the model makes of one configuration.

    Effects are those of the process, also where hybrid settings break a rule of the space: an
    effect asks what one parameter does by itself.

    Args:
        situation: what the choice is made from, at least one column wide.
        surrogate: fitted to it.
        x: the configuration, encoded, ``d``.
        best: of the same situation and surrogate (``best_so_far``).
        effort: how closely to look.
        seed: of the settings that stand for the space.
        before: encoded configurations that will be measured before it, ``m d``: under way, or
            earlier in its batch. What it is predicted to be does not depend on them.
    """
    space = situation.space
    pool = reference_of(space, seed=derive_seed(seed, "background"))
    order = make_generator(derive_seed(seed, "order")).permutation(len(pool))
    background, places = pool[order], _places(space.columns)
    n_before = 0 if before is None else len(before)
    then = surrogate.conditioned_on(torch.from_numpy(before)) if n_before else None
    found = attribute(surrogate, x, background, columns=places, effort=effort, seed=seed, then=then)
    settled = shares_settled(then or surrogate, x, background, columns=places, effort=effort)
    here = torch.from_numpy(x)[None, :]
    prediction = surrogate.predict(here)
    named = [space.parameters[index] for index in sorted(set(space.columns))]
    parts = [
        Part(
            parameter=parameter.name,
            value=parameter.decode(x[np.array(places) == place]),
            effect=Effect(
                adds=float(found.values[place]),
                sd=float(found.sd[place]),
                sd_before=float(found.sd_before[place]),
                sd_after=float(found.sd_after[place]),
                error=float(found.error[place]),
                settled=float(settled[place]),
            ),
        )
        for place, parameter in enumerate(named)
    ]
    told = told_of(situation, surrogate, here)
    ahead = (
        None if best is None else ahead_of_best(situation, surrogate, here, told=told, best=best).by
    )
    return Explanation(
        mode=_mode(situation, ahead),
        mean=float(prediction.mean[0]),
        sd=float(prediction.sd[0]),
        noise_sd=float(prediction.noise_sd[0]),
        told=told,
        ahead=ahead,
        base=found.base,
        parts=tuple(sorted(parts, key=lambda part: -abs(part.effect.adds))),
        unit="log-odds" if isinstance(situation.objective, HitClass) else "",
        n_before=n_before,
    )


def _places(columns: tuple[int, ...]) -> tuple[int, ...]:
    """Returns for each column the place of its parameter among those that have columns."""
    order = {index: place for place, index in enumerate(sorted(set(columns)))}
    return tuple(order[index] for index in columns)


def _mode(situation: Situation, ahead: float | None) -> Mode:
    if situation.acquisition == "variance":
        return "learns"
    return "exploits" if ahead is not None and ahead > 0 else "explores"
