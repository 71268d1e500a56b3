"""The campaign as one frozen record; the field descriptions are the reference of the file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from planner import units
from planner.campaign.objectives import AnyObjective, Objective
from planner.campaign.sources import AnySource, Duration, ReplayedTable, Source, is_simulated
from planner.space import LinearConstraint, Parameter, read_number, read_unit
from planner.tables import TableRef

Name = Annotated[str, StringConstraints(pattern=r"^[^\W\d_]\w{0,63}$")]

SCHEMA = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Outcome(_Part):
    """A quantity that is measured."""

    name: str
    kind: Literal["number"] = "number"
    unit: str = Field(default="1", description="Unit of its values, such as percent or um.")
    about: str = ""
    bounds: tuple[StrictFloat | None, StrictFloat | None] = Field(
        default=(None, None),
        description="Values outside are impossible and put aside, such as [0, 100].",
    )
    expected: tuple[StrictFloat, StrictFloat] | None = Field(
        default=None, description="Range in which values are expected; lets predictions start."
    )
    noise: StrictFloat | None = Field(
        default=None, gt=0, description="Known standard deviation of one measurement."
    )

    @field_validator(
        "bounds",
        "expected",
        mode="before",
        json_schema_input_type=tuple[float | str | None, float | str | None],
    )
    @classmethod
    def _ends_may_have_a_unit(cls, ends: object, info: ValidationInfo) -> object:
        if not isinstance(ends, list | tuple):
            return ends
        return [read_number(end, unit=info.data.get("unit")) for end in ends]

    @field_validator("noise", mode="before", json_schema_input_type=float | str | None)
    @classmethod
    def _noise_is_a_difference(cls, value: object, info: ValidationInfo) -> object:
        return read_number(value, unit=info.data.get("unit"), is_difference=True)

    @field_validator("unit", mode="before", json_schema_input_type=str | Literal[1])
    @classmethod
    def _unit_is_known(cls, unit: object) -> object:
        return read_unit(unit)

    @model_validator(mode="after")
    def _ranges_in_order(self) -> Outcome:
        low, high = self.bounds
        if low is not None and high is not None and low >= high:
            raise ValueError(f"bounds: {low:g} must be below {high:g}; swap them")
        if self.expected and self.expected[0] >= self.expected[1]:
            raise ValueError(
                f"expected: {self.expected[0]:g} must be below {self.expected[1]:g}; swap them"
            )
        if self.expected and any(
            (low is not None and end < low) or (high is not None and end > high)
            for end in self.expected
        ):
            raise ValueError(
                f"expected: {self.expected[0]:g} to {self.expected[1]:g} reaches beyond the "
                f"bounds, where values are impossible; narrow it, or widen the bounds"
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
            raise ValueError("needs either source or table: give one of them")
        return self


class Budget(_Part):
    """What the campaign may use up; the first limit that is reached stops it."""

    trials: StrictInt | None = Field(default=None, ge=1, description="Number of trials.")
    cost: StrictFloat | None = Field(
        default=None, gt=0, description="Money, in the sources' currency."
    )
    time: Duration | None = Field(
        default=None, description="Time since the campaign was opened, such as '48 h'."
    )

    @model_validator(mode="after")
    def _has_a_limit(self) -> Budget:
        if self.trials is None and self.cost is None and self.time is None:
            raise ValueError("has no limit: give at least one of trials, cost, time")
        return self


class Policy(_Part):
    """How the next trials are chosen; the defaults are those that the benchmark favours."""

    acquisition: Literal["auto", "ucb", "log_nei"] = Field(
        default="auto", description="Acquisition function; auto is the benchmark's favourite."
    )
    beta: StrictFloat | None = Field(
        default=None, gt=0, description="Weight of the deviation in ucb (mean + beta sd)."
    )
    start: StrictInt | None = Field(
        default=None, ge=1, description="Trials spread over the space before the model chooses."
    )
    approval: Literal["automatic", "person"] = Field(
        default="automatic", description="Who approves a trial before it is dispatched."
    )


class StopRule(_Part):
    """When to stop before the budget is used up."""

    goal_probability: StrictFloat | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Stop when the best trial meets the objective's goal with this probability.",
    )
    remaining_gain: StrictFloat | None = Field(
        default=None,
        gt=0,
        description="Stop when the gain still to be expected falls below this (outcome's unit).",
    )
    failures: StrictInt = Field(
        default=5, ge=1, description="Failed trials in a row that stop the campaign."
    )


class CampaignSpec(_Part):
    """One campaign: space, objectives, sources, budget, policy, stop rule."""

    schema_number: Literal[1] = Field(default=1, alias="schema", description="Always 1.")
    campaign: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="Name of the campaign."
    )
    about: str = Field(default="", description="What it is for, in a few words.")
    parameters: dict[Name, Parameter] = Field(min_length=1, description="What is set.")
    constraints: tuple[LinearConstraint, ...] = ()
    candidates: Candidates | None = None
    outcomes: dict[Name, Outcome] = Field(min_length=1, description="What is measured.")
    objectives: tuple[Objective, ...] = Field(
        min_length=1, max_length=1, description="What is wanted; one objective."
    )
    sources: dict[Name, Source] = Field(
        min_length=1, max_length=1, description="Where trials run; one source."
    )
    budget: Budget
    policy: Policy = Policy()
    stop: StopRule = StopRule()
    seed: StrictInt = Field(default=0, ge=0, lt=1 << 62, description="Root of all random choices.")

    model_config = ConfigDict(populate_by_name=True)

    @field_validator("parameters", "outcomes", "sources", mode="before")
    @classmethod
    def _named_by_their_keys(cls, parts: object, info: ValidationInfo) -> object:
        if not isinstance(parts, dict):
            return parts
        return {name: name_part(str(info.field_name), name, part) for name, part in parts.items()}

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


def name_part(field: str, name: str, part: object) -> object:
    """Adds to a named part of the file its name and, for a parameter, the kind its keys imply."""
    if not isinstance(part, dict):
        return part
    if part.get("name", name) != name:
        raise ValueError(
            f"{name!r} has another name inside, {part['name']!r}: leave 'name' out, the key is "
            f"the name"
        )
    kinds = {"choices": "categorical", "values": "discrete"}
    kind = next((kind for key, kind in kinds.items() if key in part), "continuous")
    return {**({"kind": kind} if field == "parameters" else {}), **part, "name": name}
