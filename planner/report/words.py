"""Numbers and settings in words, the same in the terminal and on the page."""

from __future__ import annotations

import math
from datetime import datetime

from planner import units
from planner.campaign import CampaignSpec, HitRange, HitTarget, Maximise, Minimise, NumberObjective
from planner.pictures.axis import number
from planner.report.facts import (
    RUN_OR_TO_BE_RUN,
    BestConditions,
    Facts,
    StatedIntervals,
    TrialLine,
)
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
    """Returns a probability in percent; an estimate is never a certainty."""
    if probability < 0.01:
        return "below 1 %"
    return "above 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"


def percent(share: float) -> str:
    """Returns a share, such as the level of an interval."""
    return f"{100 * share:g} %"


def setting(value: Value, unit: str) -> str:
    """Returns a parameter's value with its unit."""
    shown = value if isinstance(value, str) else number(value, 6)
    return f"{shown}{unit_of(unit)}"


def configuration(settings: Configuration, spec: CampaignSpec) -> str:
    """Returns a configuration on one line."""
    return ", ".join(
        f"{name} {setting(value, spec.scalars[name].unit)}" for name, value in settings.items()
    )


def predicted_mean(predicted: Prediction) -> str:
    """Returns the mean of a stated prediction."""
    return rounded(predicted.mean, (predicted.high - predicted.low) / 2)


def prediction(predicted: Prediction) -> str:
    """Returns a stated prediction: mean, and the interval of the next single run."""
    return f"{predicted_mean(predicted)} ({span(predicted.low, predicted.high)})"


def best_number(best: BestConditions) -> str:
    """Returns the predicted mean at the best conditions, or what was measured there."""
    if best.mean is None or best.low is None or best.high is None:
        return rounded(best.measured)
    return rounded(best.mean, (best.high - best.low) / 2)


def best_value(best: BestConditions, unit: str) -> str:
    """Returns the best conditions' outcome with its interval, or as measured."""
    if best.mean is None or best.low is None or best.high is None:
        return f"{rounded(best.measured)}{unit_of(unit)} measured"
    return (
        f"{best_number(best)}{unit_of(unit)} "
        f"({percent(best.level)} interval of the mean: {span(best.low, best.high)})"
    )


def top(facts: Facts) -> str:
    """Returns why the best single measurement is not at the best conditions; empty where it is."""
    best, top = facts.best, facts.top
    if best is None or top is None or top.low is None or top.high is None:
        return ""
    unit = unit_of(facts.spec.outcome.unit)
    return (
        f"The best single measurement is {rounded(top.measured)}{unit} ({top.name}). Of noisy "
        f"results the best is often the luckiest: the model expects {best_number(top)}{unit} there "
        f"({percent(top.level)} interval of the mean: {span(top.low, top.high)}). "
        f"A repeat would tell."
    )


def wish(objective: NumberObjective, unit: str) -> str:
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
    verdict = ""
    if intervals.held < low:
        verdict = " They were too narrow: take those in this report for too narrow as well."
    elif intervals.held > high:
        verdict = " They were wider than need be."
    return (
        f"{intervals.held} of {intervals.n} intervals that were stated before a trial held; "
        f"{percent(intervals.level)} intervals would give {low} to {high} (95 % of the time)."
        f"{verdict}"
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
    found = ""
    if facts.best_in_table is not None:
        found = (
            f"In the table the best conditions have {rounded(facts.best_in_table, half)}{unit}. "
        )
    text = found + (
        f"Choosing at random would on average have {reached} {rounded(random.mean[-1], half)}"
        f"{unit}{of_what} after {trials} (10 to 90 %: {span(random.low[-1], random.high[-1])})"
    )
    if facts.random_to_match is None:
        return text + "."
    return (
        f"{text}, and would need {facts.random_to_match:.0f} trials on average for conditions "
        f"as good as these."
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


def outcome_of(line: TrialLine, spec: CampaignSpec, unit: str = "") -> str:
    """Returns the measured outcome of a trial, or what became of it."""
    measured = line.outcomes.get(spec.objective.outcome)
    if line.state is TrialState.COMPLETED and measured is not None:
        value = measured.value
        text = f"{number(value)}{unit_of(unit)}" if isinstance(value, float) else str(value)
        return f"{text} (corrected, version {line.version})" if line.version > 1 else text
    if line.quarantined:
        return "put aside"
    return str(line.state)


def remark(line: TrialLine) -> str:
    """Returns what became of a trial that brought no result; empty where it did."""
    if line.state is TrialState.COMPLETED:
        return ""
    why = "; ".join(line.quarantined) or line.remark
    return f"{str(line.state).capitalize()}: {why}." if why else f"{str(line.state).capitalize()}."


def level_of(facts: Facts) -> str:
    """Returns the name of the stated intervals, with their level."""
    levels = {line.prediction.level for line in facts.trials if line.prediction is not None}
    return f"{', '.join(percent(each) for each in sorted(levels))} interval".lstrip()


def progress_caption(facts: Facts) -> str:
    """Returns what the picture of the progress leaves out or compares with."""
    text = "Best measured value so far, against the number of trials run."
    n_shown = sum(line.state in RUN_OR_TO_BE_RUN for line in facts.trials)
    if n_shown < len(facts.trials):
        n_left = len(facts.trials) - n_shown
        left_out = "1 trial that was" if n_left == 1 else f"{n_left} trials that were"
        verb = "is" if n_left == 1 else "are"
        text += f" {left_out} turned down or never run {verb} left out and not counted."
    if facts.random is not None and not facts.random.is_distance:
        text += (
            f" Random choice draws from the means of all {facts.random.n_rows} candidates, "
            f"without replacement."
        )
    return text


def provenance(facts: Facts) -> list[tuple[str, str]]:
    """Returns what the report was made from, by name."""
    origin = facts.provenance
    rows = [
        ("as of", f"{moment(origin.as_of)}, entry {origin.sequence} of the ledger"),
        ("ledger", origin.ledger),
        ("campaign file", f"SHA-256 {origin.spec_digest}"),
        ("source", facts.spec.source.name),
        ("seed", str(origin.seed)),
        ("model", origin.model_version or f"none: {facts.no_model}"),
        ("software", f"experiment-planner {origin.software}"),
    ]
    return [(name, value) for name, value in rows if value]
