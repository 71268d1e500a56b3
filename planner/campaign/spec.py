"""The campaign as one frozen record; the field descriptions are the reference of the file."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from planner import units
from planner.campaign.objectives import AnyObjective, HitRange, HitTarget, Objective
from planner.campaign.sources import AnySource, Duration, ReplayedTable, Source, is_simulated
from planner.space import AnyParameter, Categorical, Continuous, LinearConstraint, Parameter
from planner.tables import TableRef

SCHEMA = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Outcome(_Part):
    """A quantity that is measured."""

    name: str
    kind: Literal["number"] = "number"
    unit: str = Field(default="1", description="Unit of its values, such as percent or um.")
    about: str = ""
    bounds: tuple[float | None, float | None] = Field(
        default=(None, None),
        description="Values outside are impossible and put aside, such as [0, 100].",
    )
    expected: tuple[float, float] | None = Field(
        default=None, description="Range in which values are expected; lets predictions start."
    )
    noise: float | None = Field(
        default=None, gt=0, description="Known standard deviation of one measurement."
    )

    @field_validator("unit")
    @classmethod
    def _unit_is_known(cls, unit: str) -> str:
        units.check_unit(unit)
        return unit

    @model_validator(mode="after")
    def _ranges_in_order(self) -> Outcome:
        low, high = self.bounds
        if low is not None and high is not None and low >= high:
            raise ValueError(f"bounds: {low:g} must be below {high:g}; swap them")
        if self.expected and self.expected[0] >= self.expected[1]:
            raise ValueError(
                f"expected: {self.expected[0]:g} must be below {self.expected[1]:g}; swap them"
            )
        return self

    @property
    def label(self) -> str:
        """Name and unit, as on an axis."""
        return self.name if self.unit in ("", units.DIMENSIONLESS) else f"{self.name} ({self.unit})"


class Candidates(_Part):
    """The configurations that may be chosen, where they are listed rather than free.

    Args:
        source: name of a source that replays a table; its conditions are the candidates.
        table: a table of configurations.
    """

    source: str | None = None
    table: TableRef | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Candidates:
        if (self.source is None) == (self.table is None):
            raise ValueError("give either source or table")
        return self


class Budget(_Part):
    """What the campaign may use up; the first limit that is reached stops it."""

    trials: int | None = Field(default=None, ge=1, description="Number of trials.")
    cost: float | None = Field(default=None, gt=0, description="Money, in the sources' currency.")
    time: Duration | None = Field(
        default=None, description="Time since the campaign was opened, such as '48 h'."
    )

    @model_validator(mode="after")
    def _has_a_limit(self) -> Budget:
        if self.trials is None and self.cost is None and self.time is None:
            raise ValueError("needs at least one of trials, cost, time")
        return self


class Policy(_Part):
    """How the next trials are chosen; the defaults are those that the benchmark favours."""

    acquisition: Literal["auto", "ucb", "log_nei"] = Field(
        default="auto", description="Acquisition function; auto is the benchmark's favourite."
    )
    beta: float | None = Field(
        default=None, gt=0, description="Weight of the deviation in ucb (mean + beta sd)."
    )
    start: int | None = Field(
        default=None, ge=1, description="Trials spread over the space before the model chooses."
    )
    approval: Literal["automatic", "person"] = Field(
        default="automatic", description="Who approves a trial before it is dispatched."
    )


class StopRule(_Part):
    """When to stop before the budget is used up."""

    goal_probability: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Stop when the best trial meets the objective's goal with this probability.",
    )
    remaining_gain: float | None = Field(
        default=None,
        gt=0,
        description="Stop when the gain still to be expected falls below this (outcome's unit).",
    )
    failures: int = Field(
        default=5, ge=1, description="Failed trials in a row that stop the campaign."
    )


class CampaignSpec(_Part):
    """One campaign: space, objectives, sources, budget, policy, stop rule."""

    schema_number: Literal[1] = Field(default=1, alias="schema", description="Always 1.")
    campaign: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="Name of the campaign."
    )
    about: str = Field(default="", description="What it is for, in a few words.")
    parameters: dict[str, Parameter] = Field(min_length=1, description="What is set.")
    constraints: tuple[LinearConstraint, ...] = ()
    candidates: Candidates | None = None
    outcomes: dict[str, Outcome] = Field(min_length=1, description="What is measured.")
    objectives: tuple[Objective, ...] = Field(
        min_length=1, max_length=1, description="What is wanted; one objective."
    )
    sources: dict[str, Source] = Field(
        min_length=1, max_length=1, description="Where trials run; one source."
    )
    budget: Budget
    policy: Policy = Policy()
    stop: StopRule = StopRule()
    seed: int = Field(default=0, ge=0, lt=1 << 62, description="Root of all random choices.")

    model_config = ConfigDict(populate_by_name=True)

    @field_validator("parameters", "outcomes", "sources", mode="before")
    @classmethod
    def _named_by_their_keys(cls, parts: object, info: ValidationInfo) -> object:
        if not isinstance(parts, dict):
            return parts
        infer = _infer_parameter if info.field_name == "parameters" else _as_it_is
        return {
            name: infer({**part, "name": str(name)}) if isinstance(part, dict) else part
            for name, part in parts.items()
        }

    @property
    def objective(self) -> AnyObjective:
        """What is wanted."""
        return self.objectives[0]

    @property
    def outcome(self) -> Outcome:
        """The outcome of the objective."""
        return self.outcomes[self.objective.outcome]

    @property
    def source(self) -> AnySource:
        """Where trials run."""
        return next(iter(self.sources.values()))

    @property
    def is_simulated(self) -> bool:
        """Whether any source is a simulation or a replay."""
        return any(is_simulated(source) for source in self.sources.values())

    @property
    def units(self) -> dict[str, str]:
        """Unit of each parameter."""
        return {name: parameter.unit for name, parameter in self.parameters.items()}

    @property
    def table(self) -> TableRef | None:
        """The candidate table, if the candidates are listed."""
        if self.candidates is None:
            return None
        if self.candidates.table is not None:
            return self.candidates.table
        source = self.sources[str(self.candidates.source)]
        assert isinstance(source, ReplayedTable)
        return source.table


def _as_it_is(part: dict[str, object]) -> dict[str, object]:
    return part


def _infer_parameter(part: dict[str, object]) -> dict[str, object]:
    """Adds the kind that the keys imply."""
    if "kind" in part:
        return part
    kinds = {"choices": "categorical", "values": "discrete"}
    kind = next((kind for key, kind in kinds.items() if key in part), "continuous")
    return {**part, "kind": kind}


def find_contradictions(spec: CampaignSpec) -> list[tuple[tuple[str | int, ...], str]]:
    """Finds mistakes that no single part of the file can see.

    Returns:
        For each the path of the entry, and what is wrong with it.
    """
    found: list[tuple[tuple[str | int, ...], str]] = []
    found += _objective_mistakes(spec)
    found += _candidate_mistakes(spec)
    found += _source_mistakes(spec)
    for index, constraint in enumerate(spec.constraints):
        for name in constraint.weights:
            found += _constraint_mistakes(spec, index, name)
    for name in spec.parameters.keys() & spec.outcomes.keys():
        found.append((("outcomes", name), f"{name!r} names a parameter too: rename one"))
    return found


_Found = list[tuple[tuple[str | int, ...], str]]


def _objective_mistakes(spec: CampaignSpec) -> _Found:
    objective = spec.objective
    if objective.outcome not in spec.outcomes:
        known = ", ".join(spec.outcomes)
        return [
            (
                ("objectives", 0, "outcome"),
                f"there is no outcome {objective.outcome!r}, only {known}",
            )
        ]
    low, high = spec.outcome.bounds
    wanted: tuple[float | None, ...]
    match objective:
        case HitTarget():
            wanted = (objective.target,)
        case HitRange():
            wanted = (objective.low, objective.high)
        case _:
            wanted = (objective.goal,)
    return [
        (("objectives", 0), f"{value:g} is outside the bounds of outcome {objective.outcome!r}")
        for value in wanted
        if value is not None
        and ((low is not None and value < low) or (high is not None and value > high))
    ]


def _candidate_mistakes(spec: CampaignSpec) -> _Found:
    if spec.candidates is None:
        return []
    if spec.candidates.source is not None:
        source = spec.sources.get(spec.candidates.source)
        if not isinstance(source, ReplayedTable):
            text = f"{spec.candidates.source!r} is no source that replays a table"
            return [(("candidates", "source"), text)]
    table = spec.table
    assert table is not None
    missing = [name for name in spec.parameters if name not in table.columns]
    return [
        (("candidates",), f"the table names no column for parameter {name!r}: add it to columns")
        for name in missing
    ]


def _source_mistakes(spec: CampaignSpec) -> _Found:
    found: _Found = []
    for name, source in spec.sources.items():
        if not isinstance(source, ReplayedTable):
            continue
        wanted = [*spec.parameters, *spec.outcomes]
        found += [
            (("sources", name, "table", "columns"), f"names no column for {each!r}: add it")
            for each in wanted
            if each not in source.table.columns
        ]
        if spec.candidates is None:
            text = (
                "replays a table, so only its conditions can be run: "
                f"add 'candidates: {{source: {name}}}'"
            )
            found.append((("sources", name), text))
    return found


def _constraint_mistakes(spec: CampaignSpec, index: int, name: str) -> _Found:
    where = ("constraints", index, "weights", name)
    parameter: AnyParameter | None = spec.parameters.get(name)
    if parameter is None:
        return [(where, f"there is no parameter {name!r}, only {', '.join(spec.parameters)}")]
    if isinstance(parameter, Categorical):
        return [(where, f"{name!r} is a category and cannot be summed")]
    if isinstance(parameter, Continuous) and parameter.scale == "log":
        return [(where, f"{name!r} is on a log scale; a sum needs a linear one")]
    return []
