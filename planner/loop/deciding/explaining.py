"""Why a trial is worth its run: by what the ledger holds now, or as a proposal is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.acquisition import Choice, Situation
from planner.acquisition.explaining import QUICK, THOROUGH, Explanation, explain
from planner.acquisition.forecasts import best_so_far
from planner.ledger.replay import CampaignState
from planner.loop.deciding.context import last_context
from planner.loop.deciding.model import fit_surrogate, make_situation
from planner.loop.deciding.stating import unit_of_effects
from planner.models import FitFailure, Surrogate
from planner.rng import derive_seed
from planner.space import Configuration, SearchSpace
from planner.trials import Effect, Why

# With fewer results the trials fill the space, and no model is worth a question.
_FEWEST_RESULTS = 2
_ROUNDING = 1e-9


def explain_each(
    state: CampaignState,
    space: SearchSpace,
    configurations: Sequence[Configuration],
    *,
    numbers: Sequence[int] | None = None,
    fitted: Surrogate | FitFailure | None = None,
) -> list[Explanation] | FitFailure | None:
    """Returns the thorough explanation of each configuration.

    What a run would settle is what those leave that are measured before it.

    Args:
        state: of the campaign; trials under way count as such, with no result.
        space: what may be tried.
        configurations: such as those of proposed trials.
        numbers: of the trials that they are the configurations of: those under way with a lower
            number are measured before. Without them all that is under way is.
        fitted: to the state, where that was done already.

    Returns:
        None while there are too few results for any model; why there is no model, where the fit
        failed.
    """
    if len(state.observations) < _FEWEST_RESULTS:
        return None
    surrogate = fitted if fitted is not None else fit_surrogate(state, space)
    if isinstance(surrogate, FitFailure):
        return surrogate
    situation = make_situation(state, space.restricted(last_context(state, space))).in_context()
    unit, best = unit_of_effects(state.spec), best_so_far(situation, surrogate)
    x = np.asarray(space.encode(list(configurations)), dtype=np.float64)
    waiting, under_way = situation.pending_rows(), [trial.number for trial in state.pending]
    n_before = [sum(other < own for other in under_way) for own in numbers or ()]
    found = [
        explain(
            situation,
            surrogate,
            row,
            best=best,
            effort=THOROUGH,
            seed=_seed(state),
            before=waiting[:n],
        )
        for row, n in zip(x, n_before or [len(waiting)] * len(x), strict=True)
    ]
    return [replace(each, unit=unit) for each in found]


def whole_of(whole: SearchSpace, part: SearchSpace) -> SearchSpace:
    """Returns the whole space, with what is measured and not set as a part of it has it."""
    return whole.restricted(
        {name: part.held[name] for name in part.contextual if name in part.held}
    )


def why_each(state: CampaignState, situation: Situation, choice: Choice) -> list[Why | None]:
    """Returns why each pick was chosen; None for those that a model did not choose.

    Args:
        state: of the campaign.
        situation: with the space whose average setting they are compared with.
        choice: with what was fitted to it.
    """
    situation = situation.in_context()
    surrogate = choice.surrogate
    if surrogate is None or situation.space.n_columns == 0:
        return [None for _ in choice.picks]
    waiting, picks = situation.pending_rows(), choice.picks
    return [
        why_of(
            explain(
                situation,
                surrogate,
                pick.x,
                best=choice.best,
                effort=QUICK,
                seed=_seed(state),
                before=np.vstack([waiting, *(earlier.x for earlier in picks[:index])]),
            ),
            is_repeat=bool(pick.repeats),
        )
        if pick.kind == "model"
        else None
        for index, pick in enumerate(picks)
    ]


def why_of(found: Explanation, *, is_repeat: bool = False) -> Why:
    """Returns an explanation as the ledger keeps it, rounded to what is known of it.

    Args:
        found: the explanation.
        is_repeat: whether its setting is to be measured again.
    """
    scale = max([abs(found.base), *(abs(part.effect.adds) for part in found.parts)])
    return Why(
        promise="repeats" if is_repeat else found.mode,
        base=_rounded(found.base, 5),
        effects={
            part.parameter: Effect(
                adds=_rounded(part.effect.adds, 4) if _is_some(part.effect.adds, scale) else 0.0,
                sd=_rounded(part.effect.sd, 2),
                sd_before=_rounded(part.effect.sd_before, 2),
                sd_after=_rounded(part.effect.sd_after, 2),
                error=_rounded(part.effect.error, 2),
                settled=_rounded(part.effect.settled, 2),
            )
            for part in found.parts
        },
        n_before=found.n_before,
    )


def _is_some(value: float, scale: float) -> bool:
    """Tells whether a value is more than what is left of rounding values of this size."""
    return abs(value) > _ROUNDING * scale


def _rounded(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _seed(state: CampaignState) -> int:
    return derive_seed(state.seed, "explanation")
