"""What is wanted, in words: outcomes, objective, policy and stop rule."""

from __future__ import annotations

from collections.abc import Iterator

from planner.campaign.approval import N_PEOPLE, Approval
from planner.campaign.objectives import HitClass, HitRange, HitTarget, Maximise, Minimise
from planner.campaign.outcomes import (
    AnyOutcome,
    ClassOutcome,
    CurveOutcome,
    DistributionOutcome,
    FileOutcome,
    ImageOutcome,
    NumberOutcome,
)
from planner.campaign.reductions.base import Targeted
from planner.campaign.spec import CampaignSpec
from planner.campaign.words.families import predictor
from planner.campaign.words.phrases import after, count, listed, number

# what campaigns stated in spaces without a table held from here on: docs/benchmarks/stopping.md
_SURE_WITHOUT_TABLE = 0.95

# the best conditions need no words: the objective says it
_AIMS = {
    "collect": "Its aim is many good conditions.",
    "learn": "Its aim is a model that holds over the whole space.",
}


def describe_aims(spec: CampaignSpec) -> Iterator[str]:
    """Yields what is measured and what is looked for."""
    if len(spec.outcomes) > 1 or not isinstance(spec.measured_outcome, NumberOutcome):
        yield f"It measures {count(len(spec.outcomes), 'outcome')}:"
        for outcome in spec.outcomes.values():
            about = f" ({outcome.about})" if outcome.about else ""
            yield f"  {outcome.name}{about}: {_describe_kind(outcome)}{_by_whom(spec, outcome)}."
    yield _describe_objective(spec)
    if isinstance(spec.measured_outcome, NumberOutcome):
        yield from _describe_bounds(spec.measured_outcome)


def _describe_kind(outcome: AnyOutcome) -> str:
    match outcome:
        case NumberOutcome() if outcome.by is not None:
            by = outcome.by
            target = f" from {by.target.title}" if isinstance(by, Targeted) else ""
            rule = by.name.replace("_", " ")
            return f"a number{_in(outcome.unit)}, the {rule} of {outcome.reduce}{target}"
        case NumberOutcome():
            return f"a number{_in(outcome.unit)}"
        case ClassOutcome():
            order = ", in this order" if outcome.ordered else ""
            return f"one of {', '.join(outcome.classes)}{order}"
        case CurveOutcome():
            return f"a curve{_in(outcome.unit)} over {outcome.x_name}{_in(outcome.x_unit)}"
        case DistributionOutcome():
            return f"a distribution of values{_in(outcome.unit)}"
        case ImageOutcome():
            return "a picture, kept by its hash"
        case FileOutcome():
            return "a file, kept by its hash"


def _in(unit: str) -> str:
    return f" in{after(unit)}" if after(unit) else ""


def _by_whom(spec: CampaignSpec, outcome: AnyOutcome) -> str:
    source = spec.measured_elsewhere.get(outcome.name)
    return f", measured afterwards by {source}" if source else ""


def _describe_objective(spec: CampaignSpec) -> str:
    objective, outcome = spec.stated_objective, spec.measured_outcome
    unit = after(outcome.unit)
    what = f"{outcome.name} ({outcome.about})" if outcome.about else outcome.name
    match objective:
        case Maximise() | Minimise():
            word = "high" if isinstance(objective, Maximise) else "low"
            return f"It looks for the {word}est {what}{_goal_words(objective, unit)}."
        case HitTarget():
            return (
                f"It looks for {what} as near as possible to {number(objective.target)}{unit}; "
                f"within {number(objective.tolerance)}{unit} is a hit."
            )
        case HitRange():
            return (
                f"It looks for {what} between {number(objective.low)} and "
                f"{number(objective.high)}{unit}."
            )
        case HitClass():
            enough = ""
            if objective.goal is not None:
                enough = f"; {number(100 * objective.goal)} % is sure enough"
            return (
                f"It looks for the conditions where {objective.outcome} is most surely "
                f"{listed(objective.wanted, last='or')}{enough}."
            )


def _goal_words(objective: Maximise | Minimise, unit: str) -> str:
    words = ""
    if objective.goal is not None:
        reach = "above" if isinstance(objective, Maximise) else "below"
        words += f"; {number(objective.goal)}{unit} or {reach} is good enough"
    if objective.gain is not None:
        words += f"; less than {number(objective.gain)}{unit} better is not worth another trial"
    return words


def _describe_bounds(outcome: NumberOutcome) -> Iterator[str]:
    low, high = outcome.bounds
    unit = after(outcome.unit)
    if low is not None and high is not None:
        yield f"A result outside {number(low)} to {number(high)}{unit} is put aside for a person."
    elif low is not None:
        yield f"A result below {number(low)}{unit} is put aside for a person."
    elif high is not None:
        yield f"A result above {number(high)}{unit} is put aside for a person."
    if outcome.expected is not None:
        expected_low, expected_high = outcome.expected
        yield f"Values from {number(expected_low)} to {number(expected_high)}{unit} are expected."
    if outcome.noise is not None:
        yield f"One measurement is taken to be uncertain by {number(outcome.noise)}{unit} (1 sd)."


def describe_policy(spec: CampaignSpec) -> Iterator[str]:
    """Yields how trials are chosen and who approves them."""
    policy = spec.policy
    if policy.acquisition == "random":
        say = "a model only tells when to stop" if spec.stop.needs_model else "no model has a say"
        yield f"Every trial is drawn at random over the whole space; {say}."
        yield from _describe_approval(policy.approval)
        return
    first = "It begins with trials spread over the space"
    if policy.start == 1:
        first = "The first trial is in the middle of the space"
    elif policy.start:
        first = f"The first {policy.start} trials are spread evenly over the space"
    if policy.aim == "learn":
        chooser = "what removes most of what is unknown over the whole space"
    elif policy.acquisition == "log_nei":
        chooser = "its expected improvement"
    else:
        beta = f" with beta {number(policy.beta)}" if policy.beta is not None else ""
        chooser = f"its upper confidence bound{beta}"
    if policy.aim in _AIMS:
        yield _AIMS[policy.aim]
    yield f"{first}; then {predictor(spec)} chooses, by {chooser}."
    if policy.repeats == "auto":
        yield "A setting is measured again where that is worth more than a new one."
    yield from _describe_approval(policy.approval)


def _describe_approval(approval: Approval) -> Iterator[str]:
    by_default = {
        "automatic": "Trials are approved automatically.",
        "person": "A person approves each trial before it runs.",
        "two people": "Two different people approve each trial before it runs.",
    }
    yield by_default[approval.default]
    for who, rule in approval.rules.items():
        if N_PEOPLE[who] > N_PEOPLE[approval.default]:
            people = "A person approves" if who == "person" else "Two different people approve"
            yield f"{people} a trial where {rule.text}."


def describe_stopping(spec: CampaignSpec) -> Iterator[str]:
    """Yields what stops the campaign before its budget is used up."""
    stop = spec.stop
    if stop.goal_probability is not None:
        chance = number(100 * stop.goal_probability)
        yield f"It stops early when the best trial meets the goal with {chance} % probability."
    if stop.remaining_gain is not None:
        gain = f"{number(stop.remaining_gain)}{after(spec.outcome.unit)}"
        yield f"It stops early when less than {gain} is still to be gained."
    if stop.done_probability is not None:
        yield from _describe_done(spec, stop.done_probability)
    yield f"{count(stop.failures, 'failed trial')} in a row stop it."


def _describe_done(spec: CampaignSpec, asked: float) -> Iterator[str]:
    objective, unit = spec.stated_objective, after(spec.outcome.unit)
    more = hits = ""
    if isinstance(objective, Maximise | Minimise) and objective.gain is not None:
        more = f" by more than {number(objective.gain)}{unit}"
    if isinstance(objective, HitTarget):
        hits = "; all hits count as equally good"
    chance = number(100 * asked)
    yield f"It stops early when nothing better{more} is left with {chance} % probability{hits}."
    if spec.candidates is None and asked < _SURE_WITHOUT_TABLE:
        yield (
            f"Without a table of candidates such probabilities were found too sure: ask for "
            f"{number(_SURE_WITHOUT_TABLE)} (docs/benchmarks/stopping.md)."
        )
