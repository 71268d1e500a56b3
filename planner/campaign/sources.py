"""Sources: where a trial can run, at what cost and pace."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    StrictFloat,
    StrictInt,
    model_serializer,
)

from planner import units
from planner.tables import TableRef


def _seconds(value: object) -> object:
    return units.parse_quantity(value, wanted="s") if isinstance(value, str) else value


Duration = Annotated[
    StrictFloat,
    BeforeValidator(_seconds, json_schema_input_type=str | float),
    Field(gt=0, description="A time with its unit, such as '20 min'; a bare number is seconds."),
]


class _Source(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    kind: str
    about: str = ""
    cost: StrictFloat = Field(default=0.0, ge=0, description="Money that one trial costs.")
    duration: Duration | None = Field(
        default=None, description="Expected time of one trial, such as '20 min'."
    )
    capacity: StrictInt = Field(
        default=1, ge=1, description="Trials that may be under way at once."
    )
    retries: StrictInt = Field(
        default=0,
        ge=0,
        description="New runs after a failed one; above 0 declares that repeating is safe.",
    )
    time_limit: Duration | None = Field(
        default=None, description="Longest time that one run may take, such as '2 h'."
    )

    @model_serializer(mode="wrap")
    def _keep_kind(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Writes the kind even where defaults are left out: it tells sources apart."""
        return {"kind": self.kind, **write(self)}


class ReplayedTable(_Source):
    """Replays measurements that were really made: only conditions of the table can be run.

    Where a condition was measured several times, one of the real repeats is drawn, the same one
    each time for the same run.
    """

    kind: Literal["table"] = "table"
    table: TableRef


class SimulatedProcess(_Source):
    """Runs a physics simulator, with the noise that an instrument would add.

    Args:
        simulator: its name in the catalogue.
        noise: relative deviation of the simulated instrument.
        noise_floor: deviation of the simulated instrument where the outcome is zero, in the
            outcome's unit.
        inputs: inputs of the simulator that are no parameters of the campaign.
        calibration: values of calibration parameters other than the means of their priors.
    """

    kind: Literal["simulator"] = "simulator"
    simulator: str
    noise: StrictFloat = Field(default=0.0, ge=0)
    noise_floor: StrictFloat = Field(default=0.0, ge=0)
    inputs: dict[str, StrictFloat] = Field(default_factory=dict)
    calibration: dict[str, StrictFloat] = Field(default_factory=dict)


class Person(_Source):
    """A person runs the trial and tells the result."""

    kind: Literal["person"] = "person"


class Adapter(_Source):
    """A device behind an adapter that an installed package brings (entry point planner.labs).

    Args:
        adapter: name of the entry point.
        settings: handed to the adapter as they are.
        simulated: whether no real device stands behind it.
    """

    kind: Literal["adapter"] = "adapter"
    adapter: str
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    simulated: bool = False


Source = Annotated[ReplayedTable | SimulatedProcess | Person | Adapter, Field(discriminator="kind")]
AnySource = ReplayedTable | SimulatedProcess | Person | Adapter


def is_simulated(source: AnySource) -> bool:
    """Tells whether no real device or person stands behind the source."""
    match source:
        case ReplayedTable() | SimulatedProcess():
            return True
        case Person():
            return False
        case Adapter():
            return source.simulated
