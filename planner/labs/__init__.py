"""Labs: the dispatch contract from the planner's side, and adapters to sources."""

from planner.labs.command import CommandLab
from planner.labs.contract import (
    Adjustment,
    DeliveryClass,
    DeviceLab,
    Lab,
    RecallingLab,
    TellingLab,
    TwoPhaseLab,
)
from planner.labs.keyed import KeyedLab
from planner.labs.message import Message, draft_order
from planner.labs.opening import open_lab
from planner.labs.person import PersonLab
from planner.labs.replay import ReplayLab
from planner.labs.simulated import SimulatorLab
from planner.labs.strays import Stray
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
    "Adjustment",
    "Answer",
    "Attachment",
    "CommandLab",
    "DeliveryClass",
    "DeviceLab",
    "KeyedLab",
    "Lab",
    "Message",
    "Order",
    "PersonLab",
    "RecallingLab",
    "ReplayLab",
    "Reported",
    "Result",
    "Series",
    "Setting",
    "SimulatorLab",
    "Stray",
    "TellingLab",
    "TwoPhaseLab",
    "draft_order",
    "open_lab",
]
