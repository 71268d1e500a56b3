"""Numbers and settings in words, the same in the terminal and on the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from datetime import datetime

from planner import units
from planner.campaign import (
    CampaignSpec,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
    NumberObjective,
    NumberOutcome,
)
from planner.ledger.entries import OutcomesObserved
from planner.loop.deciding.stating import unit_of_effects
from planner.pictures.axis import number
from planner.report.facts import (
    BestConditions,
    Facts,
    HistoricalLine,
    StatedChances,
    StatedIntervals,
    TrialLine,
)
from planner.space import Configuration, Value
from planner.trials import (
    Artifact,
    Curve,
    Measured,
    Observation,
    Prediction,
    StoredCurve,
    TrialState,
)

_FAILED = (TrialState.FAILED_BY_PROCESS, TrialState.FAILED_BY_MACHINE)
_PLAINLY = (1e-4, 1e6)  # numbers between these are written without a power of ten
ORIGINS = {
    "start": "spread over the space",
    "model": "chosen by the model",
    "fallback": "spread over the space, as no model could be fitted",
    "person": "chosen by a person",
}

EFFECTS_CAPTION = (
    "What the value of each parameter at the best conditions adds to the prediction, in the mean "
    "over all orders in which they could be set (Shapley values). An effect is the model's view, "
    "and no more certain than its whisker says."
)
NOT_COUNTED = (
    "Intervals that end at a bound of the outcome are not counted: nothing can lie beyond that end."
)
COVERAGE_CAPTION = (
    "Every forecast was stated before its trial. Where intervals of a level hold as often as they "
    "say, the dot lies within its band, which is exact for this number of forecasts. "
    f"{NOT_COUNTED}"
)


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


def rough(value: float, digits: int = 2) -> str:
    """Returns an estimate with few digits, and no power of ten where people write none."""
    return number(float(f"{value:.{digits}g}"), 6)


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


def predicted(stated: Prediction, facts: Facts) -> str:
    """Returns a stated prediction; of a class the chance alone, as a run is or is not one."""
    if facts.wanted:
        return chance(stated.mean / 100)
    return prediction(stated)


def effects(line: TrialLine, spec: CampaignSpec) -> str:
    """Returns what the value of each parameter adds, and what a run settles, on one line."""
    if line.why is None:
        return ""
    unit = unit_of(unit_of_effects(spec))
    each = [
        f"{name} {rounded(effect.adds, effect.sd)} \u00b1 {rough(effect.sd)}{unit} "
        f"({rough(effect.sd_after)}, {100 * effect.settled:.0f} %)"
        for name, effect in line.why.effects.items()
    ]
    return (
        f"What each value adds (\u00b1 after a run there, share that it settles over the whole "
        f"space): {', '.join(each)}."
    )


def best_number(best: BestConditions) -> str:
    """Returns the predicted mean at the best conditions, or what was measured there."""
    if best.mean is None or best.low is None or best.high is None:
        return told(best.measured)
    return rounded(best.mean, (best.high - best.low) / 2)


def best_value(best: BestConditions, unit: str) -> str:
    """Returns the best conditions' outcome with its interval, or as measured."""
    if best.mean is None or best.low is None or best.high is None:
        return f"{told(best.measured, unit)} measured"
    what = "interval" if isinstance(best.measured, str) else "interval of the mean"
    return (
        f"{best_number(best)}{unit_of(unit)} "
        f"({percent(best.level)} {what}: {span(best.low, best.high)})"
    )


def told(value: float | str, unit: str = "1") -> str:
    """Returns what was measured: a number with its unit, or a class, which has none."""
    return value if isinstance(value, str) else f"{rounded(value)}{unit_of(unit)}"


def measured(value: Measured, spec: CampaignSpec, name: str) -> str:
    """Returns a measured outcome of any kind, with its unit and known deviation."""
    outcome = value.value
    match outcome:
        case str():
            return outcome
        case Curve():
            return f"{spec.outcomes[name].kind} of {len(outcome.x)} points"
        case StoredCurve():
            return f"{spec.outcomes[name].kind} of {outcome.n_points} points"
        case Artifact():
            return f"{outcome.name} ({_size(outcome.n_bytes)}, SHA-256 {outcome.sha256[:12]})"
    deviation = f" \u00b1 {rounded(value.sd)}" if value.sd is not None else ""
    return f"{number(outcome)}{deviation}{unit_of(spec.outcomes[name].unit)}"


def part(before: Configuration, told: Observation | OutcomesObserved, spec: CampaignSpec) -> str:
    """Returns what a part of a result told: its outcomes, and settings that were otherwise.

    Args:
        before: the settings as they were known before.
        told: the part.
        spec: for units.
    """
    now = told.configuration if isinstance(told, Observation) else told.achieved or before
    said = [f"{name} {measured(each, spec, name)}" for name, each in told.outcomes.items()]
    said += [
        f"{name} achieved {setting(before[name], '1')} \u2192 {setting(value, spec.units[name])}"
        for name, value in now.items()
        if value != before[name]
    ]
    return ", ".join(said)


def _size(n_bytes: int) -> str:
    for limit, unit in ((2**20, "MiB"), (2**10, "KiB")):
        if n_bytes >= limit:
            return f"{n_bytes / limit:.3g} {unit}"
    return f"{n_bytes} bytes"


def others(line: TrialLine, spec: CampaignSpec, *, shown: Collection[str] = ()) -> str:
    """Returns what else was measured of a trial, as a sentence; empty where nothing was.

    Args:
        line: the trial.
        spec: for units.
        shown: outcomes that have a column of their own.
    """
    rest = [
        f"{name} {measured(each, spec, name)}"
        for name, each in line.outcomes.items()
        if name != spec.objective.outcome and name not in shown
    ]
    return f"Also measured: {', '.join(rest)}." if rest else ""


def still_to_come(line: TrialLine) -> str:
    """Returns what a trial still waits for, and what nobody will measure any more."""
    parts = [f"Still to come: {', '.join(line.awaited)}."] if line.awaited else []
    parts += [f"{name} was given up: {why}." for name, why in line.given_up.items()]
    return " ".join(parts)


def left_out(line: TrialLine | HistoricalLine) -> str:
    """Returns why a result is left out of what the model learns from; empty where it is not."""
    return f"Left out of what the model learns from: {line.excluded}." if line.excluded else ""


def courses(settings: Configuration, spec: CampaignSpec) -> list[tuple[str, str]]:
    """Returns the courses in time that belong to a configuration, by name."""
    return [(name, str(each.table(settings))) for name, each in spec.profiles.items()]


def top(facts: Facts) -> str:
    """Returns why the best single measurement is not at the best conditions; empty where it is."""
    best, top = facts.best, facts.top
    if best is None or top is None or top.low is None or top.high is None:
        return ""
    unit = unit_of(facts.outcome.unit)
    return (
        f"The best single measurement is {told(top.measured)}{unit} ({top.name}). Of noisy "
        f"results the best is often the luckiest: the model expects {best_number(top)}{unit} there "
        f"({percent(top.level)} interval of the mean: {span(top.low, top.high)}). "
        f"A repeat would tell."
    )


def wanted(facts: Facts) -> str:
    """Returns what is wanted, as the rest of a sentence."""
    if facts.is_learning:
        return f"a model of {facts.outcome.name} that holds over the whole space"
    if facts.spec.policy.aim == "collect":
        return f"{_wanted(facts)}; many good conditions, not the best alone"
    return _wanted(facts)


def _wanted(facts: Facts) -> str:
    if not facts.wanted:
        return wish(facts.objective, facts.outcome.unit)
    text = f"{facts.objective.outcome} to be {' or '.join(facts.wanted)}, as surely as possible"
    goal = facts.objective.goal if isinstance(facts.objective, Maximise) else None
    return text if goal is None else f"{text}; a chance of {number(goal)} % is good enough"


def wish(objective: NumberObjective, unit: str) -> str:
    """Returns what is wanted of a number, as the rest of a sentence."""
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


def known(facts: Facts) -> str:
    """Returns one sentence on how well the whole space is known."""
    if facts.known is None:
        return f"How well the space is known cannot be said: {facts.no_model}"
    unit, found = unit_of(facts.outcome.unit), facts.known
    return (
        f"Over the whole space {facts.outcome.name} is known to \u00b1 {rough(found.sd)}{unit} "
        f"(root mean square), where its prediction varies by \u00b1 {rough(found.spread)}{unit} "
        f"from place to place: {chance(found.unknown)} of its variance is still unknown (the "
        f"model's estimate)."
    )


def left(facts: Facts) -> str:
    """Returns one sentence on what may still be gained; empty where that is not the aim."""
    if facts.is_learning:
        return ""
    if facts.left is None:
        return f"Whether something better is left cannot be estimated: {facts.why_nothing_left}"
    unit = unit_of(facts.outcome.unit)
    more = (
        "" if facts.left.threshold == 0 else f" by more than {number(facts.left.threshold)}{unit}"
    )
    equal = ", all hits being equal" if isinstance(facts.objective, HitTarget) else ""
    return (
        f"Probability that nothing better{more} is left{equal}: {chance(facts.left.probability)} "
        f"(estimate). Gain still to be expected: {rough(facts.left.gain)}{unit}."
    )


def stated(intervals: StatedIntervals) -> str:
    """Returns in a sentence or two how well the stated intervals held."""
    level, (low, high) = percent(intervals.level), intervals.expected
    if not intervals.n:
        return (
            f"No interval of {level} that was stated before a trial can be counted: every one of "
            f"{intervals.n_cut} ends at a bound of the outcome, and nothing can lie beyond that "
            "end."
        )
    verdict = ""
    if intervals.held < low:
        verdict = " They were too narrow: take those in this report for too narrow as well."
    elif intervals.held > high:
        verdict = " They were wider than need be."
    cut = ""
    if intervals.n_cut:
        end = (
            "ends at a bound of the outcome and is"
            if intervals.n_cut == 1
            else ("end at a bound of the outcome and are")
        )
        cut = f" {intervals.n_cut} more {end} not counted: nothing can lie beyond that end."
    return (
        f"{intervals.held} of {intervals.n} intervals that were stated before a trial held; "
        f"{level} intervals would give {low} to {high} (95 % of the time).{verdict}{cut}"
    )


def stated_chances(chances: StatedChances, wanted: tuple[str, ...]) -> str:
    """Returns one sentence on how well the stated chances of a class held."""
    verdict = ""
    if not chances.low <= chances.hits <= chances.high:
        verdict = " They were too " + ("high." if chances.hits < chances.low else "low.")
    return (
        f"{chances.hits} of {chances.n} trials with a chance that was stated before came to "
        f"{' or '.join(wanted)}; the stated chances sum to {chances.expected:.1f} "
        f"({chances.low} to {chances.high} in 95 % of cases).{verdict}"
    )


def against_chance(facts: Facts) -> str:
    """Returns one sentence on random choice; empty where it is not known."""
    random = facts.random
    if facts.is_learning or random is None or not random.mean:
        return ""
    unit = unit_of(facts.outcome.unit)
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
        parts.append(f"{number(used.cost)}{of_cost} {used.currency or 'in money'}{_shares(facts)}")
    if used.hours:
        set_up = f" and {duration(3600 * used.set_up_hours)} of set-up" if used.set_up_hours else ""
        parts.append(f"{duration(3600 * used.hours)} of trials{set_up}")
    of_time = f" of {duration(budget.time)}" if budget.time is not None else ""
    parts.append(f"{duration(used.time_s)}{of_time} since it began")
    return ", ".join(parts)


def _shares(facts: Facts) -> str:
    shares = {name: cost for name, cost in facts.spent.by_source.items() if cost > 0}
    if len(shares) < 2:
        return ""
    return f" ({', '.join(f'{name} {number(cost)}' for name, cost in shares.items())})"


def savings(facts: Facts) -> str:
    """Returns one sentence on what was saved against random choice; empty where hardly known."""
    saved = facts.savings
    if saved is None or not saved.is_known:
        return ""
    unit = facts.spent.currency or "in money"
    parts = []
    if saved.random_cost is not None:
        parts.append(
            _more_or_less(saved.random_cost - saved.cost, lambda n: f"{_coarse(n)} {unit}")
        )
    if saved.random_hours is not None:
        more = saved.random_hours - saved.hours
        parts.append(_more_or_less(more, lambda n: f"{duration(3600 * n)} of trials"))
    n = f"{saved.random_trials:.0f} trials"
    if saved.low is None or saved.high is None or saved.most is None:
        how = f"{n} on average (exactly, as the whole table is known)"
    elif saved.low > saved.most:
        how = f"more than {saved.most} trials (estimated by the model, which can tell no more)"
    else:
        how = (
            f"{n} (estimated by the model; {percent(saved.level)} interval {saved.low:.0f} to "
            f"{saved.high:.0f})"
        )
    return f"For conditions as good as these random choice would need {how}: {' and '.join(parts)}."


def _coarse(amount: float) -> str:
    return f"{amount:.0f}" if 100 <= amount < _PLAINLY[1] else number(amount, 2)


def _more_or_less(more: float, shown: Callable[[float], str]) -> str:
    return f"{shown(abs(more))} {'more' if more >= 0 else 'less'} than was used"


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
    found = line.outcomes.get(spec.objective.outcome)
    if line.has_result and found is not None:
        value = found.value
        return f"{number(value)}{unit_of(unit)}" if isinstance(value, int | float) else str(value)
    if line.quarantined:
        return "put aside"
    if line.state is TrialState.COMPLETED:
        is_lost = spec.objective.outcome in line.given_up
        return "given up" if is_lost else "still to come"
    return "failed" if line.state in _FAILED else str(line.state)  # by what is said below


def further(line: TrialLine | HistoricalLine, outcome: NumberOutcome) -> str:
    """Returns what was measured of a further outcome, or what became of it, for its column."""
    found = line.outcomes.get(outcome.name)
    if found is not None and isinstance(found.value, int | float):
        deviation = f" \u00b1 {rounded(found.sd)}" if found.sd is not None else ""
        return f"{number(found.value)}{deviation}"
    if isinstance(line, HistoricalLine):
        return "\u2013"
    if outcome.name in line.awaited:
        return "to come"
    return "given up" if outcome.name in line.given_up else "\u2013"


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


def slices_caption(facts: Facts) -> str:
    """Returns how to read the slices."""
    text = "One parameter is changed at a time, the others are held at the best conditions."
    if facts.wanted:
        return (
            f"{text} The line is the chance of {' or '.join(facts.wanted)}, the band its interval."
        )
    return (
        f"{text} The band says where the mean lies, the dashed lines where the next single run is "
        f"expected."
    )


def effects_caption(facts: Facts) -> str:
    """Returns how to read the effects."""
    if facts.wanted or facts.outcome.bounds == (None, None):
        return EFFECTS_CAPTION
    return (
        f"{EFFECTS_CAPTION} Whiskers end at the bounds of the outcome. What adds up is the model's "
        f"mean before they are respected; the number at the top respects them."
    )


def progress_caption(facts: Facts) -> str:
    """Returns what the picture of the progress leaves out or compares with."""
    text = "Best measured value so far, against the number of trials run."
    if facts.wanted:
        text = "What each trial came to, below the chance that was stated before it."
    n_shown = sum(line.is_counted for line in facts.trials)
    if n_shown < len(facts.trials):
        n_left = len(facts.trials) - n_shown
        left_out = "1 trial that was" if n_left == 1 else f"{n_left} trials that were"
        verb = "is" if n_left == 1 else "are"
        text += f" {left_out} turned down or never run {verb} left out and not counted."
    if facts.random is not None and not facts.random.is_distance and not facts.wanted:
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
