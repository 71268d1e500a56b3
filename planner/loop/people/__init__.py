"""What people do to a campaign: ask, tell, approve, abort, resolve.

Each verb checks before it writes and is one transaction, under the person's name. None of them
needs the campaign's lease: a person may act while an engine is at work.
"""

from planner.loop.people.asking import ask
from planner.loop.people.judging import Verdict, abort, approve, reject, resolve, want
from planner.loop.people.telling import tell
from planner.loop.people.told import Told

__all__ = [
    "Told",
    "Verdict",
    "abort",
    "approve",
    "ask",
    "reject",
    "resolve",
    "tell",
    "want",
]
