"""The contract suite: which promises of the dispatch contract a source keeps."""

from planner.labs.checking.exam import Examined, check_lab
from planner.labs.checking.promises import PROMISES, Promise, promises_of
from planner.labs.checking.subject import NotRestarted, Terms
from planner.labs.checking.verdicts import Finding, Verdict

__all__ = [
    "PROMISES",
    "Examined",
    "Finding",
    "NotRestarted",
    "Promise",
    "Terms",
    "Verdict",
    "check_lab",
    "promises_of",
]
