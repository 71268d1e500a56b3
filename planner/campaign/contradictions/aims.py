"""Mistakes between objectives, outcomes, policy and stop rule."""

from __future__ import annotations

from planner.campaign.contradictions.draft import Draft, Found, Parts, Where, unknown
from planner.campaign.objectives import (
    AnyObjective,
    HitClass,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
)
from planner.campaign.outcomes import (
    AnyOutcome,
    ClassOutcome,
    CurveOutcome,
    DistributionOutcome,
    NumberOutcome,
)
from planner.campaign.reductions import Axes, check_reduction
from planner.campaign.sources import Analysis
from planner.campaign.spec import Modelling, Policy
from planner.campaign.words.phrases import count
from planner.errors import InputError

_TO_BE_MET = "add 'goal' to the objective, or leave this out"


def find_in_aims(parts: Parts) -> Found:
    """Finds what is wanted and cannot be measured, computed, or met."""
    for name, outcome in parts.outcomes.items():
        if isinstance(outcome, NumberOutcome) and outcome.reduce is not None:
            yield from _reduction_mistakes(parts, name, outcome)
    for index, objective in enumerate(parts.objectives):
        if objective is not None:
            yield from _objective_mistakes(parts, ("objectives", index), objective)
    if isinstance(parts, Draft):
        for index, name in parts.aimed_at.items():
            yield from _unknown_outcome(parts, ("objectives", index), name)
    yield from _policy_mistakes(parts)
    yield from _stop_mistakes(parts)


def _reduction_mistakes(parts: Parts, name: str, outcome: NumberOutcome) -> Found:
    where: Where = ("outcomes", name)
    curve = str(outcome.reduce)
    if curve not in parts.outcomes:
        curves = [
            each.name
            for each in parts.outcomes.values()
            if isinstance(each, CurveOutcome | DistributionOutcome)
        ]
        yield (*where, "reduce"), unknown("curve or distribution", curve, curves)
        return
    reduced = parts.outcomes[curve]
    if reduced is None:
        return
    if not isinstance(reduced, CurveOutcome | DistributionOutcome):
        yield (
            (*where, "reduce"),
            f"{curve!r} is of kind {reduced.kind}, and only a curve or a distribution can be "
            f"reduced to a number: name one of these",
        )
        return
    assert outcome.by is not None  # it stands with reduce
    y_unit = reduced.unit if isinstance(reduced, CurveOutcome) else "1"
    try:
        check_reduction(
            outcome.by,
            subject=reduced.kind,
            axes=Axes(x_unit=reduced.x_unit, y_unit=y_unit),
            unit=outcome.unit,
        )
    except InputError as error:
        yield (*where, "by"), str(error)


def _unknown_outcome(parts: Parts, where: Where, name: str) -> Found:
    if name not in parts.outcomes:
        yield (*where, "outcome"), unknown("outcome", name, parts.outcomes)


def _objective_mistakes(parts: Parts, where: Where, objective: AnyObjective) -> Found:
    yield from _unknown_outcome(parts, where, objective.outcome)
    outcome = parts.outcomes.get(objective.outcome)
    if outcome is None:
        return
    yield from _kind_mistakes(where, objective, outcome)
    yield from _unmeasured(parts, where, outcome)
    low, high = outcome.bounds if isinstance(outcome, NumberOutcome) else (None, None)
    for key, value in wanted_values(objective).items():
        if value is None:
            continue
        if (low is not None and value < low) or (high is not None and value > high):
            yield (
                (*where, key),
                f"{value:g} is outside the bounds of outcome {objective.outcome!r}, where values "
                f"are impossible: move it or widen the bounds",
            )
    yield from _too_coarse(where, objective, low, high)


def _too_coarse(
    where: Where, objective: AnyObjective, low: float | None, high: float | None
) -> Found:
    """Finds an objective that every possible value meets, or that none can be worth a trial."""
    if low is None or high is None:
        return
    match objective:
        case Maximise(gain=float(gain)) | Minimise(gain=float(gain)) if gain >= high - low:
            yield (*where, "gain"), _wider_than("nothing can be better by as much", gain, low, high)
        case HitTarget(target=target, tolerance=tolerance) if (
            target - tolerance <= low and high <= target + tolerance
        ):
            yield (
                (*where, "tolerance"),
                _wider_than("every possible value is a hit", tolerance, low, high),
            )
        case HitRange() if objective.low <= low and high <= objective.high:
            yield (
                (*where, "low"),
                f"every possible value is in this range: the outcome's bounds are {low:g} to "
                f"{high:g}; narrow the range",
            )


def _wider_than(what: str, value: float, low: float, high: float) -> str:
    return (
        f"{what}: {value:g}, and the outcome's bounds are {low:g} to {high:g}; is its unit right? "
        f"Make it smaller"
    )


def _unmeasured(parts: Parts, where: Where, outcome: AnyOutcome) -> Found:
    """Finds an objective that no source measures: none runs trials, and no analysis has it."""
    if not parts.sources or None in parts.sources.values():
        return
    name = getattr(outcome, "reduce", None) or outcome.name
    sources = [*parts.sources.values()]
    if all(isinstance(each, Analysis) and name not in each.measures for each in sources):
        yield (
            (*where, "outcome"),
            f"no source measures {name!r}: add the source that runs the trials, or the outcome to "
            f"'measures' of one of {', '.join(parts.sources)}",
        )


def _kind_mistakes(where: Where, objective: AnyObjective, outcome: AnyOutcome) -> Found:
    """Finds an aim that does not suit the kind of its outcome."""
    if isinstance(objective, HitClass):
        yield from _class_mistakes(where, objective, outcome)
    elif isinstance(outcome, ClassOutcome):
        yield (
            (*where, "aim"),
            f"{outcome.name!r} is a class: write 'aim: class' and the classes that are wanted, "
            f"such as wanted: [{outcome.classes[0]}]",
        )
    elif not isinstance(outcome, NumberOutcome):
        yield (
            (*where, "outcome"),
            f"{outcome.name!r} is of kind {outcome.kind}, which has no size: {_size_of(outcome)}",
        )


def _size_of(outcome: AnyOutcome) -> str:
    if isinstance(outcome, CurveOutcome | DistributionOutcome):
        return (
            f"add an outcome that is computed from it, such as "
            f"{{reduce: {outcome.name}, by: "
            f"{'peak_position' if isinstance(outcome, CurveOutcome) else 'mean'}}}, and aim at that"
        )
    return "aim at a number or a class that is measured beside it"


def _class_mistakes(where: Where, objective: HitClass, outcome: AnyOutcome) -> Found:
    if not isinstance(outcome, ClassOutcome):
        yield (
            (*where, "aim"),
            f"'class' needs an outcome of kind class, and {outcome.name!r} is of kind "
            f"{outcome.kind}: choose another aim",
        )
        return
    strange = [name for name in objective.wanted if name not in outcome.classes]
    for name in strange:
        yield (*where, "wanted"), unknown("class", name, outcome.classes)
    if not strange and set(objective.wanted) >= set(outcome.classes):
        yield (
            (*where, "wanted"),
            "wants every class, so that nothing is to be found: leave out those that are not "
            "wanted",
        )


def wanted_values(objective: AnyObjective) -> dict[str, float | None]:
    """Returns the values of the outcome that the objective names, by their keys."""
    match objective:
        case HitTarget():
            return {"target": objective.target}
        case HitRange():
            return {"low": objective.low, "high": objective.high}
        case Maximise() | Minimise():
            return {"goal": objective.goal}
        case HitClass():
            return {}


def _has_goal(objective: AnyObjective) -> bool:
    if isinstance(objective, HitClass):
        return objective.goal is not None
    return any(value is not None for value in wanted_values(objective).values())


def _policy_mistakes(parts: Parts) -> Found:
    policy, budget = parts.policy, parts.budget
    if policy is None:
        return
    if policy.beta is not None and policy.acquisition == "log_nei":
        yield ("policy", "beta"), "belongs to acquisition ucb, not to log_nei: leave it out"
    if policy.acquisition == "random":
        yield from _drawing_mistakes(policy, parts.model)
    elif policy.aim == "learn":
        yield from _learning_mistakes(policy)
    elif policy.aim == "collect":
        yield from _collecting_mistakes(policy)
    if policy.start and budget and budget.trials and policy.start > budget.trials:
        yield (
            ("policy", "start"),
            f"{policy.start} is more than the budget of {count(budget.trials, 'trial')}: lower it",
        )


def _drawing_mistakes(policy: Policy, model: Modelling | None) -> Found:
    """Finds what says how a model chooses, where none does."""
    why = "has no say where acquisition is random: leave it out, or change the acquisition"
    if policy.aim != "optimise":
        yield ("policy", "aim"), f"{policy.aim} {why}"
    for name in ("beta", "start"):
        if getattr(policy, name) is not None:
            yield ("policy", name), why
    if policy.repeats != "never":
        yield ("policy", "repeats"), f"{policy.repeats} {why}"
    if model is not None and model.family != "auto":
        yield ("model", "family"), f"{model.family} {why}"


def _learning_mistakes(policy: Policy) -> Found:
    because = "looks for good outcomes, and the aim is to learn: leave it out, or change the aim"
    if policy.acquisition != "auto":
        yield ("policy", "acquisition"), f"{policy.acquisition} {because}"
    if policy.beta is not None:
        yield ("policy", "beta"), f"belongs to acquisition ucb, which {because}"


def _collecting_mistakes(policy: Policy) -> Found:
    """Finds what leaves nothing of the aim, which is a weight of its own in the bound."""
    because = "the weight of the deviation is all that aim collect changes"
    if policy.acquisition == "log_nei":
        yield ("policy", "acquisition"), f"log_nei has no such weight, and {because}: leave one out"
    if policy.beta is not None:
        yield ("policy", "beta"), f"{because}: leave one of the two out"


def _stop_mistakes(parts: Parts) -> Found:
    stop = parts.stop
    objective = parts.objectives[0] if parts.objectives else None
    if stop is None or objective is None:
        return
    outcome = parts.outcomes.get(objective.outcome)
    low, high = outcome.bounds if isinstance(outcome, NumberOutcome) else (None, None)
    gain = stop.remaining_gain
    if gain is not None and low is not None and high is not None and gain >= high - low:
        what = "no more than that can be gained anywhere"
        yield ("stop", "remaining_gain"), _wider_than(what, gain, low, high)
    if stop.goal_probability is not None and not _has_goal(objective):
        yield ("stop", "goal_probability"), f"needs a goal to be met: {_TO_BE_MET}"
    if stop.done_probability is not None and _needs_gain(objective):
        yield (
            ("stop", "done_probability"),
            "needs to know how much better counts: add 'gain' to the objective, or leave this out",
        )


def _needs_gain(objective: AnyObjective) -> bool:
    return isinstance(objective, Maximise | Minimise) and objective.gain is None
