"""Labs: the dispatch contract from the planner's side, and adapters to sources."""

from planner.labs.contract import (
    ORDERS,
    RESULTS,
    Answer,
    DeliveryClass,
    Lab,
    Order,
    Reported,
    Result,
    Setting,
)
from planner.labs.opening import open_lab
from planner.labs.person import PersonLab
from planner.labs.replay import ReplayLab
from planner.labs.simulated import SimulatorLab

__all__ = [
    "ORDERS",
    "RESULTS",
    "Answer",
    "DeliveryClass",
    "Lab",
    "Order",
    "PersonLab",
    "ReplayLab",
    "Reported",
    "Result",
    "Setting",
    "SimulatorLab",
    "open_lab",
]
