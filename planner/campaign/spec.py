"""The campaign as one frozen record; the field descriptions are the reference of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Protocol

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StrictFloat,
    StrictInt,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from planner.campaign.alerts import Alerts
from planner.campaign.approval import Approval, WhoApproves
from planner.campaign.lab_ledger import LabLedger
from planner.campaign.objectives import (
    AnyObjective,
    HitClass,
    Maximise,
    NumberObjective,
    Objective,
)
from planner.campaign.outcomes import (
    AnyOutcome,
    NumberOutcome,
    Outcome,
)
from planner.campaign.sensed import Precondition, PreconditionText, SensedContext
from planner.campaign.sensors import Sensor
from planner.campaign.source_base import Duration
from planner.campaign.sources import (
    Analysis,
    ReplayedTable,
    Runner,
    Source,
    is_simulated,
)
from planner.space import (
    AnyConstraint,
    AnyParameter,
    Constraint,
    DeclaredParameter,
    Profile,
    expand_profiles,
)
from planner.tables import TableRef

Name = Annotated[str, StringConstraints(pattern=r"^[^\W\d_]\w{0,63}$")]

SCHEMA = 1

_MONEY = re.compile(r"\s*(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*([A-Za-z]{1,8}|[€$£¥])\s*")


class HasValue(Protocol):
    """A measured outcome."""

    @property
    def value(self) -> object:
        """In the outcome's unit, or a name."""
        ...


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Candidates(_Part):
    """The configurations that may be chosen, where they are listed rather than free.

    Args:
        source: name of a source that replays a table; its conditions are the candidates.
        table: a table of configurations.
        tolerance: how far a row, taken as given, may break a constraint, such as a mixture that
            sums to 100 only within rounding; in the unit of the constraint.
    """

    source: str | None = None
    table: TableRef | None = None
    tolerance: StrictFloat = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _one_of_both(self) -> Candidates:
        if (self.source is None) == (self.table is None):
            raise ValueError("needs either source or table: give one of them")
        return self


# A file may write the currency behind the number.
_Money = Annotated[
    StrictFloat,
    Field(gt=0),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}]}),
]


class Budget(_Part):
    """What the campaign may use up; the first limit that is reached stops it."""

    trials: StrictInt | None = Field(default=None, ge=1, description="Number of trials.")
    cost: _Money | None = Field(
        default=None,
        description="Money; with its currency, as in '500 EUR', it names that of all costs.",
    )
    currency: str = Field(default="", description="Of all costs, such as EUR; for the words only.")
    time: Duration | None = Field(
        default=None, description="Time since the campaign was opened, such as '48 h'."
    )

    @model_validator(mode="before")
    @classmethod
    def _cost_may_name_the_currency(cls, content: object) -> object:
        if not isinstance(content, dict) or not isinstance(content.get("cost"), str):
            return content
        match = _MONEY.fullmatch(content["cost"])
        if match is None:
            raise ValueError(
                f"cost: {content['cost']!r} is no amount of money: write it like 500 or '500 EUR'"
            )
        if content.get("currency", match[2]) != match[2]:
            raise ValueError(f"cost is in {match[2]}, currency says {content['currency']!r}")
        return {**content, "cost": float(match[1]), "currency": match[2]}

    @model_validator(mode="after")
    def _has_a_limit(self) -> Budget:
        if self.trials is None and self.cost is None and self.time is None:
            raise ValueError("has no limit: give at least one of trials, cost, time")
        return self


class Policy(_Part):
    """How the next trials are chosen.

    What other settings gained and cost where they were measured stands in
    docs/explanation/models.md.
    """

    aim: Literal["optimise", "collect", "learn"] = Field(
        default="optimise",
        description="What the trials are for: optimise finds the best conditions, collect many "
        "good ones, learn a model that holds over the whole space.",
    )
    acquisition: Literal["auto", "ucb", "log_nei", "random"] = Field(
        default="auto",
        description="Acquisition function; auto is the upper confidence bound (ucb), and for aim "
        "learn what removes most variance; log_nei is expected improvement; random draws evenly "
        "over the space, by no model and without forecasts.",
    )
    beta: StrictFloat | None = Field(
        default=None,
        gt=0,
        description="Weight of the deviation in ucb (mean + beta sd); where the best candidate "
        "would show nothing new it counts up to four times as much.",
    )
    start: StrictInt | None = Field(
        default=None, ge=1, description="Trials spread over the space before the model chooses."
    )
    repeats: Literal["auto", "never"] = Field(
        default="never",
        description="Whether a setting is measured again where that is worth more than a new one; "
        "auto judges by the noise learned.",
    )
    approval: WhoApproves = Field(
        default=Approval(), description="Who approves a trial before it is dispatched."
    )
    expires: Duration | None = Field(
        default=None,
        description="How long a trial may wait for approval, be held, or be with a person or "
        "script who tells nothing, such as '7 days'; then it is let go, costs nothing and may be "
        "proposed again. A result that is told later is kept.",
    )


class Modelling(_Part):
    """Which model learns from the results.

    On 22 tables from shared starts the default had the same mean regret as the plain process, gp
    (.249 and .246); it reached half of the best settings at 50 % of the ceiling, gp at 48 %, and
    left .039 to the best after 40 trials, gp .042, which other tables may turn. Its intervals hold
    better. The figures stand in docs/benchmarks: against.md, models.md and coverage.md.
    """

    family: Literal[
        "auto",
        "gp",
        "averaged_gp",
        "bayesian_gp",
        "bnn",
        "deep_ensemble",
        "forest",
        "full_auto",
        "isotropic_gp",
        "large_gp",
        "mixed_gp",
        "robust_gp",
        "saas_gp",
        "transformed_gp",
        "variational_bnn",
        "varying_noise_gp",
        "warped_gp",
    ] = Field(
        default="auto",
        description="Family of models; auto compares several on the data and averages those that "
        "predict best, full_auto compares networks and sampled processes too, which takes minutes.",
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
        description="Stop when the gain still to be expected falls below this (outcome's unit); "
        "of a target or a range, how much nearer to its tolerance or its ends. From eight results "
        "on.",
    )
    done_probability: StrictFloat | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Stop when with this probability nothing that is left beats the best by more "
        "than the objective's 'gain'; all that lies within a target's tolerance, or within a "
        "range, is equal. Ask for 0.8 of a table of candidates and for 0.95 elsewhere, where less "
        "was found too sure. From eight results on.",
    )
    failures: StrictInt = Field(
        default=5, ge=1, description="Failed trials in a row that stop the campaign."
    )

    @property
    def needs_model(self) -> bool:
        """Whether one of the rules asks a model."""
        asked = (self.goal_probability, self.remaining_gain, self.done_probability)
        return any(each is not None for each in asked)


class CampaignSpec(_Part):
    """One campaign: space, objectives, sources, budget, policy, stop rule."""

    schema_number: Literal[1] = Field(default=1, alias="schema", description="Always 1.")
    campaign: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="Name of the campaign."
    )
    about: str = Field(default="", description="What it is for, in a few words.")
    parameters: dict[Name, DeclaredParameter] = Field(min_length=1, description="What is set.")
    constraints: tuple[Constraint, ...] = ()
    candidates: Candidates | None = None
    outcomes: dict[Name, Outcome] = Field(min_length=1, description="What is measured.")
    objectives: tuple[Objective, ...] = Field(
        min_length=1, max_length=1, description="What is wanted; one objective."
    )
    sources: dict[Name, Source] = Field(
        min_length=1,
        description="Where trials run: one source that runs them, and others of kind analysis "
        "that measure samples afterwards.",
    )
    sensors: dict[Name, Sensor] = Field(
        default_factory=dict, description="What is measured all the time, beside the trials."
    )
    context: dict[Name, SensedContext] = Field(
        default_factory=dict,
        description="How contextual parameters follow from the readings of sensors, by name.",
    )
    preconditions: tuple[PreconditionText, ...] = Field(
        default=(),
        description="What sensors must say before anything is dispatched, such as "
        "'pressure < 5 mbar, no older than 10 s' (10 s where it is left out); what is approved is "
        "held until they do, also where nobody knows.",
    )
    budget: Budget
    policy: Policy = Policy()
    model: Modelling = Modelling()
    stop: StopRule = StopRule()
    alerts: Alerts | None = None
    seed: StrictInt = Field(
        default=0,
        ge=0,
        lt=1 << 62,
        description="Root of all random choices; of the same results a model is fitted in the same "
        "way whatever the seed.",
    )
    lab: LabLedger | None = Field(
        default=None,
        description="Ledger that all campaigns at a lab share, which a real device needs: the path "
        "of an SQLite file, from the folder of this one, or postgresql://USER@HOST/DATABASE "
        "without its password; where it is left out, PLANNER_DATABASE_URL may name one.",
    )

    model_config = ConfigDict(populate_by_name=True)

    @field_validator("parameters", "outcomes", "sources", "sensors", mode="before")
    @classmethod
    def _named_by_their_keys(cls, parts: object, info: ValidationInfo) -> object:
        if not isinstance(parts, dict):
            return parts
        return {name: name_part(str(info.field_name), name, part) for name, part in parts.items()}

    @cached_property
    def required(self) -> tuple[Precondition, ...]:
        """What sensors must say before anything is dispatched."""
        return tuple(Precondition.parse(each) for each in self.preconditions)

    @cached_property
    def scalars(self) -> dict[str, AnyParameter]:
        """Parameters as the space has them, each knot of a profile by itself."""
        return expand_profiles(self.parameters)

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """Parameters that are programmes in time."""
        return {name: each for name, each in self.parameters.items() if isinstance(each, Profile)}

    @cached_property
    def all_constraints(self) -> tuple[AnyConstraint, ...]:
        """Rules of the file, and those that profiles bring."""
        of_profiles = (rule for each in self.profiles.values() for rule in each.constraints())
        return (*self.constraints, *of_profiles)

    @property
    def stated_objective(self) -> AnyObjective:
        """What is wanted, as the file says it."""
        return self.objectives[0]

    @cached_property
    def objective(self) -> NumberObjective:
        """What is wanted of the modelled number: of a class, that its chance be high."""
        stated = self.stated_objective
        if isinstance(stated, HitClass):
            return Maximise(outcome=stated.outcome, goal=stated.goal)
        return stated

    @property
    def measured_outcome(self) -> AnyOutcome:
        """The outcome that the objective names."""
        return self.outcomes[self.objective.outcome]

    @cached_property
    def outcome(self) -> NumberOutcome:
        """The number that is modelled: the objective's outcome, or the chance of a class."""
        outcome, objective = self.measured_outcome, self.stated_objective
        if isinstance(outcome, NumberOutcome):
            return outcome
        assert isinstance(objective, HitClass)  # the file was checked for contradictions
        wanted = " or ".join(objective.wanted)
        return NumberOutcome(
            name=f"chance of {wanted}", about=outcome.about, bounds=(0.0, 1.0), expected=(0.0, 1.0)
        )

    def goal_value(self, outcomes: Mapping[str, HasValue]) -> float | None:
        """Returns the modelled number of what was measured; None where it is still to come.

        The objective's outcome itself; for a class 1 where it is a wanted one, otherwise 0.
        """
        measured = outcomes.get(self.objective.outcome)
        if measured is None:
            return None
        if isinstance(self.stated_objective, HitClass):
            return float(measured.value in self.stated_objective.wanted)
        assert isinstance(measured.value, int | float)  # what is accepted is of its kind
        return float(measured.value)

    @cached_property
    def source(self) -> Runner:
        """Where trials run."""
        return next(each for each in self.sources.values() if not isinstance(each, Analysis))

    @cached_property
    def measured_elsewhere(self) -> dict[str, str]:
        """Outcomes that are measured afterwards, and the source of kind analysis that does."""
        return {
            outcome: name
            for name, source in self.sources.items()
            if isinstance(source, Analysis)
            for outcome in source.measures
        }

    @cached_property
    def measured_at_once(self) -> tuple[str, ...]:
        """Outcomes that the source reports when a trial ends."""
        return tuple(
            name
            for name, outcome in self.outcomes.items()
            if name not in self.measured_elsewhere
            and not (isinstance(outcome, NumberOutcome) and outcome.reduce is not None)
        )

    def meaning(self, *, exclude_defaults: bool = True) -> dict[str, JsonValue]:
        """Returns the file's content as a record has it: all but where that record lies.

        Args:
            exclude_defaults: whether what is as by default is left out.
        """
        return self.model_dump(
            mode="json", by_alias=True, exclude={"lab"}, exclude_defaults=exclude_defaults
        )

    @property
    def is_simulated(self) -> bool:
        """Whether any source is a simulation or a replay."""
        return any(is_simulated(source) for source in self.sources.values())

    @property
    def units(self) -> dict[str, str]:
        """Unit of each parameter."""
        return {name: parameter.unit for name, parameter in self.scalars.items()}

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


_IMPLIED = {
    "choices": "categorical",
    "values": "discrete",
    "levels": "ordinal",
    "value": "fixed",
    "knots": "profile",
}


def name_part(field: str, name: str, part: object) -> object:
    """Adds to a named part of the file its name and the kind that its keys imply."""
    if not isinstance(part, dict):
        return part
    if part.get("name", name) != name:
        raise ValueError(
            f"{name!r} has another name inside, {part['name']!r}: leave 'name' out, the key is "
            f"the name"
        )
    implied = {}
    if field == "parameters":
        kind = next((kind for key, kind in _IMPLIED.items() if key in part), "continuous")
        implied = {"kind": kind}
    elif field == "outcomes":
        implied = {"kind": "number"}
    return {**implied, **part, "name": name}
