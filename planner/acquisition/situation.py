"""What a choice is made from, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from planner.campaign.objectives import AnyObjective, HitClass
from planner.errors import InputError
from planner.models import Evidence, FitFailure, OutcomeScale, Serving, Surrogate, serving
from planner.space import Contextual, Floats, SearchSpace, Value
from planner.trials import Search, Spread

Aim = Literal["optimise", "collect", "learn"]
Acquisition = Literal["ucb", "log_nei", "variance"]
Kind = Literal["start", "model", "fallback"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the policy chooses; the defaults are what replays of real tables favour.

    The comparison of weights and acquisitions stands in ``docs/decisions/0004``, the figures of
    these defaults in ``docs/benchmarks``.

    Args:
        acquisition: ``ucb``, the upper confidence bound; ``log_nei``, log noisy expected
            improvement; ``variance``, how much of what is unknown is removed.
        beta: weight of the deviation in the upper confidence bound, where its best candidate shows
            something new; up to four times as much where it does not.
        n_start: how many space-filling trials come before the model decides.
        family: of models, as the campaign file spells it.
        is_corrected: whether the model's deviations are corrected, by how its forecasts held,
            before anything is decided or stated.
    """

    acquisition: Acquisition = "ucb"
    beta: float = 1.0
    n_start: int = 5
    family: str = "auto"
    is_corrected: bool = True

    @classmethod
    def of_aim(cls, aim: Aim) -> Settings:
        """Returns the defaults of what a campaign is for."""
        match aim:
            case "optimise":
                return cls()
            case "collect":
                return cls(beta=0.5)
            case "learn":
                return cls(acquisition="variance")

    def __post_init__(self) -> None:
        if self.beta < 0 or self.n_start < 1:
            raise InputError(
                f"The policy needs beta of at least 0 and n_start of at least 1, "
                f"not {self.beta:g} and {self.n_start}."
            )


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A setting that was measured, and may be measured again as a replicate.

    Args:
        configuration: as it was requested.
        trials: their numbers.
        row: its number in the whole candidate table, if there is one.
    """

    configuration: Mapping[str, Value]
    trials: tuple[int, ...]
    row: int | None = None

    @property
    def name(self) -> str:
        """What to call them."""
        word = "trial" if len(self.trials) == 1 else "trials"
        return f"{word} {', '.join(map(str, self.trials))}"


def _none_yet() -> Floats:
    return np.empty((0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """All that a choice depends on, besides its seed.

    Args:
        space: what may be tried.
        objective: what is wanted.
        x: configurations that were measured, as they were achieved, encoded, ``n d``.
        y: their outcomes, ``n``.
        var: known variances of the outcomes, ``n``; NaN where not known; empty where none is.
        pending: encoded configurations under way, ``m d``.
        tried: encoded configurations as they were requested, failed ones too, ``k d``; none of
            them is chosen again. Those in ``x`` and ``pending`` count without being named here.
        blocked: numbers of table rows that may not be chosen, for whatever reason; numbers are
            those of the whole table, also where the space holds only a part of its rows.
        memo: what the last choice remembers of its fit; of another family it is not used.
        scale: what to expect of the outcome before it was measured.
        bounds: smallest and largest value that the outcome can take, where it has them.
        settings: of the policy.
        context: what is measured and not chosen, such as today's humidity; every candidate has
            these values. What is missing is taken to be in the middle of its bounds, and every
            reason says so.
        shared: parameters whose values all picks of one choice have in common.
        forecasts: that were stated before a trial and whose result is known; they tell by how much
            the model's deviations are to be corrected.
        repeatable: settings that may be measured again where that is worth more than a new one,
            although they were tried.
        names: what people call what was measured, such as ``trial 4``, ``n``; empty where nobody
            reads of it.
    """

    space: SearchSpace
    objective: AnyObjective
    x: Floats
    y: Floats
    var: Floats = field(default_factory=lambda: np.empty(0))
    pending: Floats = field(default_factory=_none_yet)
    tried: Floats = field(default_factory=_none_yet)
    blocked: frozenset[int] = frozenset()
    memo: Mapping[str, object] | None = None
    scale: OutcomeScale | None = None
    bounds: tuple[float | None, float | None] = (None, None)
    settings: Settings = field(default_factory=Settings)
    context: Mapping[str, Value] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    forecasts: Evidence = field(default_factory=Evidence.none)
    repeatable: tuple[Repeatable, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def serving(self) -> Serving | None:
        """The family of models that is fitted; None where a class is wanted, which has its own."""
        if isinstance(self.objective, HitClass):
            return None
        return serving(self.settings.family, len(self.y))

    @property
    def acquisition(self) -> Acquisition:
        """What decides: before the first result improvement on it is not defined, the bound is."""
        if self.settings.acquisition == "log_nei" and len(self.y) == 0:
            return "ucb"
        return self.settings.acquisition

    def assumed(self) -> dict[str, float]:
        """Returns what is taken for granted of the context, as nobody measured it."""
        return {
            parameter.name: parameter.decode(np.array([0.5]))
            for parameter in self.space.parameters
            if isinstance(parameter, Contextual)
            and parameter.name not in {**self.space.held, **self.context}
        }

    def in_context(self) -> Situation:
        """Returns the situation with only those configurations that have the context's values.

        Raises:
            InputError: the context names what is not measured, or leaves nothing to try.
        """
        for name in self.context:
            if name not in self.space.contextual:
                raise InputError(
                    f"The context gives {name!r}, which is not measured but set. Lock it instead."
                )
        if not self.space.contextual:
            return self
        space = self.space.restricted({**self.assumed(), **self.context})
        return replace(self, space=space, context={})

    def taken(self) -> Floats:
        """Returns every encoded configuration that is not to be chosen again, ``k d``."""
        d = self.space.n_columns
        parts = (self.x, self.pending, self.tried)
        return np.vstack([np.asarray(part, dtype=np.float64).reshape(-1, d) for part in parts])

    def pending_rows(self) -> Floats:
        """Returns ``pending`` with its columns, also where it is empty."""
        return np.asarray(self.pending, dtype=np.float64).reshape(-1, self.space.n_columns)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the model expects of a trial, in the outcome's unit and within its bounds.

    Args:
        mean: predicted outcome.
        sd: of the process: what more observations can remove.
        noise_sd: of one measurement.
        low: lower end of the 90 % interval of the next run.
        high: its upper end.
        probability: that the process meets the goal here (a target within its tolerance, a range,
            a maximum's goal, or else beats the best so far by the stated gain); None where nothing
            was measured yet that could be beaten.
        spread: the whole distribution of the next run; None where a class is wanted.
    """

    mean: float
    sd: float
    noise_sd: float
    low: float
    high: float
    probability: float | None
    spread: Spread | None = None


@dataclass(frozen=True, slots=True)
class BestSoFar:
    """The observed configuration with the highest predicted utility.

    Not the highest outcome: of noisy outcomes the highest is the luckiest. Of very many those with
    the best outcomes are looked at alone.

    Args:
        index: of the observation, in the surrogate's order.
        mean: predicted outcome there, within its bounds.
        utility: mean utility there.
    """

    index: int
    mean: float
    utility: float


@dataclass(frozen=True, slots=True, eq=False)
class Pick:
    """One candidate that was chosen, and why.

    Args:
        configuration: in the user's units.
        row: its number in the whole candidate table, if there is one.
        x: encoded, ``d``.
        kind: ``start`` to fill the space, ``model`` by the acquisition, ``fallback`` to fill the
            space because the fit failed.
        forecast: what the model expects; None where there was no model yet.
        acquisition_value: None where the acquisition did not decide.
        reason: one sentence for the person who runs the trial.
        repeats: numbers of the trials of which it is a replicate.
        search: how well it was searched for; None where it fills the space.
    """

    configuration: dict[str, Value]
    row: int | None
    x: Floats
    kind: Kind
    forecast: Forecast | None
    acquisition_value: float | None
    reason: str
    repeats: tuple[int, ...] = ()
    search: Search | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The picks, in the order they are to be tried, and what they rest on.

    Args:
        picks: ``q`` of them; fewer where the space is exhausted, or holds no more with the
            values that the picks share.
        surrogate: that predicted and decided; None where the fit failed.
        failure: why there is no surrogate.
        is_exhausted: no configuration is left that was not tried and is not pending.
        seed: the choice can be made again from it.
        best: what the picks are to beat; None where nothing was measured, or there is no surrogate.
        acquisition: function that decided, where one could; None where there is no surrogate.
    """

    picks: tuple[Pick, ...]
    surrogate: Surrogate | None
    failure: FitFailure | None
    is_exhausted: bool
    seed: int
    best: BestSoFar | None = None
    acquisition: Acquisition | None = None

    @property
    def version(self) -> str | None:
        """Version of the surrogate."""
        return self.surrogate.version if self.surrogate is not None else None

    @property
    def memo(self) -> Mapping[str, object] | None:
        """What was fitted and what was found; give it to the next choice."""
        if self.surrogate is None:
            return None
        return {"family": self.surrogate.family, "found": self.surrogate.memo}
