"""People and programs at a lab: their roles, and what each role may do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; a program that acts by itself is an agent."""

    VIEWER = "viewer"
    AGENT = "agent"
    OPERATOR = "operator"
    LEAD = "lead"


class Act(StrEnum):
    """What is done to a campaign, or to the lab as a whole, in words that follow ``may not``."""

    PROPOSE = "ask for or propose trials"
    TELL = "tell results"
    NOTE = "write notes"
    APPROVE = "approve, turn down or veto trials"
    ABORT = "abort trials"
    RESOLVE = "give a verdict on a trial in doubt"
    CORRECT = "correct results or leave them out"
    IMPORT = "import measurements"
    SUPPLY = "count stock, or take devices out of service and back"
    ADJUST = "change a running trial"
    STEER = "stop a campaign or let it go on"
    RUN = "run a campaign"
    BEGIN = "begin a campaign"
    AMEND = "amend a campaign"
    CLEAR = "clear an emergency stop"
    RELEASE = "release a device"
    REGISTER = "register people"


_AGENT = frozenset({Act.PROPOSE, Act.TELL, Act.NOTE})
_OPERATOR = _AGENT | {
    Act.APPROVE,
    Act.ABORT,
    Act.RESOLVE,
    Act.CORRECT,
    Act.IMPORT,
    Act.SUPPLY,
    Act.ADJUST,
    Act.STEER,
    Act.RUN,
}

# A campaign file says who approves, and up to which limits: who could begin or amend one could
# do away with both.
MAY: Mapping[Role, frozenset[Act]] = {
    Role.VIEWER: frozenset(),
    Role.AGENT: _AGENT,
    Role.OPERATOR: _OPERATOR,
    Role.LEAD: frozenset(Act),
}


def roles_that_may(act: Act) -> tuple[Role, ...]:
    """Returns the roles that include an act, the least one first."""
    return tuple(role for role in Role if act in MAY[role])
