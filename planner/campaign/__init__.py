"""The campaign: what is wanted, from which sources, at what cost, by which policy."""

from planner.campaign.candidates import read_numbers, read_rows, read_space
from planner.campaign.contradictions import find_contradictions
from planner.campaign.file import parse_campaign, read_campaign
from planner.campaign.objectives import (
    AnyObjective,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
    Objective,
    utility,
)
from planner.campaign.schema import make_schema
from planner.campaign.sources import (
    Adapter,
    AnySource,
    Person,
    ReplayedTable,
    SimulatedProcess,
    is_simulated,
)
from planner.campaign.spec import (
    Budget,
    CampaignSpec,
    Candidates,
    Outcome,
    Policy,
    StopRule,
)
from planner.campaign.words import describe
from planner.campaign.writing import write_campaign

__all__ = [
    "Adapter",
    "AnyObjective",
    "AnySource",
    "Budget",
    "CampaignSpec",
    "Candidates",
    "HitRange",
    "HitTarget",
    "Maximise",
    "Minimise",
    "Objective",
    "Outcome",
    "Person",
    "Policy",
    "ReplayedTable",
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
