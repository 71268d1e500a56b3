"""Rows without a trial number: trials of the person's own, run already, to be learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from planner.errors import InputError, Refused
from planner.ledger.entries import Record
from planner.ledger.replay import CampaignState
from planner.loop.people.own import find_repeats, has_settings, own_proposal, own_records
from planner.loop.people.results import achieved_otherwise, find_changed, known_outcomes
from planner.loop.people.settings import fill_settings, read_settings
from planner.loop.people.told import Told, check_told
from planner.loop.rules.budget import budget_left
from planner.loop.sessions.session import Session
from planner.loop.sheets.filled import Filled
from planner.space import Configuration
from planner.trials import TERMINAL_TRIALS, TrialState

if TYPE_CHECKING:
    from planner.loop.people.comparing import Expected

_FAILURES = {"machine": TrialState.FAILED_BY_MACHINE, "process": TrialState.FAILED_BY_PROCESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRow:
    """A row without a number, and what was known of it before any row was entered.

    Args:
        configuration: its settings; None where they cannot be used.
        notes: sentences on what was filled in.
        error: why its settings cannot be used.
        expected: what the model expected of them.
    """

    configuration: Configuration | None = None
    notes: tuple[str, ...] = ()
    error: InputError | None = None
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A trial of the person's own, about to be told.

    Args:
        trial: its number.
        records: by which it begins.
        remark: on a replicate, on what was filled in, on the budget.
    """

    trial: int
    records: tuple[Record, ...]
    remark: str


def prepare_own_rows(
    session: Session, state: CampaignState, rows: Sequence[Filled]
) -> dict[int, OwnRow]:
    """Returns the rows of the person's own by number, with what a model expects of them now."""
    own = {
        row.number: _read_own(session, state, row)
        for row in rows
        if row.trial is None and row.says_end and not row.problems
    }
    usable = {n: row.configuration for n, row in own.items() if row.configuration is not None}
    if not usable:
        return own
    # the models take seconds to import, which nobody who tells of other trials should wait for
    from planner.loop.people.comparing import expect_each

    expected = expect_each(state, session.space, list(usable.values()))
    for number, each in zip(usable, expected, strict=True):
        own[number] = replace(own[number], expected=each)
    return own


def _read_own(session: Session, state: CampaignState, row: Filled) -> OwnRow:
    try:
        given = read_settings(row.settings, session.space)
        # what is measured and not set may stand in either column
        achieved = read_settings(row.achieved, session.space)
        measured = {n: v for n, v in achieved.items() if n in session.space.contextual}
        filled, notes = fill_settings({**given, **measured}, state, session.space)
        return OwnRow(configuration=session.space.check(filled, exact=False), notes=notes)
    except InputError as error:
        said = f"{str(error)[:1].lower()}{str(error)[1:]}"
        return OwnRow(error=InputError(f"A trial of your own: {said}"))


def find_told_before(
    session: Session, state: CampaignState, own: OwnRow, told: Told, *, among: Sequence[int]
) -> int | None:
    """Returns the trial that a row tells again; None where it is a new one.

    Args:
        session: whose campaign.
        state: as it is now.
        own: the row's settings.
        told: what it says.
        among: numbers of the trials that no other row of the table repeats.

    Raises:
        Refused: it holds all that is known of an earlier trial, and more.
    """
    assert own.configuration is not None
    for number in among:
        trial = state.trial(number)
        is_own = trial.handed and trial.proposal.origin == "person"
        if not is_own or not has_settings(trial.configuration, own.configuration):
            continue
        if told.failed is not None:
            if trial.state is _FAILURES[told.failed]:
                return number
            continue
        if trial.state is not TrialState.COMPLETED:
            continue
        checked = check_told(session, state, trial, told)
        changed = set(find_changed(trial, checked, told))
        if achieved_otherwise(trial, checked) or changed & set(known_outcomes(trial)):
            continue
        if not changed:
            return number
        raise Refused(
            f"This row holds what was told of trial {number}, and {', '.join(sorted(changed))} "
            f"besides. If it is trial {number}, write {number} into the column of trials; if it is "
            f"a further run, enter it by planner propose and tell its number."
        )
    return None


def begin_own(session: Session, state: CampaignState, own: OwnRow, *, reason: str) -> Begun:
    """Returns how a trial of the person's own begins.

    Raises:
        InputError: its settings cannot be used, or are those of a trial that is open.
    """
    assert own.configuration is not None
    repeats = find_repeats(state, session.space, own.configuration)
    _check_not_open(state, repeats)
    assert own.expected is not None
    number = state.next_trial
    proposal = own_proposal(session, state, own.expected, reason=reason)
    records = own_records(session, state, proposal, own.configuration)
    remarks = [*own.notes]
    if repeats:
        remarks.append(f"A replicate of {_trials(repeats)}.")
    if not session.space.is_admissible(own.configuration):
        remarks.append("These settings are none that the campaign would propose.")
    if budget_left(state) < 1:
        remarks.append("The budget was used up before.")
    return Begun(number, tuple(records), "".join(f" {remark}" for remark in remarks))


def _check_not_open(state: CampaignState, repeats: Sequence[int]) -> None:
    for number in repeats:
        trial = state.trial(number)
        if trial.handed and trial.state not in TERMINAL_TRIALS:
            raise InputError(
                f"Trial {number} is open with the same settings. Write {number} into the column of "
                f"trials; for a further run, tell trial {number} first."
            )


def _trials(numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers))
    return f"trial {listed}" if len(numbers) == 1 else f"trials {listed}"
