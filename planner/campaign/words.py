"""What a campaign will do, in plain words, for the person who is about to start it."""

from __future__ import annotations

from collections.abc import Iterator

from planner import units
from planner.campaign.objectives import HitClass, HitRange, HitTarget, Maximise, Minimise
from planner.campaign.outcomes import NumberOutcome
from planner.campaign.sources import (
    Adapter,
    Person,
    ReplayedTable,
    Runner,
    SimulatedProcess,
    is_simulated,
)
from planner.campaign.spec import CampaignSpec
from planner.space import (
    AnyParameter,
    Categorical,
    Contextual,
    Continuous,
    Discrete,
    Fixed,
    Integer,
    Ordinal,
    SearchSpace,
)

_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0


def describe(spec: CampaignSpec, space: SearchSpace) -> tuple[str, ...]:
    """Returns what the campaign will do, a line a fact.

    Args:
        spec: the campaign.
        space: its search space, with the rows of its candidate table.
    """
    return (
        f"Campaign {spec.campaign}{f': {spec.about}' if spec.about else ''}.",
        *_describe_parameters(spec, space),
        *_describe_objective(spec),
        _describe_source(spec.source),
        *_describe_budget(spec),
        *_describe_policy(spec),
        *_describe_stopping(spec),
    )


def _describe_parameters(spec: CampaignSpec, space: SearchSpace) -> Iterator[str]:
    yield f"It sets {_count(len(space.parameters), 'parameter')}:"
    for parameter in space.parameters:
        about = f" ({parameter.about})" if parameter.about else ""
        yield f"  {parameter.name}{about}: {_describe_domain(parameter, space)}."
    for constraint in spec.all_constraints:
        yield f"Always {constraint}."
    if space.rows is not None:
        table = spec.table
        assert table is not None  # rows come from a table
        yield (
            f"It chooses among the {_count(len(space.rows), 'listed condition')} of {table.title}."
        )
    elif space.n_settings is not None:
        limit = ", less what the constraints forbid" if spec.constraints else ""
        yield f"There are {_count(space.n_settings, 'possible configuration')}{limit}."


def _describe_domain(parameter: AnyParameter, space: SearchSpace) -> str:
    match parameter:
        case Categorical():
            return f"one of {', '.join(parameter.choices)}"
        case Ordinal():
            return f"one of {', '.join(parameter.levels)}, in this order"
        case Fixed():
            return f"always {parameter.value}{_unit(parameter.unit)}"
        case Contextual():
            return f"measured, not set; expected from {_range(parameter)}"
        case Discrete():
            listed = ", ".join(_number(value) for value in parameter.values)
            return f"one of {listed}{_unit(parameter.unit)}"
        case Integer():
            return f"whole numbers from {_range(parameter)}"
        case Continuous():
            scale = ", by ratios (log scale)" if parameter.scale == "log" else ""
            return f"{_range(parameter)}{scale}{_describe_step(parameter, space)}"


def _describe_step(parameter: Continuous, space: SearchSpace) -> str:
    if space.rows is not None:
        return ""
    if parameter.resolution is not None:
        return f", in steps of {_number(parameter.resolution)}{_unit(parameter.unit)}"
    if parameter.scale == "log":
        return ", set to four significant digits"
    step, _ = parameter.step_at(parameter.low)
    return f", in steps of {_number(float(step))}{_unit(parameter.unit)}"


def _describe_objective(spec: CampaignSpec) -> Iterator[str]:
    objective, outcome = spec.objective, spec.outcome
    unit = _unit(outcome.unit)
    what = f"{outcome.name} ({outcome.about})" if outcome.about else outcome.name
    match objective:
        case Maximise() | Minimise():
            word = "high" if isinstance(objective, Maximise) else "low"
            yield f"It looks for the {word}est {what}{_goal_words(objective, unit)}."
        case HitTarget():
            yield (
                f"It looks for {what} as near as possible to {_number(objective.target)}{unit}; "
                f"within {_number(objective.tolerance)}{unit} is a hit."
            )
        case HitRange():
            yield (
                f"It looks for {what} between {_number(objective.low)} and "
                f"{_number(objective.high)}{unit}."
            )
        case HitClass():
            wanted = " or ".join(objective.wanted)
            yield f"It looks for the conditions where {objective.outcome} is most surely {wanted}."
    yield from _describe_bounds(outcome)


def _goal_words(objective: Maximise | Minimise, unit: str) -> str:
    words = ""
    if objective.goal is not None:
        reach = "above" if isinstance(objective, Maximise) else "below"
        words += f"; {_number(objective.goal)}{unit} or {reach} is good enough"
    if objective.gain is not None:
        words += f"; less than {_number(objective.gain)}{unit} better is not worth another trial"
    return words


def _describe_bounds(outcome: NumberOutcome) -> Iterator[str]:
    low, high = outcome.bounds
    unit = _unit(outcome.unit)
    if low is not None and high is not None:
        yield f"A result outside {_number(low)} to {_number(high)}{unit} is put aside for a person."
    elif low is not None:
        yield f"A result below {_number(low)}{unit} is put aside for a person."
    elif high is not None:
        yield f"A result above {_number(high)}{unit} is put aside for a person."
    if outcome.expected is not None:
        expected_low, expected_high = outcome.expected
        yield f"Values from {_number(expected_low)} to {_number(expected_high)}{unit} are expected."
    if outcome.noise is not None:
        yield f"One measurement is taken to be uncertain by {_number(outcome.noise)}{unit} (1 sd)."


def _describe_source(source: Runner) -> str:
    match source:
        case ReplayedTable():
            who = f"replays the measurements of {source.table.title}"
        case SimulatedProcess():
            who = f"runs the simulator {source.simulator}"
            if source.noise > 0:
                who += f" with {_number(100 * source.noise)} % noise of an instrument"
        case Person():
            who = "is a person, who is shown each trial and tells its result"
        case Adapter():
            who = f"is a device behind the adapter {source.adapter}"
    reality = "This is a simulation: no lab is touched." if is_simulated(source) else ""
    at_once = f", {source.places} trials at once" if source.places > 1 else ""
    again = f" A failed run is repeated up to {_times(source.retries)}." if source.retries else ""
    return f"Trials run at {source.name}, which {who}{at_once}.{again} {reality}".rstrip()


def _describe_budget(spec: CampaignSpec) -> Iterator[str]:
    budget, source = spec.budget, spec.source
    limits = []
    if budget.trials is not None:
        limits.append(_count(budget.trials, "trial"))
    if budget.cost is not None:
        limits.append(f"a cost of {_number(budget.cost)}")
    if budget.time is not None:
        limits.append(f"{_duration(budget.time)} after it was opened")
    yield f"It ends at the latest after {' or '.join(limits)}{_first(limits)}."
    n_most = _most_trials(spec)
    if n_most is not None and isinstance(source.cost, float) and source.cost > 0:
        yield (
            f"At {_number(source.cost)} a trial it costs at most {_number(n_most * source.cost)}."
        )
    if n_most is not None and source.duration is not None:
        rounds = -(-n_most // source.places)
        yield (
            f"A trial takes about {_duration(source.duration)}, so {_count(n_most, 'trial')} take "
            f"about {_duration(rounds * source.duration)} without a pause."
        )
    if source.time_limit is not None:
        yield f"A run that takes longer than {_duration(source.time_limit)} is taken for lost."


def _most_trials(spec: CampaignSpec) -> int | None:
    """Returns how many trials the budget of trials and money allows; None where it is endless."""
    limits = [] if spec.budget.trials is None else [spec.budget.trials]
    cost = spec.source.cost
    if spec.budget.cost is not None and isinstance(cost, float) and cost > 0:
        limits.append(int(spec.budget.cost / cost))
    return min(limits) if limits else None


def _describe_policy(spec: CampaignSpec) -> Iterator[str]:
    policy = spec.policy
    first = f"The first {_count(policy.start, 'trial')} are" if policy.start else "It begins with"
    spread = "spread evenly over the space" if policy.start else "trials spread over the space"
    beta = f" with beta {_number(policy.beta)}" if policy.beta is not None else ""
    chooser = {
        "auto": "the acquisition function that the benchmark favours",
        "ucb": f"its upper confidence bound{beta}",
        "log_nei": "its expected improvement",
    }[policy.acquisition]
    yield f"{first} {spread}; then a Gaussian process chooses, by {chooser}."
    yield (
        "A person approves each trial before it runs."
        if policy.approval == "person"
        else "Trials are approved automatically."
    )


def _describe_stopping(spec: CampaignSpec) -> Iterator[str]:
    stop = spec.stop
    if stop.goal_probability is not None:
        chance = _number(100 * stop.goal_probability)
        yield f"It stops early when the best trial meets the goal with {chance} % probability."
    if stop.remaining_gain is not None:
        gain = f"{_number(stop.remaining_gain)}{_unit(spec.outcome.unit)}"
        yield f"It stops early when less than {gain} is still to be gained."
    yield f"{_count(stop.failures, 'failed trial')} in a row stop it."


def _range(parameter: Continuous | Integer | Contextual) -> str:
    return f"{_number(parameter.low)} to {_number(parameter.high)}{_unit(parameter.unit)}"


def _unit(unit: str) -> str:
    return "" if unit in ("", units.DIMENSIONLESS) else f" {unit}"


def _number(number: float) -> str:
    return f"{number:.6g}"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _first(limits: list[str]) -> str:
    return ", whichever comes first" if len(limits) > 1 else ""


def _duration(seconds: float) -> str:
    """Writes a time in the largest unit of which there are at least two."""
    for size, name in ((_DAY_S, "day"), (_HOUR_S, "hour"), (_MINUTE_S, "minute")):
        if seconds >= 2 * size or seconds == size:
            return _amount(seconds / size, name)
    return _amount(seconds, "second")


def _amount(amount: float, noun: str) -> str:
    return f"{amount:.3g} {noun}" if amount == 1 else f"{amount:.3g} {noun}s"
