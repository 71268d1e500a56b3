"""Telling: what became of a trial, its later outcomes, corrections, and what is given up.

What was told is never overwritten. An outcome that was not known yet is a further part of the
result; another value for a known one is a correction, which needs a reason and is a new version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.errors import InputError, Refused
from planner.ledger.entries import Noted, OutcomeGivenUp, Record, RunMoved, TrialMoved
from planner.ledger.replay import CampaignState
from planner.loop.people.deciding import Decided, decide_and_write
from planner.loop.people.results import (
    achieved_otherwise,
    find_changed,
    is_overwriting,
    known_outcomes,
    observed_parts,
    run_of_person,
    settings_of,
    still_missing,
)
from planner.loop.people.told import (
    Told,
    check_sense,
    check_told,
    check_with_sensors,
    require_reason,
)
from planner.loop.people.words import (
    no_other_end,
    no_overwriting,
    own_trial_hint,
    settings_in_words,
    values_in_words,
)
from planner.loop.results.check import Checked, find_doubts
from planner.loop.sessions.session import Session
from planner.space import Configuration
from planner.trials import TERMINAL_TRIALS, Measured, RunState, Trial, TrialState, is_used

_FAILURES = {"machine": TrialState.FAILED_BY_MACHINE, "process": TrialState.FAILED_BY_PROCESS}


@dataclass(frozen=True, slots=True)
class _Case:
    """A trial, what is told of it, and what that reads as."""

    session: Session
    state: CampaignState
    trial: Trial
    told: Told

    def check(self) -> Checked:
        """Returns the values in the campaign's units.

        Raises:
            InputError: one of them cannot be used.
        """
        return check_told(self.session, self.state, self.trial, self.told)

    def decided(self, says: str, *records: Record) -> Decided:
        return Decided(says=says, records=records, trials={self.trial.number: self.trial.state})

    def values_in_words(self, outcomes: Mapping[str, Measured], *, with_sd: bool = False) -> str:
        return values_in_words(outcomes, self.state.spec, told=self.told.outcomes, with_sd=with_sd)

    def achieved_in_words(self, achieved: Configuration) -> str:
        return settings_in_words(
            achieved, self.state.spec, told=self.told.achieved, what="achieved"
        )

    def doubts(self, achieved: Configuration) -> list[Noted]:
        """Returns notes on what was achieved and can hardly be: it is a fact, and stands out."""
        settings = {**settings_of(self.trial), **achieved}
        return [
            Noted(text=text, trial=self.trial.number)
            for text in find_doubts(settings, achieved, self.session.space)
        ]


def tell(session: Session, number: int, told: Told) -> str:
    """Enters what became of a trial.

    Returns:
        What was done, in words; telling the same twice does nothing and says so.

    Raises:
        UnknownName: no such trial or outcome.
        InputError: a value is no number, of a wrong unit or outside its bounds.
        Refused: a machine has the trial, it ended otherwise, or another value was told.
    """
    decided = decide_and_write(session, lambda: decide_told(session, session.state, number, told))
    return decided.says


def decide_told(session: Session, state: CampaignState, number: int, told: Told) -> Decided:
    """Returns what is to be written of what is told; arguments and errors as of ``tell``."""
    case = _Case(session, state, state.trial(number), told)
    check_sense(told, case.trial, state)
    if told.failed is not None:
        return _decide_failure(case)
    if told.corrects and case.trial.observation is None:
        raise Refused(
            f"Trial {number} is {case.trial.state}; only a result that was told can be corrected."
        )
    if told.corrects and overwrites(session, state, number, told):
        return _decide_correction(case)
    if told.corrects or case.trial.state in TERMINAL_TRIALS:
        return _decide_part(case)
    return _decide_end(case)


def overwrites(session: Session, state: CampaignState, number: int, told: Told) -> bool:
    """Tells whether a value that is known, of a result or a setting, would be replaced.

    Raises:
        InputError: a value cannot be used.
    """
    trial = state.trial(number)
    if trial.observation is None:
        return False
    checked = check_told(session, state, trial, told)
    changed = find_changed(trial, checked, told)
    return bool(achieved_otherwise(trial, checked)) or any(
        is_overwriting(trial, name, each) for name, each in changed.items()
    )


def _decide_end(case: _Case) -> Decided:
    """The trial is open: what is told ends it."""
    trial, told, state = case.trial, case.told, case.state
    run = run_of_person(state, trial)
    if told.lost and not told.outcomes and not told.is_done:
        return _decide_lost(case)
    checked = check_with_sensors(case.session, case.state, trial, told)
    by = f"told by {case.session.author}"
    records: list[Record] = [RunMoved(key=run.key, to=RunState.COMPLETED, evidence=by)]
    records += observed_parts(
        case.session, state, trial, checked.outcomes, achieved=checked.achieved, key=run.key
    )
    records.append(TrialMoved(trial=trial.number, to=TrialState.COMPLETED, reason=told.reason))
    doubts = case.doubts(achieved_otherwise(trial, checked))
    records += [*doubts]
    records += _giving_up(case, checked.outcomes)
    values = case.values_in_words(checked.outcomes)
    says = f"Trial {trial.number} is completed" + (f" with {values}." if values else ".")
    missing = still_missing(state, trial, {*checked.outcomes, *told.lost})
    return case.decided(says + missing + _sentences(doubts), *records)


def _decide_lost(case: _Case) -> Decided:
    """The trial is open and an outcome will never come: whether it was performed is not said."""
    trial = case.trial
    lost = _giving_up(case, {})
    if not lost:
        return case.decided(f"Trial {trial.number} was told the same before; nothing was changed.")
    names = ", ".join(each.outcome for each in lost)
    are = "is" if len(lost) == 1 else "are"
    return case.decided(
        f"Trial {trial.number}: {names} {are} given up. It stays {trial.state}: tell that it is "
        f"done, or that it failed, once it is.",
        *lost,
    )


def _decide_part(case: _Case) -> Decided:
    """The trial has ended: only what is not known yet can be added."""
    trial, told, spec = case.trial, case.told, case.state.spec
    checked = case.check()
    if trial.state is not TrialState.COMPLETED:
        _check_takes_result(trial, told)
    known = known_outcomes(trial)
    changed = find_changed(trial, checked, told)
    others = {n: each for n, each in changed.items() if is_overwriting(trial, n, each)}
    otherwise = achieved_otherwise(trial, checked)
    was_achieved = trial.observation is not None and trial.observation.is_achieved
    if others or (otherwise and was_achieved):
        computed = [name for name in others if getattr(spec.outcomes[name], "reduce", None)]
        raise Refused(
            no_overwriting(
                trial, others, otherwise if was_achieved else {}, spec=spec, computed=computed
            )
        )
    new = changed
    lost = _giving_up(case, new)
    if not new and not lost and not otherwise:
        return case.decided(f"Trial {trial.number} was told the same before; nothing was changed.")
    achieved = checked.achieved if otherwise else None
    is_later = trial.state is not TrialState.COMPLETED
    why = told.reason if is_later else ""
    parts = observed_parts(case.session, case.state, trial, new, achieved=achieved, reason=why)
    records: list[Record] = [*parts, *lost, *case.doubts(otherwise)]
    if told.reason.strip() and parts and not is_later:
        records.append(Noted(text=told.reason, trial=trial.number))
    added = {name: each for name, each in new.items() if name in known}  # a deviation
    values = [case.values_in_words({n: each for n, each in new.items() if n not in known})]
    values += [case.values_in_words(added, with_sd=True), case.achieved_in_words(otherwise)]
    said = [f"has {', '.join(filter(None, values))} now"] if any(values) else []
    said += [f"{each.outcome} is given up" for each in lost]
    missing = still_missing(case.state, trial, {*known, *new, *told.lost})
    doubts = _sentences(case.doubts(otherwise))
    return case.decided(f"Trial {trial.number}: {', '.join(said)}.{missing}{doubts}", *records)


def _check_takes_result(trial: Trial, told: Told) -> None:
    """Accepts a result of a trial that had ended without one, where it was begun.

    Raises:
        Refused: it was never begun, or there is nothing but an outcome to give up.
        InputError: nobody says why its end was not the last word.
    """
    if not any(map(is_used, trial.runs)) or not told.outcomes:
        raise Refused(
            f"Trial {trial.number} is {trial.state}; it takes no result, and an end does not "
            f"change. If it did bring one, enter that as a trial of your own: "
            f"{own_trial_hint(trial)}."
        )
    if not told.reason.strip() and trial.state is not TrialState.EXPIRED:
        raise InputError(
            f"Trial {trial.number} is {trial.state}. If it brought a result all the same, say how "
            f"that is known (--reason, or the note of the row); its end stays as it is."
        )


def _decide_correction(case: _Case) -> Decided:
    trial, told = case.trial, case.told
    require_reason(f"Trial {trial.number}: a correction", told)
    checked = case.check()
    changed = find_changed(trial, checked, told)
    otherwise = achieved_otherwise(trial, checked)
    achieved = checked.achieved if otherwise else None
    lost = _giving_up(case, changed)
    records: list[Record] = [
        *observed_parts(
            case.session, case.state, trial, changed, achieved=achieved, reason=told.reason
        ),
        *lost,
        *case.doubts(otherwise),
    ]
    now, before = _corrections(case, changed, otherwise)
    now += [f"{each.outcome} is given up" for each in lost]
    was = f" (it was {', '.join(before)})" if before else ""
    doubts = _sentences(case.doubts(otherwise))
    return case.decided(
        f"Trial {trial.number} is corrected: {', '.join(now)}{was}.{doubts}", *records
    )


def _corrections(
    case: _Case, changed: Mapping[str, Measured], achieved: Configuration
) -> tuple[list[str], list[str]]:
    """Returns what the values are now, and what they were, in words."""
    known, settings, spec = known_outcomes(case.trial), settings_of(case.trial), case.state.spec
    was = {name: known[name] for name in changed if name in known}
    now = [case.values_in_words(changed, with_sd=True)] if changed else []
    before = [values_in_words(was, spec, with_sd=True)] if was else []
    if achieved:
        now.append(case.achieved_in_words(achieved))
        before.append(settings_in_words({name: settings[name] for name in achieved}, spec))
    return now, before


def _sentences(doubts: Sequence[Noted]) -> str:
    return "".join(f" {each.text}" for each in doubts)


def _decide_failure(case: _Case) -> Decided:
    trial, told = case.trial, case.told
    if not told.reason.strip():
        raise InputError(
            f"Trial {trial.number}: a failure needs a reason: say what happened (--reason, or the "
            f"note of the row)."
        )
    to = _FAILURES[str(told.failed)]
    if trial.state is to:
        return case.decided(f"Trial {trial.number} is {to} already; nothing was changed.")
    if trial.state in TERMINAL_TRIALS:
        raise Refused(no_other_end(trial))
    run = run_of_person(case.state, trial)
    by = f"told by {case.session.author}"
    return case.decided(
        f"Trial {trial.number} is {to}. {_after_failure(trial, to)}",
        RunMoved(key=run.key, to=RunState.FAILED, evidence=by),
        TrialMoved(trial=trial.number, to=to, reason=told.reason),
    )


def _after_failure(trial: Trial, to: TrialState) -> str:
    """Says what a failure means for the settings, and how to mend a wrong word."""
    if to is TrialState.FAILED_BY_MACHINE:
        return "These settings may be proposed again."
    return (
        f"These settings are not proposed again; if it was the equipment, leave this failure out: "
        f"planner exclude FILE {trial.number} --reason WHY."
    )


def _giving_up(case: _Case, measured: Mapping[str, Measured]) -> list[OutcomeGivenUp]:
    trial, told, spec = case.trial, case.told, case.state.spec
    known = {**known_outcomes(trial), **measured}
    for name in told.lost:
        if name in known:
            values = values_in_words(known, spec)
            raise Refused(
                f"Trial {trial.number}: {name!r} was told already ({values}). To "
                f"leave its result out of what is learned from, exclude it: planner exclude FILE "
                f"{trial.number} --reason WHY."
            )
    return [
        OutcomeGivenUp(trial=trial.number, outcome=name, reason=told.reason)
        for name in told.lost
        if name not in trial.given_up
    ]
