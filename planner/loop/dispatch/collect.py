"""Collecting: what became of open runs, and which results become data.

Asking a source is an effect and costs nothing to repeat; writing what it said is one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from planner.errors import StaleWrite
from planner.labs import RESULTS, Answer, DeliveryClass, TellingLab
from planner.ledger.entries import (
    OutcomesObserved,
    Record,
    ResultArrived,
    ResultQuarantined,
    RunMoved,
    TrialMoved,
)
from planner.ledger.replay import is_open
from planner.loop.dispatch.adjusting import with_changes
from planner.loop.dispatch.ending import send_aborts, unheard
from planner.loop.dispatch.handing_over import is_ours, may_be_there, only_ours, recall
from planner.loop.dispatch.late import (
    arrival,
    ask_late,
    contradicts,
    ended_runs,
    is_late_news,
    late_records,
)
from planner.loop.dispatch.lateness import came_too_late, give_back, is_too_late
from planner.loop.dispatch.sending import is_fresh, poll, send_waiting
from planner.loop.results.check import check_result
from planner.loop.sensors.sensed import sense_trial, with_sensed
from planner.loop.sessions.session import Session
from planner.trials import (
    TERMINAL_TRIALS,
    DeviceState,
    Run,
    RunState,
    Trial,
    TrialState,
)

_WATCHED_S = 10.0  # at least, before a run that was found open is overdue

_SAME_WORD = {
    DeviceState.ACCEPTED: RunState.ACCEPTED,
    DeviceState.STARTED: RunState.STARTED,
    DeviceState.PAUSED: RunState.PAUSED,
}


def open_runs(session: Session) -> list[tuple[Trial, Run]]:
    """Returns the runs that a machine may still move, by trial."""
    found = []
    for trial in session.state.open_trials:
        run = trial.run
        if run is not None and is_open(run) and not trial.handed:
            found.append((trial, run))
    return found


def poll_source(session: Session, *, asks: bool = True) -> list[Answer]:
    """Asks the source about every open run, and sends again what it does not know.

    What may be sent again, the class of the source decides. What this process has not sent yet is
    sent without asking first. How a run ended counts also where the device told it by itself.

    Args:
        session: at work on the campaign.
        asks: whether to ask now; who asks now and then all the same may go by what was told.

    Returns:
        The answers that tell something new.
    """
    if session.driver is not None:
        return []  # it asks
    runs = open_runs(session)
    if session.lab.is_person:
        return send_waiting(session, runs)
    late = ask_late(session, asks=asks)
    again = {
        session.state.run_of(each.key)[0].number for each in late if _contradicts(session, each)
    }
    fresh = [each for each in runs if is_fresh(session, each[1])]
    known = send_waiting(session, [each for each in fresh if each[0].number not in again])
    told = _told(session, runs)
    known = [*late, *(each for each in known if each.key not in told), *told.values()]
    others = [each for each in runs if each not in fresh and each[1].key not in told]
    if not asks:
        others = []
    for device in dict.fromkeys(
        run.device for _, run in others
    ):  # one that is out of reach hides no other
        if device in session.left_alone:
            continue
        there = [each for each in others if each[1].device == device]
        answers = poll(session, there)
        if answers is not None:
            session.word_at.update(dict.fromkeys(answers, session.elapsed_s))
            known += [answers[run.key] for _, run in there if run.key in answers]
            known += [_forgotten(run) for _, run in there if _is_forgotten(session, run, answers)]
            known += send_waiting(session, [each for each in there if each[1].key not in answers])
    known += send_aborts(session, runs)
    known += unheard(session, runs)
    return [answer for answer in known if is_news(session, answer)]


def _told(session: Session, runs: list[tuple[Trial, Run]]) -> dict[str, Answer]:
    if not isinstance(session.lab, TellingLab):
        return {}
    recall(session, runs)
    ended = ended_runs(session.state)
    session.lab.learn(ended)
    told = session.lab.told([*(run.key for _, run in runs), *ended])
    return only_ours(session, told)


def _contradicts(session: Session, answer: Answer) -> bool:
    return contradicts(session.state.run_of(answer.key)[1], answer)


def _is_forgotten(session: Session, run: Run, answers: Mapping[str, Answer]) -> bool:
    """Tells whether a device that can be asked does not know a run that it had acknowledged.

    It has to say so twice: one reply without the run may be a late one to an earlier question.
    """
    is_asked = session.lab.delivery is not DeliveryClass.FIRE_AND_OBSERVE
    keeps_keys = is_asked and not session.lab.is_repeatable
    is_known = run.acknowledged_at is not None and run.state is not RunState.IN_DOUBT
    if not (keeps_keys and is_known and run.key not in answers):
        session.missed.discard(run.key)
        return False
    was_missed = run.key in session.missed
    session.missed.add(run.key)
    return was_missed


def _forgotten(run: Run) -> Answer:
    return Answer(
        key=run.key,
        state=DeviceState.UNKNOWN,
        reason=f"the device knew the run before ({run.state}), and does not know it any more",
    )


def is_news(session: Session, answer: Answer) -> bool:
    """Tells whether an answer says more than the ledger knows."""
    if not is_ours(session, answer):
        return False
    _, run = session.state.run_of(answer.key)
    if not is_open(run):
        return is_late_news(session, run, answer)
    if run.state is RunState.IN_DOUBT:
        # that it still runs is no news of one that has taken too long or outlived its device's
        # program; its end would be
        is_still_open = answer.state in _SAME_WORD and (
            run.has_restarted or is_overdue(session, run)
        )
        return answer.state is not DeviceState.UNKNOWN and not is_still_open
    if run.state is RunState.ABORTING:
        return answer.state not in _SAME_WORD
    if run.state is RunState.ADJUSTING:
        return False  # the device's word on the change comes first, also where the run has ended
    return _SAME_WORD.get(answer.state) is not run.state


def record_answers(session: Session, answers: list[Answer]) -> None:
    """Writes what the source said in one transaction; each in one of its own where that is refused.

    Raises:
        StaleWrite: a person or another process was faster with one of the trials.
    """
    last = list({answer.key: answer for answer in answers}.values())
    if len(last) > 1:
        try:
            _record(session, last)
            return
        except StaleWrite:  # nothing was written: what did not change is entered all the same
            session.refresh()
    for answer in answers:
        _record(session, [answer])


def _record(session: Session, answers: list[Answer]) -> None:
    records: list[Record] = []
    states: dict[int, TrialState] = {}
    runs: dict[str, RunState] = {}
    for answer in answers:
        trial, run = session.state.run_of(answer.key)
        if is_open(run):
            found = _consequences(session, answer, trial, run)
            found = [_with_times(each, answer) for each in found]
        else:
            found = late_records(session, answer, trial, run)
        records += found
        if found:
            states[trial.number] = trial.state
            # two drivers may hear the same: whoever is later looks again
            moved = {each.key for each in found if isinstance(each, RunMoved)}
            runs |= {key: session.state.run_of(key)[1].state for key in moved}
    if records:
        session.write(records, trials=states, runs=runs)
    for answer in answers:
        if not is_open(session.state.run_of(answer.key)[1]):
            session.note_end(answer)


def _with_times(record: Record, answer: Answer) -> Record:
    """Returns a move of the run with the device's own times, where it says them with a zone."""
    if not isinstance(record, RunMoved):
        return record
    began, ended = (
        at if at is not None and at.tzinfo is not None else None
        for at in (answer.began, answer.ended)
    )
    return replace(record, began=began, ended=ended)


def _consequences(session: Session, answer: Answer, trial: Trial, run: Run) -> list[Record]:
    said = answer.reason or f"the source said {answer.state}"
    if answer.state in _SAME_WORD and run.state is RunState.ABORTING:
        return []  # it was asked to end, and has not yet
    if answer.state in _SAME_WORD:
        to = _SAME_WORD[answer.state]
        records: list[Record] = [RunMoved(key=run.key, to=to, evidence=said)]
        if trial.state is TrialState.IN_DOUBT:
            records.append(TrialMoved(trial=trial.number, to=TrialState.RUNNING, reason=said))
        return records if to is not run.state else []
    match answer.state:
        case DeviceState.DONE:
            ended = RunMoved(key=run.key, to=RunState.COMPLETED, evidence=answer.reason)
            return [ended, arrival(session, answer)]
        case DeviceState.ABORTED:
            # why a person wanted it says more than that it was wanted
            why = run.evidence if run.state is RunState.ABORTING else said
            return [
                RunMoved(
                    key=run.key,
                    to=RunState.ABORTED,
                    evidence=said,
                    never_taken=run.key in session.never_taken,
                ),
                TrialMoved(trial=trial.number, to=TrialState.ABORTED, reason=why),
            ]
        case DeviceState.UNKNOWN:
            return in_doubt(session, trial, run, reason=said)
        case DeviceState.REFUSED if run.state in (RunState.DISPATCHING, RunState.ACCEPTED):
            if came_too_late(run, session.clock.now()):
                return give_back(trial, run, reason=said)
            return fail(session, trial, run, reason=said, ends=RunState.REFUSED)
        case _:
            is_process = answer.failure == "process"
            return fail(session, trial, run, reason=said, is_process=is_process)


def in_doubt(session: Session, trial: Trial, run: Run, *, reason: str) -> list[Record]:
    """Returns the records of a run of which nobody knows what became.

    A repeatable source leaves no doubt: its run has failed and may be repeated.
    """
    if session.lab.is_repeatable:
        return fail(session, trial, run, reason=reason)
    records: list[Record] = []
    if run.state is not RunState.IN_DOUBT:
        records.append(RunMoved(key=run.key, to=RunState.IN_DOUBT, evidence=reason))
    if trial.state is not TrialState.IN_DOUBT:
        records.append(TrialMoved(trial=trial.number, to=TrialState.IN_DOUBT, reason=reason))
    return records


def fail(
    session: Session,
    trial: Trial,
    run: Run,
    *,
    reason: str,
    is_process: bool = False,
    ends: RunState = RunState.FAILED,
) -> list[Record]:
    """Returns the records of a failed run: the trial fails, or gets another run if that is safe."""
    moved = RunMoved(key=run.key, to=ends, evidence=reason)
    retries = session.state.spec.source.retries
    n_tried = sum(not _was_none(each) for each in trial.runs)
    if is_process:
        to = TrialState.FAILED_BY_PROCESS
    elif n_tried <= retries:
        to, reason = TrialState.APPROVED, f"{reason}; run {n_tried} of {retries + 1}"
    else:
        to = TrialState.FAILED_BY_MACHINE
    return [moved, TrialMoved(trial=trial.number, to=to, reason=reason)]


def _was_none(run: Run) -> bool:
    """Tells whether a run was no attempt: it never began, and its settings were not to blame."""
    return run.state is RunState.VOID or is_too_late(run)


def settle_inbox(session: Session) -> int:
    """Makes data of the results that passed their checks, and puts the others aside.

    One whose readings may still be on their way waits for them.

    Returns:
        How many were settled.
    """
    unsettled = list(session.state.unsettled.values())
    trials = [session.state.run_of(each.key)[0].number for each in unsettled]
    if 1 < len(trials) == len(set(trials)):
        try:
            return _settle(session, unsettled)
        except StaleWrite:  # nothing was written: each by itself, as far as it goes
            session.refresh()
    return sum(_settle(session, [arrived]) for arrived in unsettled)


def _settle(session: Session, results: Sequence[ResultArrived]) -> int:
    records: list[Record] = []
    states: dict[int, TrialState] = {}
    for arrived in results:
        trial, _ = session.state.run_of(arrived.key)
        found = _settled(session, arrived)
        if found:
            records += found
            states[trial.number] = trial.state
    if records:
        session.write(records, trials=states)
    return len(states)


def _settled(session: Session, arrived: ResultArrived) -> list[Record]:
    """Returns what becomes of a result; nothing while readings of its time are still to come."""
    trial, run = session.state.run_of(arrived.key)
    state = session.state
    result = RESULTS.validate_python(arrived.payload or {"outcomes": {}})
    sensed = sense_trial(session, trial, told=result.achieved)
    if sensed.is_pending:
        return []
    checked = check_result(
        result,
        spec=state.spec,
        space=session.space,
        intake=session.intake,
        requested=trial.configuration,
    )
    achieved = with_changes(checked.achieved, trial, reported=result.achieved)
    problems = (*checked.problems, *(f"{n} is not known: {w}" for n, w in sensed.unknown.items()))
    if trial.state in TERMINAL_TRIALS:
        problems = (*problems, f"it came after the trial had ended ({trial.state})")
    if problems:
        reason = "result put aside: " + "; ".join(problems)
        aside = ResultQuarantined(
            trial=trial.number,
            key=run.key,
            result_digest=arrived.result_digest,
            reasons=problems,
        )
        moved = TrialMoved(trial=trial.number, to=TrialState.IN_DOUBT, reason=reason)
        return [aside, moved] if trial.state is TrialState.RUNNING else [aside]
    observed = OutcomesObserved(
        trial=trial.number,
        outcomes=checked.outcomes,
        source=run.source,
        achieved=with_sensed(achieved, trial, sensed),
        key=run.key,
        result_digest=arrived.result_digest,
    )
    reason = _without(run, checked.missing)
    return [observed, TrialMoved(trial=trial.number, to=TrialState.COMPLETED, reason=reason)]


def _without(run: Run, missing: tuple[str, ...]) -> str:
    """Says what a result lacks; nothing is guessed in its place."""
    if not missing:
        return ""
    return f"source {run.source!r} did not report {', '.join(missing)}"


def overdue_runs(session: Session) -> list[tuple[Trial, Run]]:
    """Returns the runs that have taken longer than their source allows and are not in doubt."""
    if session.lab.is_person:
        return []
    return [
        (trial, run)
        for trial, run in open_runs(session)
        if run.state is not RunState.IN_DOUBT and is_overdue(session, run)
    ]


def end_overdue(session: Session) -> int:
    """Ends the runs that have taken longer than their source allows.

    Returns:
        How many: at a device they are in doubt, at a repeatable source they have failed.
    """
    if session.driver is not None:
        return 0  # it does this
    limit = session.state.spec.source.time_limit
    overdue = overdue_runs(session)
    for trial, run in overdue:
        reason = f"no end after {limit:g} s, the time limit of source {run.source!r}"
        records = in_doubt(session, trial, run, reason=reason)
        session.write(records, trials={trial.number: trial.state}, runs={run.key: run.state})
    return len(overdue)


def is_overdue(session: Session, run: Run) -> bool:
    """Tells whether a run has taken longer than its source allows, from when it may know it."""
    limit = session.state.spec.source.time_limit
    if limit is None or not may_be_there(session, run):
        return False
    return session.elapsed_s - _began_s(session, run, limit) > limit


def believe_ledger(session: Session) -> None:
    """Takes the ledger's word for how long runs have lasted, as who looks but once has to."""
    now = session.clock.now()
    for _, run in open_runs(session):
        if run.acknowledged_at is not None:
            lasted_s = (now - run.acknowledged_at).total_seconds()
            session.began_at[run.key] = session.elapsed_s - max(0.0, lasted_s)


def _began_s(session: Session, run: Run, limit: float) -> float:
    """Returns when the device may first have known a run, by what no setting of the clock moves.

    One that was acknowledged before this process looked is as old as the clock says, but for a time
    that this process watches it itself: the clock may have been set in between.
    """
    if run.key not in session.began_at:
        now = session.clock.now()
        said_s = (now - (run.acknowledged_at or now)).total_seconds()
        believed_s = min(max(0.0, said_s), max(0.0, limit - _WATCHED_S))
        session.began_at[run.key] = session.elapsed_s - believed_s
    return session.began_at[run.key]
