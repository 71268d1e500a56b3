"""The reference agent of a device: its side of the dispatch contract, and the virtual lab.

A program of its own: it knows orders and answers, and nothing of campaigns, models or ledgers.
"""

from planner.device.agent import Agent
from planner.device.contract import (
    Aborted,
    Act,
    Control,
    Job,
    MachineFailed,
    ProcessFailed,
    Rejected,
)
from planner.device.journal import Journal

__all__ = [
    "Aborted",
    "Act",
    "Agent",
    "Control",
    "Job",
    "Journal",
    "MachineFailed",
    "ProcessFailed",
    "Rejected",
]
