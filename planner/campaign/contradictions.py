"""Mistakes that no single part of a campaign can see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from planner import units
from planner.campaign.objectives import AnyObjective, HitRange, HitTarget, Maximise, Minimise
from planner.campaign.sources import AnySource, ReplayedTable
from planner.campaign.spec import Budget, CampaignSpec, Candidates, Outcome, Policy, StopRule
from planner.errors import InputError, UnitError
from planner.space import (
    AnyParameter,
    Categorical,
    Continuous,
    LinearConstraint,
    SearchSpace,
)
from planner.tables import TableRef

Found = Iterator[tuple[tuple[str | int, ...], str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The parts of a campaign file; None stands for a part that is mistaken by itself."""

    parameters: Mapping[str, AnyParameter | None]
    constraints: Sequence[LinearConstraint | None]
    candidates: Candidates | None
    outcomes: Mapping[str, Outcome | None]
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
    low, high = outcome.bounds if outcome is not None else (None, None)
    for key, value in _wanted(objective).items():
        if value is None:
            continue
        if (low is not None and value < low) or (high is not None and value > high):
            yield (
                (*where, key),
                f"{value:g} is outside the bounds of outcome {objective.outcome!r}, where values "
                f"are impossible: move it or widen the bounds",
            )


def _wanted(objective: AnyObjective) -> dict[str, float | None]:
    match objective:
        case HitTarget():
            return {"target": objective.target}
        case HitRange():
            return {"low": objective.low, "high": objective.high}
        case Maximise() | Minimise():
            return {"goal": objective.goal}


def _constraint_mistakes(
    parts: CampaignSpec | Draft, where: tuple[str | int, ...], constraint: LinearConstraint
) -> Found:
    for name in constraint.weights:
        entry = (*where, "weights", name)
        if name not in parts.parameters:
            yield entry, f"there is no parameter {name!r}, only {', '.join(parts.parameters)}"
        parameter = parts.parameters.get(name)
        if isinstance(parameter, Categorical):
            yield entry, f"{name!r} is a category and cannot be summed: leave it out"
        if isinstance(parameter, Continuous) and parameter.scale == "log":
            yield entry, f"{name!r} is on a log scale and cannot be summed: make it linear"
    if constraint.at_least == constraint.at_most:
        yield (
            where,
            f"at_least and at_most are equal ({constraint.at_most:g}), which leaves no room: "
            f"leave one parameter out of the campaign and bound the sum of the others",
        )


def _impossible(parts: CampaignSpec | Draft) -> Found:
    """Finds constraints that contradict each other or the bounds."""
    parameters = [each for each in parts.parameters.values() if each is not None]
    constraints = [each for each in parts.constraints if each is not None]
    is_whole = len(parameters) == len(parts.parameters) and len(constraints) > 0
    if not is_whole or any(_constraints_at_fault(parts)):
        return
    try:
        SearchSpace(tuple(parameters), tuple(constraints)).sample(1, seed=0)
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
        yield from _column_mistakes(parts.parameters, ("candidates",), table)
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
    wanted: Mapping[str, AnyParameter | Outcome | None],
    where: tuple[str | int, ...],
    table: TableRef,
) -> Found:
    columns = (*where, "table", "columns")
    for name, part in wanted.items():
        if name not in table.columns:
            yield columns, f"names no column for {name!r}: add it"
        elif part is not None and (given := table.column(name).unit) is not None:
            try:
                units.convert(0.0, given=given, wanted=part.unit)
            except UnitError as error:
                yield (*columns, name, "unit"), str(error)


def _replay_mistakes(parts: CampaignSpec | Draft, name: str, source: ReplayedTable) -> Found:
    wanted = {**parts.parameters, **parts.outcomes}
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
