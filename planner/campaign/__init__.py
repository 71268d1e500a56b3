"""The campaign: what is wanted, from which sources, at what cost, by which policy."""

from planner.campaign.candidates import read_numbers, read_rows, read_space
from planner.campaign.contradictions import find_contradictions
from planner.campaign.devices import (
    AnyDevice,
    CommandDevice,
    HttpDevice,
    MappedOutcome,
    MappedParameter,
    MqttDevice,
)
from planner.campaign.file import parse_campaign, read_campaign
from planner.campaign.objectives import (
    AnyObjective,
    HitClass,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
    NumberObjective,
    Objective,
    utility,
)
from planner.campaign.outcomes import (
    AnyOutcome,
    ClassOutcome,
    CurveOutcome,
    DistributionOutcome,
    FileOutcome,
    ImageOutcome,
    NumberOutcome,
)
from planner.campaign.schema import make_schema
from planner.campaign.secret import Secret
from planner.campaign.sensed import Precondition, SensedContext
from planner.campaign.sensors import Filter, Keep, Sensor
from planner.campaign.source_base import Consumable, SetUp
from planner.campaign.sources import (
    Adapter,
    Analysis,
    AnySource,
    Person,
    ReplayedTable,
    Runner,
    SimulatedProcess,
    is_simulated,
)
from planner.campaign.spec import (
    Budget,
    CampaignSpec,
    Candidates,
    Modelling,
    Policy,
    StopRule,
)
from planner.campaign.words import describe
from planner.campaign.writing import write_campaign

__all__ = [
    "Adapter",
    "Analysis",
    "AnyDevice",
    "AnyObjective",
    "AnyOutcome",
    "AnySource",
    "Budget",
    "CampaignSpec",
    "Candidates",
    "ClassOutcome",
    "CommandDevice",
    "Consumable",
    "CurveOutcome",
    "DistributionOutcome",
    "FileOutcome",
    "Filter",
    "HitClass",
    "HitRange",
    "HitTarget",
    "HttpDevice",
    "ImageOutcome",
    "Keep",
    "MappedOutcome",
    "MappedParameter",
    "Maximise",
    "Minimise",
    "Modelling",
    "MqttDevice",
    "NumberObjective",
    "NumberOutcome",
    "Objective",
    "Person",
    "Policy",
    "Precondition",
    "ReplayedTable",
    "Runner",
    "Secret",
    "SensedContext",
    "Sensor",
    "SetUp",
    "SimulatedProcess",
    "StopRule",
    "describe",
    "find_contradictions",
    "is_simulated",
    "make_schema",
    "parse_campaign",
    "read_campaign",
    "read_numbers",
    "read_rows",
    "read_space",
    "utility",
    "write_campaign",
]
