"""Numbers and settings in words, the same in the terminal and on the page."""

from __future__ import annotations

import math
from datetime import datetime

from planner import units
from planner.campaign import AnyObjective, CampaignSpec, HitRange, HitTarget, Maximise, Minimise
from planner.pictures.axis import number
from planner.report.facts import BestConditions, Facts, StatedIntervals, TrialLine
from planner.space import Configuration, Value
from planner.trials import Prediction, TrialState

_PLAINLY = (1e-4, 1e6)  # numbers between these are written without a power of ten
ORIGINS = {
    "start": "spread over the space",
    "model": "chosen by the model",
    "fallback": "spread over the space, as no model could be fitted",
    "person": "chosen by a person",
}


def unit_of(unit: str) -> str:
    """Returns a unit to stand behind a number; nothing for a plain number."""
    return "" if unit in ("", units.DIMENSIONLESS) else f" {unit}"


def rounded(value: float, spread: float = 0.0) -> str:
    """Returns a number with two digits of its spread, or four digits where there is none.

    Args:
        value: to be shown.
        spread: how far it may be off, in the same unit; 0 where that is not known.
    """
    if not (math.isfinite(spread) and spread > 0):
        return number(value)
    last = math.floor(math.log10(spread)) - 1
    if value != 0 and not _PLAINLY[0] <= abs(value) < _PLAINLY[1]:
        return number(value, min(8, max(1, math.floor(math.log10(abs(value))) - last + 1)))
    text = f"{value:.{min(12, max(0, -last))}f}"
    # a rounded zero has no sign
    return text.replace("-", "\u2212") if float(text) else text.removeprefix("-")


def span(low: float, high: float) -> str:
    """Returns an interval, its ends rounded by its width."""
    half = (high - low) / 2
    return f"{rounded(low, half)} to {rounded(high, half)}"


def chance(probability: float) -> str:
    """Returns a probability in percent, never rounded to certainty."""
    if 0 < probability < 0.01:
        return "below 1 %"
    if 0.99 < probability < 1:
        return "above 99 %"
    return f"{100 * probability:.0f} %"


def setting(value: Value, unit: str) -> str:
    """Returns a parameter's value with its unit."""
    shown = value if isinstance(value, str) else number(value, 6)
    return f"{shown}{unit_of(unit)}"


def configuration(settings: Configuration, spec: CampaignSpec) -> str:
    """Returns a configuration on one line."""
    return ", ".join(
        f"{name} {setting(value, spec.parameters[name].unit)}" for name, value in settings.items()
    )


def prediction(predicted: Prediction) -> str:
    """Returns a stated prediction: mean, and the interval of the next single run."""
    half = (predicted.high - predicted.low) / 2
    return f"{rounded(predicted.mean, half)} ({span(predicted.low, predicted.high)})"


def best_value(best: BestConditions, unit: str) -> str:
    """Returns the best conditions' outcome with its interval, or as measured."""
    if best.mean is None or best.low is None or best.high is None:
        return f"{rounded(best.measured)}{unit_of(unit)} measured"
    half = (best.high - best.low) / 2
    return (
        f"{rounded(best.mean, half)}{unit_of(unit)} "
        f"({100 * best.level:g} % interval of the mean: {span(best.low, best.high)})"
    )


def wish(objective: AnyObjective, unit: str) -> str:
    """Returns what is wanted, as the rest of a sentence."""
    end = unit_of(unit)
    match objective:
        case Maximise() | Minimise():
            word = "highest" if isinstance(objective, Maximise) else "lowest"
            text = f"the {word} {objective.outcome}"
            if objective.goal is not None:
                side = "at least" if isinstance(objective, Maximise) else "at most"
                text += f", {side} {number(objective.goal)}{end} is good enough"
            if objective.gain is not None:
                text += f"; a gain of less than {number(objective.gain)}{end} is not worth a trial"
            return text
        case HitTarget():
            return (
                f"{objective.outcome} at {number(objective.target)}{end}, "
                f"give or take {number(objective.tolerance)}{end}"
            )
        case HitRange():
            return (
                f"{objective.outcome} from {number(objective.low)} to {number(objective.high)}{end}"
            )


def left(facts: Facts) -> str:
    """Returns one sentence on what may still be gained."""
    if facts.left is None:
        return f"Whether something better is left cannot be estimated: {facts.why_nothing_left}"
    unit = unit_of(facts.spec.outcome.unit)
    more = (
        "" if facts.left.threshold == 0 else f" by more than {number(facts.left.threshold)}{unit}"
    )
    return (
        f"Probability that nothing better{more} is left: {chance(facts.left.probability)} "
        f"(estimate). Gain still to be expected: {number(facts.left.gain, 2)}{unit}."
    )


def stated(intervals: StatedIntervals) -> str:
    """Returns one sentence on how well the stated intervals held."""
    low, high = intervals.expected
    return (
        f"{intervals.held} of {intervals.n} intervals that were stated before a trial held; "
        f"{100 * intervals.level:g} % intervals would give {low} to {high} "
        f"(95 % of the time)."
    )


def against_chance(facts: Facts) -> str:
    """Returns one sentence on random choice; empty where it is not known."""
    random = facts.random
    if random is None or not random.mean:
        return ""
    unit = unit_of(facts.spec.outcome.unit)
    reached = "come within" if random.is_distance else "reached"
    half = (random.high[-1] - random.low[-1]) / 2
    of_what = " of what is wanted" if random.is_distance else ""
    trials = f"{len(random.mean)} trials" if len(random.mean) > 1 else "1 trial"
    text = (
        f"Choosing at random would on average have {reached} {rounded(random.mean[-1], half)}"
        f"{unit}{of_what} after {trials} (10 to 90 %: {span(random.low[-1], random.high[-1])})"
    )
    if facts.random_to_match is None:
        return text + "."
    return (
        f"{text}, and would need {facts.random_to_match:.0f} trials on average for conditions "
        f"as good as the best found."
    )


def counted(facts: Facts) -> str:
    """Returns how many trials there are, by what became of them."""
    return ", ".join(f"{n} {state}" for state, n in facts.counts.items()) or "none yet"


def spent(facts: Facts) -> str:
    """Returns what was used of the budget."""
    used, budget = facts.spent, facts.spec.budget
    of_trials = f" of {budget.trials}" if budget.trials is not None else ""
    parts = [f"{used.trials}{of_trials} trials"]
    if used.cost > 0 or budget.cost is not None:
        of_cost = f" of {number(budget.cost)}" if budget.cost is not None else ""
        parts.append(f"{number(used.cost)}{of_cost} in money")
    of_time = f" of {duration(budget.time)}" if budget.time is not None else ""
    parts.append(f"{duration(used.time_s)}{of_time}")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Returns a time in the unit that a person would take."""
    for size, unit in ((172_800.0, "d"), (5400.0, "h"), (90.0, "min")):
        if seconds >= size:
            in_unit = seconds / {"d": 86_400.0, "h": 3600.0, "min": 60.0}[unit]
            return f"{in_unit:.3g} {unit}"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"


def moment(at: datetime) -> str:
    """Returns a time to the minute, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M UTC")


def outcome_of(line: TrialLine, name: str, unit: str = "") -> str:
    """Returns the measured outcome of a trial, or what became of it."""
    measured = line.outcomes.get(name)
    if line.state is TrialState.COMPLETED and measured is not None:
        text = f"{number(measured.value)}{unit_of(unit)}"
        return f"{text} (corrected, version {line.version})" if line.version > 1 else text
    if line.quarantined:
        return "put aside"
    return str(line.state)
