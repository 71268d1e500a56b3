"""The states of trials, runs and devices, and which leads to which.

A *trial* is what we committed to; a *run* is one attempt at it by one source; a *device* keeps its
own word for each key. Terminal states never change; a correction is a new version of the result.
"""

from __future__ import annotations

from enum import StrEnum

from planner.errors import Refused


class TrialState(StrEnum):
    """What has become of a trial."""

    PROPOSED = "proposed"
    AWAITING_APPROVAL = "awaiting approval"
    APPROVED = "approved"
    HELD = "held"
    RUNNING = "running"
    IN_DOUBT = "in doubt"
    COMPLETED = "completed"
    FAILED_BY_PROCESS = "failed by process"
    FAILED_BY_MACHINE = "failed by machine"
    ABORTED = "aborted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class RunState(StrEnum):
    """What has become of one attempt."""

    DISPATCHING = "dispatching"
    ACCEPTED = "accepted"
    STARTED = "started"
    PAUSED = "paused"
    ADJUSTING = "adjusting"
    ABORTING = "aborting"
    IN_DOUBT = "in doubt"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"
    REFUSED = "refused"
    VOID = "void"


class DeviceState(StrEnum):
    """A device's own word for a key."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    STARTED = "started"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    ABORTED = "aborted"
    UNKNOWN = "unknown"


class Wanted(StrEnum):
    """What people want of a campaign."""

    RUN = "run"
    DRAIN = "drain"
    HOLD = "hold"
    PAUSE = "pause"


PROPOSING = frozenset({Wanted.RUN, Wanted.HOLD})  # new trials are chosen
DISPATCHING = frozenset({Wanted.RUN, Wanted.DRAIN})  # approved trials are sent

_T, _R = TrialState, RunState

TRIAL_LEADS: dict[TrialState, frozenset[TrialState]] = {
    _T.PROPOSED: frozenset(
        {_T.AWAITING_APPROVAL, _T.APPROVED, _T.REJECTED, _T.EXPIRED, _T.SUPERSEDED}
    ),
    _T.AWAITING_APPROVAL: frozenset({_T.APPROVED, _T.REJECTED, _T.EXPIRED, _T.SUPERSEDED}),
    _T.APPROVED: frozenset({_T.RUNNING, _T.HELD, _T.EXPIRED, _T.ABORTED}),
    _T.HELD: frozenset({_T.APPROVED, _T.REJECTED, _T.EXPIRED, _T.ABORTED}),
    _T.RUNNING: frozenset(
        {
            _T.COMPLETED,
            _T.FAILED_BY_MACHINE,
            _T.FAILED_BY_PROCESS,
            _T.ABORTED,
            _T.EXPIRED,
            _T.IN_DOUBT,
            _T.APPROVED,
        }
    ),
    _T.IN_DOUBT: frozenset(
        {
            _T.RUNNING,
            _T.COMPLETED,
            _T.FAILED_BY_MACHINE,
            _T.FAILED_BY_PROCESS,
            _T.ABORTED,
            _T.APPROVED,
        }
    ),
    _T.COMPLETED: frozenset(),
    _T.FAILED_BY_PROCESS: frozenset(),
    _T.FAILED_BY_MACHINE: frozenset(),
    _T.ABORTED: frozenset(),
    _T.REJECTED: frozenset(),
    _T.EXPIRED: frozenset(),
    _T.SUPERSEDED: frozenset(),
}

_ENDS = frozenset({_R.COMPLETED, _R.FAILED, _R.ABORTED})

RUN_LEADS: dict[RunState, frozenset[RunState]] = {
    _R.DISPATCHING: _ENDS
    | {_R.ACCEPTED, _R.STARTED, _R.PAUSED, _R.REFUSED, _R.VOID, _R.IN_DOUBT, _R.ABORTING},
    _R.ACCEPTED: _ENDS | {_R.STARTED, _R.PAUSED, _R.REFUSED, _R.ABORTING, _R.IN_DOUBT},
    _R.STARTED: _ENDS | {_R.PAUSED, _R.ADJUSTING, _R.ABORTING, _R.IN_DOUBT},
    _R.PAUSED: _ENDS | {_R.STARTED, _R.ADJUSTING, _R.ABORTING, _R.IN_DOUBT},
    _R.ADJUSTING: _ENDS | {_R.STARTED, _R.PAUSED, _R.ABORTING, _R.IN_DOUBT},
    _R.ABORTING: _ENDS | {_R.IN_DOUBT},
    _R.IN_DOUBT: _ENDS | {_R.ACCEPTED, _R.STARTED, _R.PAUSED, _R.ABORTING, _R.VOID},
    _R.COMPLETED: frozenset(),
    _R.FAILED: frozenset(),
    _R.ABORTED: frozenset(),
    _R.REFUSED: frozenset(),
    _R.VOID: frozenset(),
}

PENDING = frozenset(
    {_T.AWAITING_APPROVAL, _T.APPROVED, _T.HELD, _T.RUNNING, _T.IN_DOUBT}
)  # the model treats these as about to be observed
RESERVED = frozenset({_T.APPROVED, _T.HELD, _T.RUNNING, _T.IN_DOUBT})
CHARGED = frozenset({_T.COMPLETED, _T.FAILED_BY_PROCESS})
CHARGED_AS_USED = frozenset({_T.FAILED_BY_MACHINE, _T.ABORTED})  # see planner.trials.charging
TERMINAL_TRIALS = frozenset(state for state, leads in TRIAL_LEADS.items() if not leads)
TERMINAL_RUNS = frozenset(state for state, leads in RUN_LEADS.items() if not leads)


def check_trial_move(trial: int, *, now: TrialState, to: TrialState) -> None:
    """Accepts a move that the life cycle knows.

    Raises:
        Refused: the trial's state does not lead there.
    """
    if to not in TRIAL_LEADS[now]:
        raise Refused(_no_way(f"Trial {trial}", now, to, TRIAL_LEADS[now]))


def check_run_move(key: str, *, now: RunState, to: RunState) -> None:
    """Accepts a move that the life cycle knows.

    Raises:
        Refused: the run's state does not lead there.
    """
    if to not in RUN_LEADS[now]:
        raise Refused(_no_way(f"Run {key}", now, to, RUN_LEADS[now]))


def _no_way(what: str, now: StrEnum, to: StrEnum, leads: frozenset[StrEnum]) -> str:
    ways = f"leads only to {', '.join(sorted(leads))}" if leads else "is an end"
    return f"{what} is {now}, which {ways}: it cannot become {to}."
