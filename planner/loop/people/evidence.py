"""What is known of a trial in doubt: what was sent and heard, and what its device says now.

Looking at it writes nothing. The device is asked about the run and about itself; no order leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from planner.errors import InputError, PlannerError, Refused
from planner.labs import DeviceLab
from planner.ledger.devices import place_of
from planner.ledger.entries import (
    Entry,
    HeardLate,
    OrderKeptBack,
    OrderSent,
    ResultArrived,
    ResultQuarantined,
    RunMoved,
    RunOpened,
    VerdictGiven,
)
from planner.loop.dispatch.sending import poll
from planner.loop.rules.late import describe_late, late_results
from planner.loop.sensors.sensing import describe_window, trial_windows
from planner.loop.sessions.session import Session
from planner.trials import Answer, Heartbeat, Run, Trial, TrialState

_KINDS = {
    "run opened",
    "order sent",
    "order kept back",
    "run moved",
    "heard late",
    "result arrived",
    "result quarantined",
    "verdict given",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a trial in doubt.

    Args:
        trial: its number.
        what: in a sentence or two, what a verdict is asked on.
        reason: of the trial's last move, such as why it is in doubt.
        settings: what was ordered, each with its unit.
        where: source and device.
        story: what the ledger has of its runs, by our clock.
        device_says: what the device says now: of the run, then of itself.
        readings: of the sensors while the run was under way.
        choices: commands of ``planner``, the words after the trial's number, and what they mean.
    """

    trial: int
    what: str
    reason: str
    settings: tuple[str, ...]
    where: str
    story: tuple[tuple[datetime, str], ...]
    device_says: tuple[str, ...]
    readings: tuple[str, ...]
    choices: tuple[tuple[str, str, str], ...]


def gather_evidence(session: Session, number: int) -> Evidence:
    """Returns what is known of a trial in doubt.

    Args:
        session: with the source's lab, to ask the device; nothing is written.
        number: of the trial.

    Raises:
        UnknownName: there is no such trial.
        Refused: it is not in doubt, and nothing came late.
    """
    trial = session.refresh().trial(number)
    what = _what_is_asked(session, trial)
    if not what or trial.run is None:
        raise Refused(
            f"Trial {number} is {trial.state}, not in doubt, and no late result waits; no verdict "
            f"is asked."
        )
    run = _asked_about(trial)
    units, said = session.state.spec.units, _of_run(session, trial, run)
    return Evidence(
        trial=number,
        what=what,
        reason=trial.reason,
        settings=tuple(
            f"{name} {value if isinstance(value, str) else f'{value:g}'}{_after(units[name])}"
            for name, value in trial.configuration.items()
        ),
        where=place_of(run.source, run.device).replace("/", ", "),
        story=tuple(_story(session, trial)),
        device_says=(said, _of_itself(session, run)),
        readings=tuple(_readings(session, trial)),
        choices=tuple(_choices(session, trial)),
    )


def _what_is_asked(session: Session, trial: Trial) -> str:
    """Returns what people are asked of a trial; empty where nothing is."""
    parts = []
    if trial.state is TrialState.IN_DOUBT:
        parts.append(f"Trial {trial.number} is in doubt: {trial.reason.rstrip('.')}.")
    late = [said for each, said in describe_late(session.state) if each.number == trial.number]
    parts += [f"{said}." for said in late]
    if trial.held_by == "late word" and not late:
        parts.append(f"Trial {trial.number} is held: {trial.reason}.")
    return " ".join(parts)


def _asked_about(trial: Trial) -> Run:
    """Returns the run in doubt, or the last one of which something came late."""
    late = [run for run in trial.runs if run.heard_late is not None]
    return trial.runs[-1] if trial.state is TrialState.IN_DOUBT or not late else late[-1]


def _story(session: Session, trial: Trial) -> Iterator[tuple[datetime, str]]:
    keys = {run.key for run in trial.runs}
    for entry in session.ledger.read(session.campaign, kinds=_KINDS):
        is_of_run = getattr(entry.record, "key", None) in keys
        if is_of_run or getattr(entry.record, "trial", None) == trial.number:
            yield entry.at, _in_words(entry)


def _in_words(entry: Entry) -> str:
    match entry.record:
        case RunOpened() as opened:
            return f"run {opened.key} was opened"
        case OrderSent() as sent:
            handle = f", as {sent.handle}" if sent.handle else ""
            return f"its order was about to leave (sending {sent.attempt}){handle}"
        case OrderKeptBack() as kept:
            return f"its order waited: {kept.reason}"
        case RunMoved() as moved:
            times = [
                f"{word} {at:%H:%M:%S} by the device's clock"
                for word, at in (("began", moved.began), ("ended", moved.ended))
                if at is not None
            ]
            said = "; ".join(filter(None, [moved.evidence, *times]))
            return f"{moved.to}{f': {said}' if said else ''}"
        case ResultArrived() as arrived:
            late = f" late, of run {arrived.key}" if arrived.late else ""
            return f"a result came{late}: {_result_in_words(arrived)}"
        case HeardLate() as heard:
            return f"of run {heard.key} its device said: {heard.state}"
        case ResultQuarantined() as aside:
            return f"the result was put aside: {'; '.join(aside.reasons)}"
        case VerdictGiven() as given:
            return f"{entry.author} said {given.verdict}: {given.reason}"
        case other:
            raise AssertionError(other)


def _result_in_words(arrived: ResultArrived) -> str:
    outcomes = arrived.payload.get("outcomes")
    if not isinstance(outcomes, dict):
        return "empty"
    said = []
    for name, each in outcomes.items():
        value = each.get("value") if isinstance(each, dict) else None
        unit = each.get("unit") if isinstance(each, dict) else None
        shown = value if isinstance(value, int | float | str) else "of many values"
        said.append(f"{name} {shown}{_after(str(unit or ''))}")
    return ", ".join(said) or "empty"


def _of_run(session: Session, trial: Trial, run: Run) -> str:
    if session.lab.is_person:
        return "A person has it: ask them."
    try:
        answers = poll(session, [(trial, run)])
    except PlannerError as error:
        return f"The device was not asked about the run: {error}"
    if answers is None:
        return "The device does not answer now; look there."
    answer = answers.get(run.key)
    if answer is None:
        return "The device does not know the run."
    return f"The device says of the run: {_answer_in_words(answer)}."


def _answer_in_words(answer: Answer) -> str:
    parts = [str(answer.state)]
    if answer.began is not None:
        parts.append(f"began {answer.began:%Y-%m-%d %H:%M:%S} by its clock")
    if answer.ended is not None:
        parts.append(f"ended {answer.ended:%Y-%m-%d %H:%M:%S}")
    if answer.result is not None:
        parts.append(f"with {', '.join(answer.result.outcomes) or 'an empty result'}")
    if answer.reason:
        parts.append(answer.reason.rstrip("."))
    return ", ".join(parts)


def _of_itself(session: Session, run: Run) -> str:
    lab = session.lab
    if isinstance(lab, DeviceLab):
        try:
            return f"Of itself it says: {_beat_in_words(lab.heartbeat(run.device))}."
        except PlannerError:
            pass  # what was heard last is all there is
    name = place_of(run.source, run.device)
    row = next((each for each in session.ledger.devices() if each.name == name), None)
    if row is None or row.heartbeat_at is None:
        return "Of itself it has said nothing so far."
    busy = f" with {row.current_key}" if row.current_key else ""
    return f"It was heard last at {row.heartbeat_at:%Y-%m-%d %H:%M:%S} (UTC){busy}."


def _beat_in_words(beat: Heartbeat) -> str:
    at_work = f" with {beat.current_key}" if beat.current_key else ""
    return f"{beat.state}{at_work}{f' ({beat.reason})' if beat.reason else ''}"


def _readings(session: Session, trial: Trial) -> Iterator[str]:
    if not session.state.spec.sensors:
        return
    try:
        windows = trial_windows(session, trial)
    except InputError as error:
        yield str(error)
        return
    for window in windows.values():
        yield from describe_window(window)


def _choices(session: Session, trial: Trial) -> Iterator[tuple[str, str, str]]:
    assert trial.run is not None
    is_late = bool(late_results(session.state, trial))
    if is_late:
        yield "resolve", "take-in", "the result that came late becomes data"
    if is_late or trial.held_by == "late word":
        again = "; the trial runs again" if trial.state is TrialState.HELD else ""
        yield "resolve", "leave-out", f"what came late is kept, and no more{again}"
    if trial.state is not TrialState.IN_DOUBT:
        return
    told = " ".join(f"{name}=VALUE" for name in session.state.spec.measured_at_once)
    yield "resolve", f"performed {told}".rstrip(), "it ran, and this is its result"
    yield "resolve", "no-result", "it ran, and its result is lost: it counts as failed"
    yield "resolve", "partly", "material was used, nothing can be told: it counts as failed"
    if trial.run.ended is None:
        yield "resolve", "not-performed", "it never began: it runs again, as another run"
        yield "abort", "", "it may still be at work: the device is asked to end it"


def _after(unit: str) -> str:
    return f" {unit}" if unit and unit != "1" else ""
