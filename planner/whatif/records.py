"""What an answer to a what-if question says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from planner.campaign import CampaignSpec, Maximise, Minimise
from planner.pictures import SliceTrials
from planner.space import Configuration

# Where the data leave more than this share of the prior's deviation, the prior is what answers.
EXTRAPOLATING = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Where parameters that were not named are taken from, and differences are counted from.

    Args:
        name: what to call it, such as ``best so far (trial 12)``.
        filled: parameters that it gave to the answer.
    """

    name: str
    configuration: Configuration
    filled: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Outcome of a configuration minus that of the base, from their joint posterior.

    Args:
        mean: of the difference of the process, in the outcome's unit.
        low: lower end of its interval.
        high: its upper end.
    """

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the model says of one configuration, in the outcome's unit and within its bounds.

    Args:
        low: lower end of the interval of the mean.
        high: its upper end.
        run_low: lower end of the interval of the next single run.
        run_high: its upper end.
        probability: that the next single run meets the goal (beats the best so far by the stated
            gain where the goal is a maximum without a limit); None where there is nothing to beat.
        nearest: distance to the nearest observation, in lengthscales; None where there is none.
        nearest_trial: its trial; None for historical data.
        unknown: share of the prior's deviation that the data leave, 0 to 1.
        difference: to the base, where one was asked for.
        classes: probability of each class for the next run, where the outcome is one; the numbers
            above are then the chance that it is a wanted one, in percent.
    """

    configuration: Configuration
    mean: float
    low: float
    high: float
    run_low: float
    run_high: float
    probability: float | None
    nearest: float | None
    nearest_trial: int | None
    unknown: float
    difference: Difference | None
    classes: Mapping[str, float] | None = None

    @property
    def is_extrapolating(self) -> bool:
        """Whether the answer is what was assumed beforehand more than what was measured."""
        return self.unknown > EXTRAPOLATING


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to one question.

    Args:
        spec: of the campaign, for names and units.
        said: one entry a configuration.
        swept: parameters that take more than one value.
        base: None where every parameter was named and no base.
        base_said: what the model says of the base, where differences are asked for.
        level: of all intervals.
        n_observations: that the model has seen.
        trials: observations with their distance from a sweep along one number; else None.
        notes: what the reader should know, in sentences.
    """

    spec: CampaignSpec
    said: tuple[Said, ...]
    swept: tuple[str, ...]
    base: Base | None
    base_said: Said | None
    level: float
    model_version: str
    n_observations: int
    notes: tuple[str, ...]
    trials: SliceTrials | None = None

    @property
    def has_goal(self) -> bool:
        """Whether the campaign file names a goal; else a run is to beat the best so far."""
        objective = self.spec.stated_objective
        return not isinstance(objective, Maximise | Minimise) or objective.goal is not None
