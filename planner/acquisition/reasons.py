"""Why a candidate was chosen, in one sentence for the person who runs it."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.acquisition.candidates import Found
from planner.acquisition.forecasts import Ahead, Told, ahead_of_best, told_of
from planner.acquisition.learning import reference_of
from planner.acquisition.replicates import noise_of_a_repeat, share_between_runs
from planner.acquisition.situation import BestSoFar, Kind, Repeatable, Settings, Situation
from planner.acquisition.worth import share_learned
from planner.campaign.objectives import HitClass, HitRange, HitTarget, Maximise, Minimise
from planner.campaign.words.phrases import listed, rough, setting, typeset, unknown_then
from planner.models import FitFailure, Surrogate
from planner.space import Categorical, Floats

_NAMES = {"ucb": "mean + {beta:g} sd", "log_nei": "expected improvement"}
# A place is poorly understood where more than a quarter of the variance that was expected
# beforehand is left; or else where half of the space has less than a third of its deviation, and
# that is no small part of the scatter of the results. What was expected beforehand says little
# where hyperparameters are averaged over: some of them expect far more than the results show.
_POORLY_UNDERSTOOD = 0.5
_USUAL_SHARE, _OF_RESULTS = 1 / 3, 0.25
_LEAST_PERCENT = 0.01


def filling(kind: Kind, *, n_placed: int, settings: Settings, failure: FitFailure | None) -> str:
    """Returns the reason for a configuration that fills the space."""
    if kind == "fallback":
        assert failure is not None
        return f"Fills the space, because the model could not be fitted: {failure.reason}"
    if n_placed < settings.n_start:
        return (
            f"Start: one of {settings.n_start} settings that stand for the space, each in the "
            "middle of a part of it."
        )
    return "Start goes on: fewer than two results are in, so no model can choose yet."


def taken_over(situation: Situation) -> str:
    """Says that another family of models decides than was named, the first time that it does."""
    serving, memo = situation.serving, situation.memo
    if serving is None or (memo is not None and memo["family"] == serving.family.name):
        return ""
    return serving.in_words()


def doubted(situation: Situation, surrogate: Surrogate) -> str:
    """Says which results the model's caveat is about; empty where it is about none with a name."""
    told = zip(situation.x.tolist(), situation.y.tolist(), situation.names, strict=False)
    names = {(*x, y): name for x, y, name in told}
    found = [names[row] for row in surrogate.doubted if row in names]
    if not found:
        return ""
    return f"It is {found[0]}." if len(found) == 1 else f"They are, in this order, {listed(found)}."


def chosen(
    situation: Situation, surrogate: Surrogate, found: Found, *, best: BestSoFar | None
) -> str:
    """Returns the reason for a candidate that the acquisition chose.

    Args:
        situation: what is wanted and what was measured.
        surrogate: fitted to it.
        found: the candidate.
        best: of the same situation and surrogate (``best_so_far``).
    """
    here = torch.from_numpy(found.x)[None, :]
    told = told_of(situation, surrogate, here)
    name = _NAMES[situation.acquisition].format(beta=situation.settings.beta)
    predicted = _predicted(situation, told)
    if best is None:
        return f"Highest {name}: {predicted}; nothing was measured yet."
    ahead = ahead_of_best(situation, surrogate, here, told=told, best=best)
    comparison = _comparison(situation, told, best, ahead)
    promise = "most of the promise is the prediction"
    if ahead.by <= 0:
        apart = _least_known(situation, surrogate, found.x)
        promise = (
            f"the promise is the uncertainty: {apart}"
            if ahead.by + ahead.sd > 0
            else f"even one deviation better would not reach that, so its promise is small; {apart}"
        )
    return (
        f"Highest {name}: {predicted}, {comparison}; {promise}"
        f"{_how_poorly(situation, surrogate, here)}."
    )


def farther(usual: Settings) -> str:
    """Returns why the deviation counts for more than usual."""
    name = _NAMES["ucb"].format(beta=usual.beta)
    return (
        f"Where {name} is highest, beside what was measured, one run more would show nothing new, "
        "so what is unknown counts for more."
    )


def repeated(situation: Situation, surrogate: Surrogate, again: Repeatable, x: Floats) -> str:
    """Returns the reason for measuring a setting again."""
    here = torch.from_numpy(x)[None, :]
    told = told_of(situation, surrogate, here)
    purpose = (
        "it teaches more than any new setting"
        if situation.acquisition == "variance"
        else "knowing better which of the leading settings is best is worth more than a new one"
    )
    said = f"Repeat of {again.name}: {_predicted(situation, told)}"
    if isinstance(situation.objective, HitClass):  # a run of a class has no size
        return f"{said}; {purpose}."
    left = told.sd * _share_left(situation, surrogate, again, here)
    return (
        f"{said}, runs there differ by ± {_figures(float(surrogate.noise_sd(here)))}, and one more "
        f"leaves ± {_figures(left)}; {purpose}."
    )


def _share_left(
    situation: Situation, surrogate: Surrogate, again: Repeatable, here: Float64[Tensor, "1 d"]
) -> float:
    """Returns how much of the deviation one run more leaves, by the noise that decided."""
    noise_sd, sd = surrogate.noise_sd(here), float(surrogate.moments(here)[1])
    if situation.acquisition != "variance":
        share, n_runs = share_between_runs(surrogate), torch.tensor([len(again.trials)])
        noise_sd = noise_of_a_repeat(noise_sd, n_runs, share=share)
    return float(noise_sd) / math.hypot(sd, float(noise_sd))


def _predicted(situation: Situation, told: Told) -> str:
    if isinstance(situation.objective, HitClass):
        mean, sd = 100 * told.mean, 100 * told.sd
        return f"predicted chance {_figures(mean, sd)} ± {_figures(sd)} %"
    return f"predicted {_figures(told.mean, told.sd)} ± {_figures(told.sd)}"


def learned(
    situation: Situation, surrogate: Surrogate, found: Found, *, waiting: Floats, seed: int
) -> str:
    """Returns the reason for a candidate that is there to learn.

    Args:
        situation: what may be tried and what was measured.
        surrogate: fitted to it, not conditioned on what waits.
        found: the candidate.
        waiting: encoded configurations under way or picked earlier in this batch, ``m d``.
        seed: of the settings that stand for the space.
    """
    here = torch.from_numpy(found.x)[None, :]
    share = share_learned(situation, surrogate, here, waiting=waiting, seed=seed)
    removed = (
        f"Teaches most: one run removes {_percent(share)} of {unknown_then(len(waiting))} "
        "over the whole space"
    )
    if len(surrogate.observations.y) == 0:
        return f"{removed}; nothing was measured yet."
    told = told_of(situation, surrogate, here)
    apart = _least_known(situation, surrogate, found.x)
    return (
        f"{removed}; {_predicted(situation, told)}, {apart}"
        f"{_how_poorly(situation, surrogate, here)}."
    )


def _percent(share: float) -> str:
    percent = 100.0 * share
    return f"{rough(percent)} %" if percent >= _LEAST_PERCENT else f"less than {_LEAST_PERCENT} %"


def _how_poorly(situation: Situation, surrogate: Surrogate, here: Float64[Tensor, "1 d"]) -> str:
    """Says that hardly anything is known of a place, where that is so."""
    sd = float(surrogate.moments(here)[1][0])
    left = sd / surrogate.prior_sd
    if left > _POORLY_UNDERSTOOD:
        how = f"{100 * min(left, 1.0):.0f} % of the deviation expected before any trial is left"
    elif (share := _usual_share(situation, surrogate, sd)) < _USUAL_SHARE:
        how = f"half of the space has less than {100 * share:.0f} % of the deviation there"
    else:
        return ""
    return f"; the physics there is poorly understood ({how}), and data there would settle it"


def _usual_share(situation: Situation, surrogate: Surrogate, sd: float) -> float:
    """Returns the median deviation over the space as a share of one that is worth the words."""
    if sd < _OF_RESULTS * surrogate.scale.sd:
        return 1.0
    reference = torch.from_numpy(reference_of(situation.space, seed=0))
    return float(surrogate.moments(reference)[1].median()) / sd


def _comparison(situation: Situation, told: Told, best: BestSoFar, ahead: Ahead) -> str:
    """Says how what is expected here compares with what is expected, not measured, of the best."""
    match situation.objective:
        case Maximise() | Minimise():
            here, there, unit, factor = told.mean, best.mean, "", 1.0
        case HitClass():
            here, there, unit, factor = told.mean, best.mean, " %", 100.0
        case HitTarget() | HitRange():
            assert ahead.missed is not None
            return _missing(situation, told, *ahead.missed)
    size, of_best, sign = _difference(factor * here, factor * there, factor * told.sd)
    expected = f"what is expected of the best so far ({of_best}{unit})"
    if sign == 0:
        return f"level with {expected}"
    return f"{size}{unit} {'above' if sign > 0 else 'below'} {expected}"


def _missing(situation: Situation, told: Told, here: float, best: float) -> str:
    what = "target" if isinstance(situation.objective, HitTarget) else "range"
    size, of_best, sign = _difference(here, best, told.sd)
    more = f"{size} {'more' if sign > 0 else 'less'} than" if sign else "as much as"
    return (
        f"expected to miss the {what} by {_figures(here, told.sd)}, {more} is expected of the best "
        f"so far ({of_best})"
    )


def _difference(here: float, best: float, sd: float) -> tuple[str, str, float]:
    """Returns by how much two numbers differ as they are shown, the second, and the sign."""
    shown = [float(_plain(each, sd)) for each in (here, best)]
    apart = shown[0] - shown[1]
    return _figures(abs(apart), sd), _figures(best, sd), apart


def _least_known(situation: Situation, surrogate: Surrogate, x: Floats) -> str:
    """Names the parameter that sets the candidate apart from the nearest measured setting."""
    lengthscales = np.array(surrogate.lengthscales)[np.array(surrogate.columns)]
    columns = np.array(situation.space.columns)
    measured = surrogate.observations.x.numpy()
    apart = np.square((measured - x) / lengthscales)
    nearest = int(np.argmin(apart.sum(axis=1)))
    by_parameter = np.bincount(columns, weights=apart[nearest])
    index = int(np.argmax(by_parameter))
    parameter = situation.space.parameters[index]
    here, there = (parameter.decode(row[columns == index]) for row in (x, measured[nearest]))
    unit = (
        "" if parameter.unit == "1" or isinstance(parameter, Categorical) else f" {parameter.unit}"
    )
    return (
        f"the nearest measured setting has {parameter.name} {setting(there)}{unit}, "
        f"not {setting(here)}"
    )


def _figures(value: float, sd: float | None = None) -> str:
    """Writes a number to two digits of its deviation, or of itself."""
    return typeset(_plain(value, sd))


def _plain(value: float, sd: float | None) -> str:
    size = abs(value) if sd is None else sd
    if size == 0 or not math.isfinite(size):
        return f"{value:.3g}"
    decimals = max(0, 1 - math.floor(math.log10(size)))
    return f"{value:.{decimals}f}" if decimals <= 8 else f"{value:.3g}"
