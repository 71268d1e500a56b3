"""The explanation of one configuration: a sentence, and the figures behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from planner.acquisition.explaining.attribution import attribute
from planner.acquisition.explaining.effects import shares_settled
from planner.acquisition.forecasts import best_so_far
from planner.acquisition.learning import reference_of
from planner.acquisition.situation import Situation
from planner.acquisition.utility import utility_moments
from planner.campaign.objectives import HitClass
from planner.models import Bounds, Surrogate
from planner.rng import derive_seed, make_generator
from planner.space import Floats, Value

Mode = Literal["exploits", "explores", "learns"]
# An effect that is less than its own deviation from 0 is not named.
_SURE = 1.0
_MOST_NAMED = 2


@dataclass(frozen=True, slots=True)
class Part:
    """What one parameter has to do with it.

    Args:
        parameter: its name.
        value: what it is set to.
        effect: its Shapley value: what its value adds to the prediction, against an average
            setting of the space, in the outcome's unit; of a class in log-odds.
        effect_sd: how uncertain that is.
        effect_error: standard error by sampling; 0 where it is exact.
        settled: share of what is unknown of this parameter's effect that one run here removes.
    """

    parameter: str
    value: Value
    effect: float
    effect_sd: float
    effect_error: float
    settled: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a configuration is worth a run.

    Args:
        mode: whether its promise is the prediction or the uncertainty; or it is there to learn.
        mean: of the process here, without regard to bounds; of a class in log-odds.
        sd: of the process: what more observations can remove.
        noise_sd: of one run around it.
        ahead: predicted utility less that of the best so far; None where nothing was measured.
        base: prediction at an average setting; with all effects it makes up ``mean``.
        parts: one a parameter that is set or measured, the largest effect first.
        unit: of effects and deviations.
    """

    mode: Mode
    mean: float
    sd: float
    noise_sd: float
    ahead: float | None
    base: float
    parts: tuple[Part, ...]
    unit: str

    @property
    def most_settled(self) -> Part:
        """The parameter whose effect a run here would settle most."""
        return max(self.parts, key=lambda part: part.settled)

    @property
    def sentence(self) -> str:
        """One sentence for the person who runs the trial."""
        settles = self.most_settled
        settled = f"{100 * settles.settled:.0f} % of what is unknown of the effect of"
        if self.mode == "exploits":
            return f"Exploits what is known: {self._lifted()}."
        verb = "Explores" if self.mode == "explores" else "Learns"
        return f"{verb}: a run here would settle {settled} {settles.parameter}; {self._lifted()}."

    def _lifted(self) -> str:
        sure = [part for part in self.parts if abs(part.effect) > _SURE * part.effect_sd]
        named = " and ".join(
            f"{part.parameter} = {_word(part.value)} ({part.effect:+.3g} ± {part.effect_sd:.2g}"
            f"{_spaced(self.unit)})"
            for part in sure[:_MOST_NAMED]
        )
        here = f"{self.mean:.4g} ± {self.sd:.2g}{_spaced(self.unit)}"
        against = f"predicted {here} against {self.base:.4g} at an average setting"
        return f"{against}, by {named}" if named else f"{against}, by no parameter for sure"


def explain(situation: Situation, surrogate: Surrogate, x: Floats, *, seed: int) -> Explanation:
    """Explains what the model makes of one configuration.

    Effects are those of the process, also where hybrid settings break a rule of the space: an
    effect asks what one parameter does by itself.

    Args:
        situation: what the choice is made from, at least one column wide.
        surrogate: fitted to it.
        x: the configuration, encoded, ``d``.
        seed: of the settings that stand for the space.
    """
    space = situation.space
    pool = reference_of(space, seed=derive_seed(seed, "background"))
    order = make_generator(derive_seed(seed, "order")).permutation(len(pool))
    background, places = pool[order], _places(space.columns)
    found = attribute(surrogate, x, background, columns=places, seed=seed)
    settled = shares_settled(surrogate, x, background, columns=places)
    here = torch.from_numpy(x)[None, :]
    prediction = surrogate.predict(here)
    named = [space.parameters[index] for index in sorted(set(space.columns))]
    parts = [
        Part(
            parameter=parameter.name,
            value=parameter.decode(x[np.array(places) == place]),
            effect=float(found.values[place]),
            effect_sd=float(found.sd[place]),
            effect_error=float(found.error[place]),
            settled=float(settled[place]),
        )
        for place, parameter in enumerate(named)
    ]
    ahead = _ahead(situation, surrogate, x)
    return Explanation(
        mode=_mode(situation, ahead),
        mean=float(prediction.mean[0]),
        sd=float(prediction.sd[0]),
        noise_sd=float(prediction.noise_sd[0]),
        ahead=ahead,
        base=found.base,
        parts=tuple(sorted(parts, key=lambda part: -abs(part.effect))),
        unit="log-odds" if isinstance(situation.objective, HitClass) else "",
    )


def _places(columns: tuple[int, ...]) -> tuple[int, ...]:
    """Returns for each column the place of its parameter among those that have columns."""
    order = {index: place for place, index in enumerate(sorted(set(columns)))}
    return tuple(order[index] for index in columns)


def _ahead(situation: Situation, surrogate: Surrogate, x: Floats) -> float | None:
    best = best_so_far(situation, surrogate)
    if best is None:
        return None
    moments = surrogate.moments(torch.from_numpy(x)[None, :])
    bounds = Bounds(*situation.bounds)
    return float(utility_moments(situation.objective, *moments, bounds=bounds).mean) - best.utility


def _mode(situation: Situation, ahead: float | None) -> Mode:
    if situation.settings.acquisition == "variance":
        return "learns"
    return "exploits" if ahead is not None and ahead > 0 else "explores"


def _word(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""
