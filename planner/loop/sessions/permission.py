"""Who acts, and whether they may: one table of roles, asked before anything is written.

Where nobody is registered, everybody at this machine is a lead under their own name: a scientist
alone needs no ceremony. Once somebody is registered, an act needs a role that includes it.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from planner.campaign.people import MAY, Act, Role, roles_that_may
from planner.errors import NotAllowed
from planner.ledger import Ledger
from planner.ledger.entries import OutcomesObserved, Record, RunMoved, TrialMoved, TrialProposed
from planner.ledger.people import Registered, find_by_token, read_people
from planner.ledger.replay import CampaignState
from planner.trials import RunState, TrialState

TOKEN_VARIABLE = "PLANNER_TOKEN"  # noqa: S105  the name of a variable, not a token


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who acts.

    Args:
        name: under which everything is entered.
        role: what they may do.
        by_token: whether a token says so, and not the operating system.
    """

    name: str
    role: Role
    by_token: bool = False


def this_person() -> str:
    """Returns the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return "unknown user"


def identify(ledger: Ledger, *, user: str = "") -> Identity:
    """Returns who acts: whose token ``PLANNER_TOKEN`` is, or else the operating system's user.

    Args:
        ledger: in which people are registered.
        user: instead of the operating system's.

    Raises:
        NotAllowed: the token is nobody's in this ledger.
    """
    name, people = user or this_person(), _active(ledger)
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not people or not token:
        return Identity(name=name, role=_role(name, people))
    found = find_by_token(ledger, token)
    if found is None:
        raise NotAllowed(
            f"The token in {TOKEN_VARIABLE} belongs to nobody who is registered in the ledger "
            f"{ledger.place}: it was revoked, or is of another ledger. Take it out of the "
            f"environment, or let a lead give you another one (planner people add)."
        )
    return Identity(name=found.name, role=found.role, by_token=True)


def permit(ledger: Ledger, author: str, acts: Collection[Act]) -> None:
    """Lets acts pass that the author's role includes.

    Args:
        ledger: in which people are registered.
        author: who acts.
        acts: what is to be done.

    Raises:
        NotAllowed: one of them is not included.
    """
    if not acts:
        return
    people = _active(ledger)
    role = _role(author, people)
    refused = [act for act in Act if act in acts and act not in MAY[role]]
    if refused:
        raise NotAllowed(_no(ledger, author, role, refused[0], people))


def acts_in(records: Sequence[Record], state: CampaignState) -> frozenset[Act]:
    """Returns what it is that writing these records does, all in one transaction.

    Args:
        records: about to be written by a person or a program, not by an engine under its lease.
        state: on which they were decided.
    """
    kinds = {record.kind for record in records}
    if "verdict given" in kinds:
        return frozenset({Act.RESOLVE})  # all else follows from the verdict
    if "trial vetoed" in kinds:
        return frozenset({Act.APPROVE})
    born = {record.trial for record in records if isinstance(record, TrialProposed)}
    acts = (_act_of(record, state, born) for record in records)
    return frozenset(act for act in acts if act is not None)


# What writing a record does. None: it follows from another one of its transaction, or is no act.
_ACTS: dict[str, Act | None] = {
    "campaign opened": Act.BEGIN,
    "campaign amended": Act.AMEND,
    "campaign taken": Act.RUN,
    "wanted set": Act.STEER,
    "campaign stopped": Act.PROPOSE,  # a rule of the file, met when somebody asks
    "trial proposed": Act.PROPOSE,
    "trial moved": None,  # by where it goes, see below
    "approval given": Act.APPROVE,
    "run opened": None,
    "order sent": Act.RUN,
    "run moved": None,
    "heard late": Act.RUN,
    "order kept back": Act.RUN,
    "adjustment asked": Act.ADJUST,
    "adjustment approved": Act.ADJUST,
    "adjustment answered": Act.RUN,
    "result arrived": Act.TELL,
    "outcomes observed": Act.TELL,
    "outcome given up": Act.TELL,
    "trial excluded": Act.CORRECT,
    "trial vetoed": Act.APPROVE,
    "import excluded": Act.CORRECT,
    "stock counted": Act.SUPPLY,
    "nothing fits": Act.RUN,
    "service set": Act.SUPPLY,
    "messages refused": Act.RUN,
    "result quarantined": Act.RUN,
    "verdict given": Act.RESOLVE,
    "observation imported": Act.IMPORT,
    "fit failed": None,
    "models compared": None,
    "intervals corrected": None,
    "coverage alarm": None,
    "stop latched": None,  # an emergency stop is past all roles
    "stop cleared": Act.CLEAR,
    "noted": Act.NOTE,
    "alert sent": None,
}

_MOVES: dict[TrialState, Act | None] = {
    TrialState.APPROVED: Act.APPROVE,
    TrialState.REJECTED: Act.APPROVE,
    TrialState.HELD: Act.APPROVE,
    TrialState.ABORTED: Act.ABORT,
    TrialState.COMPLETED: Act.TELL,
    TrialState.FAILED_BY_MACHINE: Act.TELL,
    TrialState.FAILED_BY_PROCESS: Act.TELL,
    TrialState.EXPIRED: None,  # as the campaign file says, whoever looks
    TrialState.SUPERSEDED: None,  # likewise
}


def _act_of(record: Record, state: CampaignState, born: Collection[int]) -> Act | None:
    match record:
        case TrialMoved() if record.trial in born:
            return None  # part of the proposal: what the policy says of it
        case TrialMoved() if state.trial(record.trial).state is TrialState.IN_DOUBT:
            return Act.RESOLVE
        case TrialMoved():
            return _MOVES.get(record.to, Act.RUN)
        case RunMoved() if record.to is RunState.ABORTING:
            return Act.ABORT
        case OutcomesObserved() if _corrects(record, state):
            return Act.CORRECT
    return _ACTS.get(record.kind, Act.RUN)


def _corrects(record: OutcomesObserved, state: CampaignState) -> bool:
    """Tells whether a known value gets another one."""
    trial = state.trials.get(record.trial)
    known = trial.observation.outcomes if trial is not None and trial.observation else {}
    return not known.keys().isdisjoint(record.outcomes)


def _active(ledger: Ledger) -> dict[str, Registered]:
    return {each.name: each for each in read_people(ledger) if each.is_active}


def _role(name: str, people: dict[str, Registered]) -> Role:
    if not people:
        return Role.LEAD
    return people[name].role if name in people else Role.VIEWER


def _no(ledger: Ledger, author: str, role: Role, act: Act, people: dict[str, Registered]) -> str:
    roles = " or ".join(map(str, roles_that_may(act)))
    leads = ", ".join(each.name for each in people.values() if each.role is Role.LEAD)
    if author not in people:
        least = Role.OPERATOR if act in MAY[Role.OPERATOR] else Role.LEAD
        return (
            f"{author} is not registered in the ledger {ledger.place}, so only looks on, and may "
            f"not {act}. That takes the role {roles}. Set {TOKEN_VARIABLE} to your token, or ask "
            f"{leads} to register you: planner people add {author} --role {least}."
        )
    able = [each.name for each in people.values() if act in MAY[each.role]]
    has = "has it" if len(able) == 1 else "have it"
    return (
        f"{author} is registered as {role} and may not {act}. That takes the role {roles}; "
        f"{', '.join(able)} {has}."
    )
