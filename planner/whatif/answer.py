"""What the model says to a question: for each configuration mean, intervals, chance, support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.campaign import CampaignSpec, Maximise, Minimise
from planner.campaign.words.phrases import count
from planner.errors import InputError
from planner.ledger.replay import CampaignState
from planner.loop.deciding.best import find_best
from planner.loop.deciding.model import (
    LEVEL,
    expected_at,
    fit_surrogate,
    observed_goal,
    predict_classes,
)
from planner.loop.deciding.stating import is_class, stated_factor
from planner.models import Bounds, FitFailure, Surrogate, chance, expect_difference
from planner.models.scaling import ENOUGH_FOR_SCALE
from planner.pictures import SliceTrials
from planner.pictures.beside import slice_trials
from planner.space import Configuration, Fixed, Floats, SearchSpace
from planner.units import DIMENSIONLESS
from planner.whatif.admitted import admit
from planner.whatif.question import Question, parse_question
from planner.whatif.records import Answer, Base, Difference, Said

_BLOCK = 512  # configurations whose joint covariance is held at once


def answer(
    state: CampaignState,
    space: SearchSpace,
    assignments: Sequence[str],
    *,
    base: str | None = None,
) -> Answer:
    """Answers a question; writes nothing.

    Args:
        state: of the campaign.
        space: what may be set.
        assignments: such as ``temperature=130``; see ``planner.whatif.question``.
        base: ``best`` or the number of a trial; with it, and for differences, the answer holds the
            difference to it. Parameters that are not named come from it, or from the best so far.

    Raises:
        InputError: the question cannot be read, or there is no model yet that could answer it.
    """
    question = parse_question(assignments, space)
    surrogate = fit_surrogate(state, space)
    if isinstance(surrogate, FitFailure):
        n = len(state.observations)
        raise InputError(
            f"There is no model to ask ({count(n, 'observation')} so far): {surrogate.reason}"
        )
    missing = tuple(
        each.name
        for each in space.parameters
        if each.name not in question.values and not isinstance(each, Fixed)
    )
    found = _find_base(state, space, surrogate, base, missing, question)
    asked, left_out = admit(question, space, found)
    is_compared = found is not None and (base is not None or bool(question.differences))
    best = find_best(state, space, surrogate)
    best_mean = best.mean if best is not None else None
    speaker = _Speaker(state, space, surrogate, best_mean)
    return Answer(
        spec=state.spec,
        said=speaker.say(asked, base=found if is_compared else None),
        swept=tuple(name for name, values in question.values.items() if len(values) > 1),
        base=found,
        base_said=speaker.say([found.configuration], base=None)[0]
        if found is not None and is_compared
        else None,
        level=LEVEL,
        model_version=surrogate.version,
        n_observations=len(surrogate.observations.y),
        trials=_trials(state, space, question, asked[0]),
        notes=(
            *_notes(state, surrogate, found, best_mean, question),
            *left_out,
            *_not_listed(asked, space),
        ),
    )


def _find_base(
    state: CampaignState,
    space: SearchSpace,
    surrogate: Surrogate,
    wanted: str | None,
    missing: tuple[str, ...],
    question: Question,
) -> Base | None:
    filled = tuple(name for name in missing if name not in question.differences)
    if wanted is None and not missing:
        return None
    if wanted not in (None, "best"):
        trial = state.trial(_trial_number(str(wanted)))
        return Base(name=f"trial {trial.number}", configuration=trial.configuration, filled=filled)
    best = find_best(state, space, surrogate)
    if best is None:
        names = ", ".join(missing or space.names)
        raise InputError(
            f"Nothing was measured yet, so there is no best so far to take {names} from. "
            f"Name every parameter, or give --from and the number of a trial."
        )
    name = f"best so far ({best.name})"
    return Base(name=name, configuration=best.configuration, filled=filled)


def _trial_number(wanted: str) -> int:
    text = wanted.removeprefix("trial").strip()
    if not text.isdigit():
        raise InputError(f"--from takes 'best' or the number of a trial, not {wanted!r}.")
    return int(text)


def _notes(
    state: CampaignState,
    surrogate: Surrogate,
    base: Base | None,
    best_mean: float | None,
    question: Question,
) -> tuple[str, ...]:
    notes = []
    n = len(surrogate.observations.y)
    if is_class(state.spec):
        counted = "nothing was" if n == 0 else "only one trial was"
        notes += [f"This rests on what is assumed beforehand, as {counted} measured."] * (n < 2)
    elif n < ENOUGH_FOR_SCALE and state.spec.outcome.expected is not None:
        counted = (
            "nothing was measured yet"
            if n == 0
            else f"{n} of {ENOUGH_FOR_SCALE} measurements are in"
        )
        low, high = state.spec.outcome.expected
        notes.append(
            f"This rests on the range that the campaign file expects ({low:g} to {high:g}), as "
            f"{counted}."
        )
    if base is not None and base.filled:
        notes.append(f"Not named, so taken from {base.name}: {', '.join(base.filled)}.")
    for name, difference in question.differences.items():
        assert base is not None
        unit = state.spec.scalars[name].unit
        notes.append(f"{name} is {difference:+g} {unit} from {base.name}.")
    if best_mean is not None and not is_class(state.spec):
        notes += _to_beat(state.spec, best_mean)
    if state.spec.is_simulated:
        notes.append(f"The campaign is simulated (source {state.spec.source.name!r}).")
    return tuple(notes)


def _trials(
    state: CampaignState, space: SearchSpace, question: Question, held: Configuration
) -> SliceTrials | None:
    """Returns the observations beside a sweep along one number; None where there is no such."""
    swept = [name for name, values in question.values.items() if len(values) > 1]
    observed = observed_goal(state)
    if len(swept) != 1 or not observed or isinstance(held[swept[0]], str):
        return None
    values = [state.spec.goal_value(each.outcomes) for each in observed]
    return slice_trials(
        space.parameter(swept[0]),
        [each.configuration for each in observed],
        stated_factor(state.spec) * np.array(values, dtype=np.float64),
        space=space,
        centre=held,
    )


def _to_beat(spec: CampaignSpec, best_mean: float) -> list[str]:
    """Says what a run must pass to beat the best, where the campaign file names no goal."""
    objective = spec.objective
    if not isinstance(objective, Maximise | Minimise) or objective.goal is not None:
        return []
    unit = "" if spec.outcome.unit == DIMENSIONLESS else f" {spec.outcome.unit}"
    side = "above" if isinstance(objective, Maximise) else "below"
    by = f"more than {objective.gain:g}{unit} " if objective.gain else ""
    return [
        f"The campaign file names no goal: to beat the best is to come out {by}{side} "
        f"{best_mean:.4g}{unit}, the mean that the model predicts at the best setting so far."
    ]


def _not_listed(asked: Sequence[Configuration], space: SearchSpace) -> tuple[str, ...]:
    """Says where the question leaves the candidate table: an answer there cannot be tried."""
    if space.rows is None:
        return ()
    listed = {tuple(row[name] for name in space.names) for row in space.rows}
    beside = sum(tuple(each[name] for name in space.names) not in listed for each in asked)
    if not beside:
        return ()
    which = "This condition is" if len(asked) == 1 else f"{beside} of {len(asked)} conditions are"
    return (f"{which} not among the {len(space.rows)} candidates, so no trial can be run there.",)


@dataclass(frozen=True, slots=True)
class _Speaker:
    state: CampaignState
    space: SearchSpace
    surrogate: Surrogate
    best_mean: float | None

    def say(self, asked: Sequence[Configuration], *, base: Base | None) -> tuple[Said, ...]:
        """Returns what the model says of each configuration; memory stays at one block."""
        blocks = (asked[i : i + _BLOCK] for i in range(0, len(asked), _BLOCK))
        return tuple(said for block in blocks for said in self._say_block(block, base))

    def _say_block(self, asked: Sequence[Configuration], base: Base | None) -> list[Said]:
        x = self.space.encode(asked)
        here, spec = torch.from_numpy(x), self.state.spec
        said, factor = expected_at(self.surrogate, here, spec), stated_factor(spec)
        classes = predict_classes(self.state, self.space, self.surrogate, x)
        chances = self._chances(here)
        nearest, trials = self._nearest(here)
        unknown = self.surrogate.predict(here).sd / self.surrogate.prior_sd
        differences = self._differences(x, base)
        return [
            Said(
                configuration=configuration,
                mean=factor * float(said.mean[i]),
                low=factor * float(said.low[i]),
                high=factor * float(said.high[i]),
                run_low=factor * float(said.run_low[i]),
                run_high=factor * float(said.run_high[i]),
                probability=float(chances[i]) if chances is not None else None,
                nearest=float(nearest[i]) if nearest is not None else None,
                nearest_trial=trials[i],
                unknown=float(unknown[i].clamp(0.0, 1.0)),
                difference=differences[i] if differences is not None else None,
                classes=classes[i] if classes is not None else None,
            )
            for i, configuration in enumerate(asked)
        ]

    def _chances(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"] | None:
        objective = self.state.spec.stated_objective
        needs_best = isinstance(objective, Maximise | Minimise) and objective.goal is None
        if needs_best and self.best_mean is None:
            return None
        return chance(
            self.surrogate,
            x,
            objective=objective,
            bounds=Bounds(*self.state.spec.outcome.bounds),
            best=self.best_mean,
            of_next_run=True,
        )

    def _nearest(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"] | None, list[int | None]]:
        """Returns distances in lengthscales to the nearest observation, and its trial."""
        observed = observed_goal(self.state)
        if not observed:
            return None, [None] * len(x)
        lengthscales = torch.tensor(
            [self.surrogate.lengthscales[i] for i in self.surrogate.columns],
            dtype=torch.float64,
        )
        there = torch.from_numpy(self.space.encode([each.configuration for each in observed]))
        distances = torch.cdist(x / lengthscales, there / lengthscales)
        nearest = distances.min(dim=1)
        return nearest.values, [observed[i].trial for i in nearest.indices.tolist()]

    def _differences(self, x: Floats, base: Base | None) -> list[Difference] | None:
        if base is None:
            return None
        spec = self.state.spec
        mean, ends = expect_difference(
            self.surrogate,
            torch.from_numpy(x),
            torch.from_numpy(self.space.encode([base.configuration])),
            objective=spec.stated_objective,
            bounds=Bounds(*spec.outcome.bounds),
            level=LEVEL,
        )
        is_elsewhere = (x != self.space.encode([base.configuration])).any(axis=1).tolist()
        columns = (stated_factor(spec) * part for part in (mean, ends.low, ends.high))
        return [
            # of the base to itself there is none, whatever rounding says
            Difference(mean=m, low=low, high=high)
            if is_other
            else Difference(mean=0.0, low=0.0, high=0.0)
            for is_other, m, low, high in zip(
                is_elsewhere, *(column.tolist() for column in columns), strict=True
            )
        ]
