"""Mistakes that no single part of a campaign can see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from planner import units
from planner.campaign.objectives import (
    AnyObjective,
    HitClass,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
)
from planner.campaign.outcomes import AnyOutcome, ClassOutcome, NumberOutcome
from planner.campaign.sources import Analysis, AnySource, ReplayedTable
from planner.campaign.spec import Budget, CampaignSpec, Candidates, Policy, StopRule
from planner.errors import InputError, UnitError
from planner.space import (
    AnyConstraint,
    AnyParameter,
    Categorical,
    Contextual,
    Continuous,
    Fixed,
    LinearConstraint,
    Mixture,
    Ordinal,
    Profile,
    SearchSpace,
    expand_profiles,
)
from planner.tables import TableRef

Found = Iterator[tuple[tuple[str | int, ...], str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The parts of a campaign file; None stands for a part that is mistaken by itself."""

    parameters: Mapping[str, AnyParameter | Profile | None]
    constraints: Sequence[AnyConstraint | None]
    candidates: Candidates | None
    outcomes: Mapping[str, AnyOutcome | None]
    objectives: Sequence[AnyObjective | None]
    sources: Mapping[str, AnySource | None]
    budget: Budget | None
    policy: Policy | None
    stop: StopRule | None


def find_contradictions(parts: CampaignSpec | Draft) -> Found:
    """Finds mistakes between the parts of a campaign.

    Yields:
        For each the path of the entry, and what is wrong with it.
    """
    for name in parts.parameters.keys() & parts.outcomes.keys():
        yield ("outcomes", name), f"{name!r} names a parameter too: rename one"
    for index, objective in enumerate(parts.objectives):
        if objective is not None:
            yield from _objective_mistakes(parts, ("objectives", index), objective)
    for index, constraint in enumerate(parts.constraints):
        if constraint is not None:
            yield from _constraint_mistakes(parts, ("constraints", index), constraint)
    yield from _impossible(parts)
    yield from _candidate_mistakes(parts)
    for name, source in parts.sources.items():
        if isinstance(source, ReplayedTable):
            yield from _replay_mistakes(parts, name, source)
    yield from _budget_mistakes(parts)
    yield from _policy_mistakes(parts)


def _objective_mistakes(
    parts: CampaignSpec | Draft, where: tuple[str | int, ...], objective: AnyObjective
) -> Found:
    if objective.outcome not in parts.outcomes:
        yield (
            (*where, "outcome"),
            f"there is no outcome {objective.outcome!r}, only {', '.join(parts.outcomes)}",
        )
    outcome = parts.outcomes.get(objective.outcome)
    yield from _kind_mistakes(where, objective, outcome)
    low, high = outcome.bounds if isinstance(outcome, NumberOutcome) else (None, None)
    for key, value in _wanted(objective).items():
        if value is None:
            continue
        if (low is not None and value < low) or (high is not None and value > high):
            yield (
                (*where, key),
                f"{value:g} is outside the bounds of outcome {objective.outcome!r}, where values "
                f"are impossible: move it or widen the bounds",
            )


def _kind_mistakes(
    where: tuple[str | int, ...], objective: AnyObjective, outcome: AnyOutcome | None
) -> Found:
    """Finds an aim that does not suit the kind of its outcome."""
    if outcome is None:
        return
    if isinstance(objective, HitClass):
        if not isinstance(outcome, ClassOutcome):
            yield (
                (*where, "aim"),
                f"'class' needs an outcome of kind class, and {outcome.name!r} is of kind "
                f"{outcome.kind}: choose another aim",
            )
            return
        for name in objective.wanted:
            if name not in outcome.classes:
                yield (
                    (*where, "wanted"),
                    f"{name!r} is no class of outcome {outcome.name!r}, only "
                    f"{', '.join(outcome.classes)}",
                )
        if set(objective.wanted) >= set(outcome.classes):
            yield (*where, "wanted"), "wants every class, so that nothing is to be found: leave out"
    elif isinstance(outcome, ClassOutcome):
        yield (
            (*where, "aim"),
            f"{outcome.name!r} is a class: write 'aim: class' and the classes that are wanted",
        )
    elif not isinstance(outcome, NumberOutcome):
        yield (
            (*where, "outcome"),
            f"{outcome.name!r} is of kind {outcome.kind}, which has no size: add an outcome "
            f"that is computed from it (reduce: {outcome.name}, by: ...) and aim at that",
        )


def _wanted(objective: AnyObjective) -> dict[str, float | None]:
    match objective:
        case HitTarget():
            return {"target": objective.target}
        case HitRange():
            return {"low": objective.low, "high": objective.high}
        case Maximise() | Minimise():
            return {"goal": objective.goal}
        case HitClass():
            return {}


def _constraint_mistakes(
    parts: CampaignSpec | Draft, where: tuple[str | int, ...], constraint: AnyConstraint
) -> Found:
    known = _scalars(parts)
    for name in sorted(constraint.names):
        if name not in known:
            yield where, f"there is no parameter {name!r}, only {', '.join(known)}"
        parameter = known.get(name)
        if not isinstance(constraint, LinearConstraint | Mixture):
            continue
        if isinstance(parameter, Categorical | Ordinal):
            yield where, f"{name!r} is a category and cannot be summed: leave it out"
        if isinstance(parameter, Continuous) and parameter.scale == "log":
            yield where, f"{name!r} is on a log scale and cannot be summed: make it linear"


def _scalars(parts: CampaignSpec | Draft) -> dict[str, AnyParameter | None]:
    """Returns the parameters with profiles expanded; None for one that is mistaken by itself."""
    known = {name: each for name, each in parts.parameters.items() if each is not None}
    missing = {name: None for name, each in parts.parameters.items() if each is None}
    return {**expand_profiles(known), **missing}


def _impossible(parts: CampaignSpec | Draft) -> Found:
    """Finds constraints that contradict each other or the bounds."""
    known = _scalars(parts)
    parameters = [each for each in known.values() if each is not None]
    constraints = [each for each in parts.constraints if each is not None]
    profiles = [each for each in parts.parameters.values() if isinstance(each, Profile)]
    rules = [*constraints, *(rule for each in profiles for rule in each.constraints())]
    is_whole = len(parameters) == len(known) and len(rules) > 0
    if not is_whole or any(_constraints_at_fault(parts)):
        return
    try:
        SearchSpace(tuple(parameters), tuple(rules)).sample(1, seed=0)
    except InputError as error:
        yield ("constraints",), str(error)


def _constraints_at_fault(parts: CampaignSpec | Draft) -> Iterator[bool]:
    for constraint in parts.constraints:
        if constraint is not None:
            yield from (True for _ in _constraint_mistakes(parts, (), constraint))


def _candidate_mistakes(parts: CampaignSpec | Draft) -> Found:
    if parts.candidates is None:
        return
    name, table = parts.candidates.source, parts.candidates.table
    if table is not None:
        yield from _column_mistakes(_scalars(parts), ("candidates",), table)
    elif name not in parts.sources:
        known = ", ".join(parts.sources)
        yield ("candidates", "source"), f"there is no source {name!r}, only {known}"
    elif parts.sources[str(name)] is not None and not isinstance(
        parts.sources[str(name)], ReplayedTable
    ):
        yield (
            ("candidates", "source"),
            f"{name!r} replays no table: name a source of kind table, or give a table here",
        )


def _column_mistakes(
    wanted: Mapping[str, AnyParameter | AnyOutcome | None],
    where: tuple[str | int, ...],
    table: TableRef,
) -> Found:
    columns = (*where, "table", "columns")
    for name, part in wanted.items():
        if name not in table.columns:
            if not isinstance(part, Fixed | Contextual):
                yield columns, f"names no column for {name!r}: add it"
        elif part is not None and (given := table.column(name).unit) is not None:
            try:
                units.convert(0.0, given=given, wanted=part.unit)
            except UnitError as error:
                yield (*columns, name, "unit"), str(error)


def _replay_mistakes(parts: CampaignSpec | Draft, name: str, source: ReplayedTable) -> Found:
    elsewhere = {
        outcome
        for each in parts.sources.values()
        if isinstance(each, Analysis)
        for outcome in each.measures
    }
    measured = {
        name: each
        for name, each in parts.outcomes.items()
        if name not in elsewhere and getattr(each, "reduce", None) is None
    }
    wanted = {**_scalars(parts), **measured}
    yield from _column_mistakes(wanted, ("sources", name), source.table)
    if parts.candidates is None or parts.candidates.source != name:
        yield (
            ("sources", name),
            "replays a table, so only its conditions can be run: "
            f"add 'candidates: {{source: {name}}}'",
        )


def _budget_mistakes(parts: CampaignSpec | Draft) -> Found:
    if (
        parts.budget is None
        or parts.budget.trials
        or parts.budget.time
        or None in (sources := [*parts.sources.values()])
    ):
        return
    if all(source is not None and source.cost == 0 for source in sources):
        yield (
            ("budget",),
            "cost is the only limit, but a trial costs nothing: give trials or time too, or the "
            "cost of a trial at its source",
        )


def _policy_mistakes(parts: CampaignSpec | Draft) -> Found:
    policy, stop, budget = parts.policy, parts.stop, parts.budget
    if policy is not None and policy.beta is not None and policy.acquisition == "log_nei":
        yield ("policy", "beta"), "belongs to acquisition ucb, not to log_nei: leave it out"
    if policy and policy.start and budget and budget.trials and policy.start > budget.trials:
        yield (
            ("policy", "start"),
            f"{policy.start} is more than the budget of {budget.trials} trials: lower it",
        )
    objective = parts.objectives[0] if parts.objectives else None
    has_goal = objective is None or any(value is not None for value in _wanted(objective).values())
    if stop is not None and stop.goal_probability is not None and not has_goal:
        yield (
            ("stop", "goal_probability"),
            "needs a goal to be met: add 'goal' to the objective, or leave this out",
        )
