"""What people do to a campaign: ask, propose, tell, approve, hold, abort, adjust, resolve, remark.

Each verb checks before it writes and is one transaction, under the person's name. None of them
needs the campaign's lease: a person may act while an engine is at work.
"""

from planner.loop.people.asking import Wishes, ask, order_to_run, trials_to_tell
from planner.loop.people.changing import adjust
from planner.loop.people.elsewhere import enter_drain
from planner.loop.people.holding import hold
from planner.loop.people.judging import Verdict, abort, approve, reject, resolve, want
from planner.loop.people.own import Proposed, propose
from planner.loop.people.remarks import exclude, note, veto
from planner.loop.people.telling import tell
from planner.loop.people.told import Told

__all__ = [
    "Proposed",
    "Told",
    "Verdict",
    "Wishes",
    "abort",
    "adjust",
    "approve",
    "ask",
    "enter_drain",
    "exclude",
    "hold",
    "note",
    "order_to_run",
    "propose",
    "reject",
    "resolve",
    "tell",
    "trials_to_tell",
    "veto",
    "want",
]
