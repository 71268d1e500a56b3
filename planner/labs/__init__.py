"""Labs: the dispatch contract from the planner's side, and adapters to sources."""

from planner.labs.contract import DeliveryClass, Lab
from planner.labs.opening import open_lab
from planner.labs.person import PersonLab
from planner.labs.replay import ReplayLab
from planner.labs.simulated import SimulatorLab
from planner.trials import (
    ORDERS,
    RESULTS,
    Answer,
    Attachment,
    Order,
    Reported,
    Result,
    Series,
    Setting,
)

__all__ = [
    "ORDERS",
    "RESULTS",
    "Answer",
    "Attachment",
    "DeliveryClass",
    "Lab",
    "Order",
    "PersonLab",
    "ReplayLab",
    "Reported",
    "Result",
    "Series",
    "Setting",
    "SimulatorLab",
    "open_lab",
]
