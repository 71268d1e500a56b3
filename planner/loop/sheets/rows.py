"""Rows of a filled-in table, decided one after the other, so that each knows those above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from planner.errors import InputError, PlannerError
from planner.ledger.entries import Noted, Record
from planner.ledger.replay import CampaignState
from planner.loop.people.deciding import Decided
from planner.loop.people.rehearsal import Rehearsal
from planner.loop.people.results import is_same_value
from planner.loop.people.settings import read_settings
from planner.loop.people.telling import decide_told, overwrites
from planner.loop.people.told import NOTHING, Told
from planner.loop.sessions.session import Session
from planner.loop.sheets.answers import Effect, How, RowAnswer
from planner.loop.sheets.filled import Filled
from planner.loop.sheets.own_rows import OwnRow, begin_own, find_told_before
from planner.trials import TERMINAL_TRIALS, Trial, TrialState

# such a trial takes a result that is known all the same, with a reason
_ENDED_WITHOUT_RESULT = TERMINAL_TRIALS - {TrialState.COMPLETED, TrialState.EXPIRED}


class RowsTold:
    """Decides rows on a rehearsal of the campaign.

    Args:
        session: who tells, and where.
        state: as the ledger has it.
        own: rows without a number.
        how: the table is told.
        title: of the table.
    """

    def __init__(
        self,
        session: Session,
        state: CampaignState,
        own: Mapping[int, OwnRow],
        how: How,
        title: str,
    ) -> None:
        self._session = session
        self._own = own
        self._how = how
        self._title = title
        self._unmatched = sorted(state.trials)  # each may be told again by one row
        self._rehearsal = Rehearsal(state, author=session.author, now=session.clock.now())
        self.records: list[Record] = []
        self.touched: set[int] = set()
        self._corrected: set[int] = set()

    def answer(self, row: Filled) -> RowAnswer:
        """Decides one row; what it comes to is played, so that later rows know it."""
        answer = RowAnswer(
            row=row.number, place=row.place, trial=row.trial, effect=Effect.OPEN, says=""
        )
        if row.problems:
            says = f"{_of_trial(row.trial)}{'; '.join(row.problems)}."
            return replace(answer, effect=Effect.REFUSED, says=says, is_mistake=True)
        try:
            trial, effect, decided = self._decide(row)
        except PlannerError as error:
            is_mistake = isinstance(error, InputError)
            says = str(error).removesuffix(NOTHING).rstrip()  # that is said of the whole table
            return replace(answer, effect=Effect.REFUSED, says=says, is_mistake=is_mistake)
        self.records += decided.records
        self.touched |= set(decided.trials)
        self._rehearsal.play(decided.records)
        return replace(answer, trial=trial, effect=effect, says=decided.says)

    def _decide(self, row: Filled) -> tuple[int | None, Effect, Decided]:
        if row.trial is None:
            return self._decide_own(row)
        trial = self._rehearsal.state.trial(row.trial)
        _check_settings(self._session, row, trial)
        row = _with_context(self._session, row, trial)
        if not row.says_something:
            return trial.number, Effect.OPEN, Decided(says=_not_filled(trial))
        if not row.says_end and not (self._how.corrects and row.achieved):
            return trial.number, *self._decide_notes(row, trial)
        told = self._told(row, trial)
        decided = decide_told(self._session, self._rehearsal.state, trial.number, told)
        if self._how.corrects:
            self._check_corrected_once(trial, changes=bool(decided.records))
        notes = self._notes(row, trial, but=told.reason if decided.records else "")
        says = decided.says
        if notes and not decided.records:
            says = f"Trial {trial.number}: nothing new but the note."
        records = (*decided.records, *notes)
        effect = Effect.ENTERED if records else Effect.UNCHANGED
        return trial.number, effect, replace(decided, says=says, records=records)

    def _told(self, row: Filled, trial: Trial | None) -> Told:
        """Returns what a row tells; its note is the reason where one is needed.

        A row of a trial without a result corrects nothing, also where the table may correct.
        """
        has_result = trial is not None and trial.observation is not None
        told = Told(
            outcomes=row.outcomes,
            achieved=row.achieved,
            failed=row.failed,
            is_done=row.is_done,
            lost=row.lost,
            corrects=self._how.corrects and not row.failed and has_result,
        )
        reason = row.note or row.deviation or self._how.reason
        return replace(told, reason=reason) if self._needs_reason(told, trial) else told

    def _needs_reason(self, told: Told, trial: Trial | None) -> bool:
        if told.failed or told.lost:
            return True
        if trial is None or not told.corrects:
            return trial is not None and trial.state in _ENDED_WITHOUT_RESULT
        return overwrites(self._session, self._rehearsal.state, trial.number, told)

    def _check_corrected_once(self, trial: Trial, *, changes: bool) -> None:
        """Refuses a second correction: told again, the table would go back and forth."""
        if changes and trial.number in self._corrected:
            raise InputError(
                f"Trial {trial.number} stands in a row above too, and this one says otherwise. "
                f"Leave one of them out."
            )
        self._corrected.add(trial.number)

    def _decide_notes(self, row: Filled, trial: Trial) -> tuple[Effect, Decided]:
        if row.achieved:
            raise InputError(
                f"Trial {trial.number}: it says what was achieved, and not what became of it. Fill "
                f"in the status, or an outcome."
            )
        notes = self._notes(row, trial)
        if not notes:
            return Effect.UNCHANGED, Decided(says=f"Trial {trial.number}: this was noted before.")
        stays = "" if trial.state in TERMINAL_TRIALS else " Without a status it stays open."
        says = f"Trial {trial.number}: noted.{stays}"
        return Effect.ENTERED, Decided(says=says, records=notes, trials={trial.number: trial.state})

    def _notes(self, row: Filled, trial: Trial, *, but: str = "") -> tuple[Noted, ...]:
        """Returns the remarks of a row that are not in the ledger yet.

        Args:
            row: with a deviation or a note, or neither.
            trial: that they are about.
            but: a text that is being entered already, as the reason of something.
        """
        texts = [f"deviation: {row.deviation}"] if row.deviation else []
        texts += [row.note] if row.note else []
        notes = self._rehearsal.state.notes
        known = {but, trial.reason, *trial.given_up.values()}
        known |= {note.text for note in notes if note.trial == trial.number}
        known |= {part.reason for part in trial.versions}
        return tuple(Noted(text=text, trial=trial.number) for text in texts if text not in known)

    def _decide_own(self, row: Filled) -> tuple[int | None, Effect, Decided]:
        if not row.says_end:
            return None, Effect.OPEN, Decided(says=_not_told(row))
        if not (row.is_done or row.failed or row.outcomes):
            raise InputError(
                f"It gives up {', '.join(row.lost)}, and does not say whether the trial was "
                f"performed. Fill in the status."
            )
        own, told = self._own[row.number], self._told(row, None)
        if own.error is not None:
            raise own.error
        state = self._rehearsal.state
        known = find_told_before(self._session, state, own, told, among=self._unmatched)
        if known is None:
            return self._enter_own(row, own, told)
        self._unmatched.remove(known)
        says = (
            f"Told before, as trial {known}; nothing was changed. If it is a further run with the "
            f"same result, enter it by planner propose, and tell its number."
        )
        return known, Effect.UNCHANGED, Decided(says=says)

    def _enter_own(self, row: Filled, own: OwnRow, told: Told) -> tuple[int, Effect, Decided]:
        """Returns a whole trial: how it begins, and what became of it."""
        session, state = self._session, self._rehearsal.state
        reason = f"{session.author}'s own, told from {self._title}, {row.place}."
        begun = begin_own(session, state, own, reason=reason)
        rehearsal = Rehearsal(state, author=session.author, now=session.clock.now())
        rehearsal.play(begun.records)
        trial = rehearsal.state.trial(begun.trial)
        ended = decide_told(session, rehearsal.state, trial.number, told)
        records = (*begun.records, *ended.records, *self._notes(row, trial, but=told.reason))
        says = f"Your own: {_uncapitalised(ended.says)}{begun.remark}"
        return trial.number, Effect.ENTERED, Decided(says=says, records=records)


def _with_context(session: Session, row: Filled, trial: Trial) -> Filled:
    """Returns the row; what nobody sets was achieved, also where it stands beside the settings."""
    given = {n: each for n, each in row.settings.items() if n in session.space.contextual}
    measured = {
        name: given[name]
        for name, value in read_settings(given, session.space).items()
        if name not in row.achieved and not is_same_value(value, trial.configuration[name])
    }
    return replace(row, achieved={**measured, **row.achieved}) if measured else row


def _not_told(row: Filled) -> str:
    if not row.settings:
        return "Neither a trial number nor a status nor an outcome; left as it is."
    return (
        "Settings of your own without a status or an outcome; left as they are. To have them "
        "expected and run, use planner propose."
    )


def _check_settings(session: Session, row: Filled, trial: Trial) -> None:
    """Accepts a row whose settings are those that the trial was asked with.

    Raises:
        InputError: they differ, so that rows were mixed up or a setting was written over.
    """
    space = session.space
    settings = read_settings(row.settings, space)
    for name, value in settings.items():
        asked = trial.configuration[name]
        if name not in space.contextual and not is_same_value(value, asked):
            unit = space.parameter(name).unit_words
            raise InputError(
                f"Trial {trial.number} was asked with {name} = {_shown(asked)}{unit}, and the row "
                f"says {_shown(value)}{unit}. If that is what was achieved, write it into the "
                f"column {name + ' achieved'!r}; if rows were mixed up, put them right."
            )


def _not_filled(trial: Trial) -> str:
    if trial.state in TERMINAL_TRIALS:
        return f"Trial {trial.number}: nothing new is filled in; it is {trial.state}."
    return f"Trial {trial.number}: not filled in; it stays open."


def _of_trial(number: int | None) -> str:
    return f"Trial {number}: " if number is not None else ""


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _uncapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
