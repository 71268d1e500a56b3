"""Changing a run that is under way: sent until it is answered, kept with the trial.

A change has a key of its own, the run's and its number, so that a device makes it at most once.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime

from planner.errors import Conflict, InputError, LabUnavailable, Refused, StaleToken, Unanswered
from planner.labs import Adjustment, DeviceLab, Setting
from planner.ledger.entries import AdjustmentAnswered, Record, RunMoved
from planner.loop.dispatch.keeper import hold_devices
from planner.loop.sessions.session import Session
from planner.space import Value
from planner.trials import Adjusted, Run, RunState, Trial

RESEND_S = 1.0


def send_adjustments(session: Session) -> int:
    """Sends the changes that nobody has answered, and writes down what the devices say.

    Returns:
        How many were answered.

    Raises:
        StaleToken: a device has heard a later driver.
    """
    if session.driver is not None:
        return 0  # it does this
    changing = [
        (trial, trial.run)
        for trial in session.state.open_trials
        if trial.run is not None and trial.run.state is RunState.ADJUSTING
    ]
    return sum(_send(session, trial, run) for trial, run in changing)


def _send(session: Session, trial: Trial, run: Run) -> bool:
    asked = run.adjustments[-1]
    key = f"{run.key}#{asked.number}"
    if session.resend_at.get(key, 0.0) > session.elapsed_s or session.state.latched is not None:
        return False
    if not hold_devices(session):
        return False
    session.resend_at[key] = session.elapsed_s + RESEND_S
    said = _ask_device(session, run, asked)
    if said is None:
        return False
    records: list[Record] = [
        AdjustmentAnswered(key=run.key, number=asked.number, state=said.state, reason=said.reason),
        RunMoved(
            key=run.key,
            to=RunState.STARTED,
            evidence=f"change {asked.number} was {said.state}"
            + (f": {said.reason}" if said.reason else ""),
        ),
    ]
    session.write(records, trials={trial.number: trial.state})
    return True


def _ask_device(session: Session, run: Run, asked: Adjusted) -> Adjustment | None:
    """Returns the device's word; None where there is none yet: the same number is sent again."""
    lab = session.lab
    if not isinstance(lab, DeviceLab):
        return Adjustment(
            number=asked.number, state="refused", reason="its adapter offers no changes"
        )
    units = session.state.spec.units
    try:
        return lab.adjust(
            run.key,
            number=asked.number,
            digest=asked.digest,
            parameters={
                name: Setting(value=value, unit=units[name])
                for name, value in asked.parameters.items()
            },
            token=session.hold.token if session.hold is not None else 0,
            ledger=session.ledger.id,
            device=run.device,
        )
    except StaleToken:
        raise
    except (LabUnavailable, Unanswered):
        return None
    except (Refused, Conflict, InputError) as error:
        return Adjustment(number=asked.number, state="refused", reason=str(error))


def settings_now(trial: Trial) -> dict[str, Value]:
    """Returns a trial's settings with the changes that its device has taken."""
    settings = dict(trial.configuration)
    for each in _taken(trial):
        settings.update(each.parameters)
    return settings


def with_changes(
    achieved: Mapping[str, Value] | None, trial: Trial, *, reported: Container[str]
) -> dict[str, Value] | None:
    """Returns what was achieved, with what was changed while the trial ran.

    What the device reports itself counts. Of the rest it is known what was set and for how long:
    numbers become their means over the trial's time, of names the last counts.

    Args:
        achieved: as reported; None where nothing was.
        trial: that has ended.
        reported: names of what the device reports itself.
    """
    taken = _taken(trial)
    names = {name for each in taken for name in each.parameters if name not in reported}
    if not names:
        return None if achieved is None else dict(achieved)
    means = {name: _over_time(trial, name, taken) for name in names}
    return {**(trial.configuration if achieved is None else achieved), **means}


def _over_time(trial: Trial, name: str, taken: list[Adjusted]) -> Value:
    run = trial.run
    assert run is not None  # who has taken changes has run
    begin = run.began or run.opened_at
    values: list[tuple[datetime, Value]] = [(begin, trial.configuration[name])]
    values += [
        (each.taken_at, each.parameters[name])
        for each in taken
        if name in each.parameters and each.taken_at is not None
    ]
    if run.ended is None or any(isinstance(value, str) for _, value in values):
        return values[-1][1]
    return _mean(values, until=run.ended)


def _mean(values: list[tuple[datetime, Value]], *, until: datetime) -> float:
    """Returns the mean over time of values that each hold until the next."""
    begin = values[0][0]
    starts = [min(max(at, begin), until) for at, _ in values]
    ends = [*starts[1:], until]
    lasted = [(end - at).total_seconds() for at, end in zip(starts, ends, strict=True)]
    if sum(lasted) <= 0:
        return float(values[-1][1])
    numbers = [float(value) for _, value in values]
    return sum(n * s for n, s in zip(numbers, lasted, strict=True)) / sum(lasted)


def _taken(trial: Trial) -> list[Adjusted]:
    run = trial.run
    return [] if run is None else [each for each in run.adjustments if each.state == "taken"]
