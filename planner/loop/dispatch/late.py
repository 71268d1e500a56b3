"""Late words: what a device says of a run that had ended without its word, or says otherwise.

A verdict closes a run that the device may still be at work on. So it is asked about now and then,
and what it says or tells by itself is kept: a result once by key and digest, flagged, for a person
to take in or to leave out. Where a run that was said not to be performed has begun after all, its
trial is held before it is performed a second time, as far as that can still be prevented.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import timedelta

from pydantic import JsonValue

from planner.labs import RESULTS, Answer, DeliveryClass
from planner.ledger import InboxState
from planner.ledger.entries import HeardLate, Record, ResultArrived, RunMoved, TrialMoved
from planner.ledger.replay import CampaignState, is_open
from planner.loop.dispatch.handing_over import never_left
from planner.loop.dispatch.keeper import hold_devices
from planner.loop.dispatch.sending import poll
from planner.loop.results.intake import stow
from planner.loop.sessions.session import Session
from planner.trials import BEGUN, DeviceState, Run, RunState, Trial, TrialState, digest_json

ASK_AGAIN_S = 60.0
MOST_RUNS = 100  # that are asked about at once: those that ended last
LONGEST = timedelta(days=30)  # after its end a run is asked about

_LAST_WORDS = frozenset(
    {DeviceState.DONE, DeviceState.FAILED, DeviceState.ABORTED, DeviceState.REFUSED}
)
_RECENT = 100  # trials whose ended runs a device may still tell something of


def ended_runs(state: CampaignState) -> dict[str, str | None]:
    """Returns the devices of runs that have ended and of which more may be told, by key."""
    last = range(max(1, state.trials.last - _RECENT + 1), state.trials.last + 1)
    runs = (run for number in last for run in state.trials[number].runs)
    return {run.key: run.device for run in runs if not is_open(run)}


def ask_late(session: Session, *, asks: bool = True) -> list[Answer]:
    """Returns what is new of runs that ended without the device's own word.

    They are asked about once a minute or so. A device that does not answer now is asked another
    time: nothing waits for it. What is new stays so until it is written.
    """
    lab = session.lab
    if lab.is_person or lab.is_repeatable:
        return []
    if asks:
        _ask(session)
    news = {
        key: each
        for key, each in session.late_words.items()
        if is_late_news(session, session.state.run_of(key)[1], each)
    }
    session.late_words = news
    return list(news.values())


def _ask(session: Session) -> None:
    runs = _runs_to_ask(session)
    now_s, asked = session.elapsed_s, session.asked_late
    if not any(now_s - asked.get(run.key, -math.inf) >= ASK_AGAIN_S for run in runs):
        return
    asked.clear()
    asked.update({run.key: now_s for run in runs})
    since = session.unreachable_since
    answers = poll(session, [session.state.run_of(run.key) for run in runs])
    if answers is None:
        session.unreachable_since = since
        return
    keys = {run.key for run in runs}
    session.late_words.update({key: each for key, each in answers.items() if key in keys})


def is_late_news(session: Session, run: Run, answer: Answer) -> bool:
    """Tells whether an answer says more of a run that has ended than the ledger knows."""
    if session.ends.get(run.key) == answer:
        return False  # told again, as devices do
    if answer.state is DeviceState.DONE:
        digest = arrival(session, answer).result_digest
        if digest not in _known(session, run):
            return True
    if not run.is_unheard or answer.state in (run.heard_late, DeviceState.UNKNOWN):
        return False  # that a device does not know is what the verdict was about
    if run.has_restarted and answer.state not in _LAST_WORDS:
        return False  # it cannot know
    # who says that it was not performed is contradicted by a device that has it or began it
    is_other = run.state is RunState.VOID or answer.state in _LAST_WORDS
    return is_other and run.heard_late not in _LAST_WORDS


def contradicts(run: Run, answer: Answer) -> bool:
    """Tells whether a run that was said not to be performed has begun, or may yet."""
    agrees = (DeviceState.REFUSED, DeviceState.UNKNOWN)
    return run.state is RunState.VOID and answer.state not in agrees


def late_records(session: Session, answer: Answer, trial: Trial, run: Run) -> list[Record]:
    """Returns what is to be written of an answer on a run that has ended; none where it is known.

    A trial that would be performed again is held, and an order that never left is taken back.
    """
    if not is_late_news(session, run, answer):
        return []
    records: list[Record] = []
    if run.is_unheard and answer.state is not run.heard_late:
        records.append(HeardLate(key=run.key, state=answer.state, reason=answer.reason))
    if answer.state is DeviceState.DONE:
        arrived = arrival(session, answer, late=True)
        if arrived.result_digest not in _known(session, run):
            records.append(arrived)
    if contradicts(run, answer):
        records += _holding(session, trial, run, answer)
    return records


def _holding(session: Session, trial: Trial, run: Run, answer: Answer) -> list[Record]:
    """Returns the moves that keep a trial from being performed again, where nothing has left."""
    number, last = trial.number, trial.run
    said = "has it" if answer.state not in BEGUN else f"says that it is {answer.state}"
    reason = (
        f"run {run.number} was said not to be performed, and the device {said}; look there, then: "
        f"planner resolve FILE {number}"
    )
    held = TrialMoved(trial=number, to=TrialState.HELD, reason=reason, held_by="late word")
    released = TrialMoved(trial=number, to=TrialState.APPROVED, reason=reason)
    if trial.state is TrialState.APPROVED:
        return [held]
    if trial.state is TrialState.HELD:
        before = f"{reason}. It was held already: {trial.reason}"
        return [] if trial.held_by == "late word" else [released, replace(held, reason=before)]
    if last is not None and _may_take_back(session, trial, last):
        return [RunMoved(key=last.key, to=RunState.VOID, evidence=reason), released, held]
    return []


def _may_take_back(session: Session, trial: Trial, run: Run) -> bool:
    """Tells whether the order of a trial's next run can be taken back: it provably never left."""
    return (
        trial.state is TrialState.RUNNING
        and run.state is RunState.DISPATCHING
        and session.lab.delivery is not DeliveryClass.TWO_PHASE
        and never_left(session, run)
        and hold_devices(session)
    )


def _runs_to_ask(session: Session) -> list[Run]:
    now = session.clock.now()
    known = session.state.trials.view("unheard", _Unheard).runs
    found = [
        run
        for number in sorted(known)
        for run in known[number]
        if now - (run.ended or now) <= LONGEST and run.device not in session.left_alone
    ]
    return found[-MOST_RUNS:]


@dataclass(slots=True)
class _Unheard:
    """The runs of which a device may say more, by trial: old trials are not looked at for that."""

    runs: dict[int, tuple[Run, ...]] = field(default_factory=dict)

    def change(self, before: Trial | None, after: Trial | None) -> None:
        """Takes in that a trial became another."""
        if before is not None:
            self.runs.pop(before.number, None)
        if after is not None and not after.handed:
            runs = tuple(run for run in after.runs if _may_say_more(run))
            if runs:
                self.runs[after.number] = runs


def _may_say_more(run: Run) -> bool:
    """Tells whether a run ended without its device's last word, or was ended by an abort."""
    is_closed = run.is_unheard or (run.state is RunState.ABORTED and not run.was_never_taken)
    return is_closed and run.heard_late not in _LAST_WORDS


def _known(session: Session, run: Run) -> set[str]:
    rows = session.ledger.inbox(session.campaign, states=tuple(InboxState), key=run.key)
    return {row.result_digest for row in rows}


def arrival(session: Session, answer: Answer, *, late: bool = False) -> ResultArrived:
    """Returns the record of a result that came, with what is large in it stowed away."""
    payload: dict[str, JsonValue] = {}
    if answer.result is not None:
        stowed = stow(answer.result, session.intake.artifacts)
        payload = RESULTS.dump_python(stowed, mode="json")
    return ResultArrived(
        key=answer.key, result_digest=digest_json(payload), payload=payload, late=late
    )
