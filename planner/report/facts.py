"""Everything that a report states, computed once: the page, the terminal and JSON show the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from planner.acquisition.explaining import Explanation
from planner.campaign import CampaignSpec, NumberObjective, NumberOutcome
from planner.models.coverage.measuring import Coverage
from planner.pictures import Curves, Slices
from planner.report.chance import RandomChoice
from planner.report.savings import Savings
from planner.space import Configuration
from planner.trials import Measured, Origin, Prediction, Search, TrialState, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class BestConditions:
    """The best conditions so far.

    Args:
        trial: number of the trial that tried them; None for historical data.
        configuration: as it was achieved.
        measured: their outcome, as told, in the outcome's unit, or the class that it came to.
        mean: what the model expects of the process there; None where there is no model.
        low: lower end of the interval of the mean.
        high: its upper end.
        level: of the interval.
        goal_probability: that the process meets the goal there, where there is a goal.
        why_no_interval: where there is no model; the conditions are then the best measured.
    """

    trial: int | None
    configuration: Configuration
    measured: float | str
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.9
    goal_probability: float | None = None
    why_no_interval: str = ""

    @property
    def name(self) -> str:
        """What to call them."""
        return f"trial {self.trial}" if self.trial is not None else "a historical measurement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What may still be gained: an estimate from the model, as good as the model is.

    Args:
        probability: that nothing is left that is better than the best by more than ``threshold``;
            of a target all that lies within its tolerance is equal.
        gain: expected improvement of the best that is still to be found, in the outcome's unit.
        threshold: the gain that the campaign file calls worth a trial; 0 where it names none.
    """

    probability: float
    gain: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How well the response is known over the whole space: the model's estimate.

    Args:
        sd: root of the mean square deviation of the predicted mean, in the outcome's unit.
        spread: deviation of the predicted mean itself from place to place, likewise.
    """

    sd: float
    spread: float

    @property
    def unknown(self) -> float:
        """Share of the response's variance over the space that is not known."""
        total = self.sd**2 + self.spread**2
        return self.sd**2 / total if total > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLine:
    """One trial.

    Args:
        reason: why it was chosen.
        why: the figures behind that, where a model chose it.
        search: how well it was searched for, likewise.
        remark: of its last move: why it failed, was rejected, is in doubt.
        configuration: as it was asked for.
        achieved: what was really set, where it differs.
        prediction: of the objective's outcome, as stated before the trial; a chance in percent.
        outcomes: as measured; none where there is no result.
        awaited: outcomes that are still to come.
        given_up: outcomes that nobody will measure any more, each with the reason.
        excluded: why the result is left out of what the model learns from; empty where it is not.
        parts: what was told of its result after the first part, in words.
        held: whether the stated interval held; None where nothing can be said.
        version: of the result; above 1 more was told later, or it was corrected.
        is_corrected: whether a later part took back what was told before.
        is_counted: whether it took a place in the sequence of attempts: it was run, or is to be.
    """

    number: int
    state: TrialState
    origin: Origin
    reason: str
    remark: str
    configuration: Configuration
    achieved: Configuration | None
    prediction: Prediction | None
    outcomes: Mapping[str, Measured]
    held: bool | None
    quarantined: tuple[str, ...]
    acquisition: str | None
    acquisition_value: float | None
    probability: float | None
    seed: int | None
    model_version: str | None
    proposed_at: datetime
    ended_at: datetime | None
    awaited: tuple[str, ...] = ()
    given_up: Mapping[str, str] = field(default_factory=dict)
    excluded: str = ""
    parts: tuple[str, ...] = ()
    version: int = 1
    is_corrected: bool = False
    why: Why | None = None
    search: Search | None = None
    is_best: bool = False
    is_counted: bool = True

    @property
    def has_result(self) -> bool:
        """Whether it was completed, or a result came after it had ended otherwise."""
        return self.state is TrialState.COMPLETED or bool(self.outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoricalLine:
    """A measurement from outside the campaign.

    Args:
        excluded: why it is left out of what the model learns from; empty where it is not.
        failed: why the process failed there, where it did; there are no outcomes then.
    """

    configuration: Configuration
    outcomes: Mapping[str, Measured]
    source: str
    at: datetime
    excluded: str = ""
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedIntervals:
    """How many of the intervals that were stated before a trial held.

    Args:
        held: how many.
        n: of how many.
        level: how often they are meant to hold.
        expected: 2.5 % and 97.5 % quantiles of the count, if each holds with its level.
        n_cut: how many more end at a bound of the outcome, and are not counted.
    """

    held: int
    n: int
    level: float
    expected: tuple[int, int]
    n_cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLine:
    """A coverage alarm.

    Args:
        words: what it says, which trial set it off, and how intervals held since.
        stands: whether later forecasts do not speak against it.
    """

    words: str
    stands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedChances:
    """How often trials came to a wanted class, beside the chances that were stated before.

    Args:
        hits: how many did.
        n: of how many.
        expected: sum of the stated chances.
        low: 2.5 % quantile of the count, if each chance holds.
        high: 97.5 % quantile.
    """

    hits: int
    n: int
    expected: float
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingItem:
    """Something that only a person can move on.

    Args:
        trial: its number; None for the campaign as a whole.
        what: waits, in words.
        to_do: what to do or type.
    """

    trial: int | None
    what: str
    to_do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that people or the planner did to the campaign as a whole.

    Args:
        at: when, in UTC; None where only the state was at hand.
        author: who, a person's name or ``the planner``; empty where only the state was at hand.
        what: in words.
        is_routine: whether the planner keeps itself in order, which asks nothing of people.
    """

    at: datetime | None
    author: str
    what: str
    is_routine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the campaign has used up.

    Args:
        trials: that count against the budget.
        cost: money, in the sources' currency.
        time_s: from the opening to the last entry of the ledger.
        by_source: money by source, where there are several.
        currency: of the money; empty where the file names none.
        hours: that trials have run or will, by the duration that the file states; None where none.
        set_up_hours: that went into changing the set-up besides; None where the file states none.
        stock: what is left of each consumable, a sentence each.
    """

    trials: int
    cost: float
    time_s: float
    by_source: Mapping[str, float]
    currency: str
    hours: float | None
    set_up_hours: float | None
    stock: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What the report was made from, so that it can be made again.

    Args:
        ledger: id of the ledger; empty where it was not given.
        sequence: of the last entry that the report knows.
        as_of: time of that entry.
        software: version of this software.
        seed: root seed of the campaign.
        spec_digest: of the campaign file in force.
        model_version: of the surrogate that the report rests on; None where there is none.
    """

    ledger: str
    sequence: int
    as_of: datetime
    software: str
    seed: int
    spec_digest: str
    model_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that a report states.

    Args:
        spec: of the campaign, for names, units and what is wanted.
        standing: what the campaign does now, in a word or two.
        outcome: what is modelled, as people read it: of a class the chance in percent.
        objective: what is wanted of it.
        wanted: the classes that are wanted; none where the outcome is no class.
        chances: how well stated chances of a class held; None where nothing can be said.
        coverage: how well the stated distributions held; None where nothing can be said.
        correction: how the intervals are corrected and since when, in words; empty where they
            are not.
        alarms: when they did not hold, and how they did since.
        curves: of the best trials, an entry for each outcome that is a curve or distribution.
        stop_reason: why it stopped; empty while it has not.
        simulation: what stands in for a lab, in words; empty where a real one does.
        best: None where nothing was measured.
        top: the best single measurement, where it is not at the best conditions: of noisy results
            the best is the luckiest; None where both are one.
        known: how well the whole space is known; None where that is not the aim, or there is no
            model.
        left: None where it cannot be computed, or the aim is to learn the whole space.
        why_nothing_left: then, why.
        counts: trials by state, only states that occur.
        random: None where the candidates' outcomes are not known.
        best_in_table: mean outcome of the best conditions in the table that is replayed.
        random_to_match: random draws it takes on average to find a row as good as the best one.
        savings: against random choice; None where trials cost nothing, or nothing is known.
        slices: of the posterior through the best conditions; None where there is no model.
        explained: what each parameter adds at the best conditions; None where there is no model.
        no_model: why no model could be fitted; empty where one was.
        predicting: which families of models predict, and how others are chosen; empty where no
            model could be fitted, or a class is wanted.
    """

    spec: CampaignSpec
    outcome: NumberOutcome
    objective: NumberObjective
    wanted: tuple[str, ...]
    standing: str
    stop_reason: str
    simulation: str
    best: BestConditions | None
    top: BestConditions | None
    known: Known | None
    left: Left | None
    why_nothing_left: str
    trials: tuple[TrialLine, ...]
    historical: tuple[HistoricalLine, ...]
    counts: Mapping[TrialState, int]
    stated: StatedIntervals | None
    chances: StatedChances | None
    coverage: Coverage | None
    correction: str
    alarms: tuple[AlarmLine, ...]
    random: RandomChoice | None
    best_in_table: float | None
    random_to_match: float | None
    waiting: tuple[WaitingItem, ...]
    events: tuple[Event, ...]
    spent: Spent
    savings: Savings | None
    slices: Slices | None
    explained: Explanation | None
    curves: tuple[Curves, ...]
    no_model: str
    predicting: str
    provenance: Provenance

    @property
    def is_learning(self) -> bool:
        """Whether the aim is a model that holds over the whole space, and not the best."""
        return self.spec.policy.aim == "learn"

    @property
    def n_observed(self) -> int:
        """Trials with a result that counts."""
        return self.counts.get(TrialState.COMPLETED, 0)
