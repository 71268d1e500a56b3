"""Sources: where a trial can run, at what cost and pace."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StrictFloat, StrictInt

from planner.campaign.devices import AnyDevice, CommandDevice, HttpDevice, MqttDevice
from planner.campaign.source_base import RunnerBase, SourceBase
from planner.tables import TableRef


class ReplayedTable(RunnerBase):
    """Replays measurements that were really made: only conditions of the table can be run.

    Where a condition was measured several times, one of the real repeats is drawn, the same one
    each time for the same run.
    """

    kind: Literal["table"] = "table"
    table: TableRef


class SimulatedProcess(RunnerBase):
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


class Person(RunnerBase):
    """A person runs the trial and tells the result."""

    kind: Literal["person"] = "person"


class Adapter(RunnerBase):
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


class Analysis(SourceBase):
    """Measures outcomes of samples afterwards, often days later; a person tells its results.

    Args:
        measures: the outcomes that it measures.
        queue: samples that may wait for it; while as many wait, no further trial is proposed.
    """

    kind: Literal["analysis"] = "analysis"
    measures: tuple[str, ...] = Field(min_length=1)
    queue: StrictInt = Field(default=6, ge=1)


Runner = ReplayedTable | SimulatedProcess | Person | Adapter | AnyDevice
AnySource = Runner | Analysis
Source = Annotated[
    ReplayedTable
    | SimulatedProcess
    | Person
    | Adapter
    | HttpDevice
    | MqttDevice
    | CommandDevice
    | Analysis,
    Field(discriminator="kind"),
]


def is_simulated(source: AnySource) -> bool:
    """Tells whether no real device or person stands behind the source."""
    match source:
        case ReplayedTable() | SimulatedProcess():
            return True
        case Person() | Analysis():
            return False
        case Adapter() | HttpDevice() | MqttDevice() | CommandDevice():
            return source.simulated
