"""Telling a whole table: every row answered, and all of it entered in one transaction or nothing.

What a model expects of trials of the person's own is computed first, from what the ledger held
before the table was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from planner.loop.people.deciding import while_others_write
from planner.loop.sessions.session import Session
from planner.loop.sheets.answers import Effect, How, RowAnswer, TableAnswer
from planner.loop.sheets.filled import Filled, read_filled
from planner.loop.sheets.own_rows import OwnRow, prepare_own_rows
from planner.loop.sheets.rows import RowsTold
from planner.tables import Sheet

_PLAINLY = How()


def tell_table(session: Session, sheet: Sheet, *, folder: Path, how: How = _PLAINLY) -> TableAnswer:
    """Enters what a filled-in table says, in one transaction.

    Args:
        session: whose campaign.
        sheet: as it was read.
        folder: where files lie that its rows name.
        how: corrections, and whether a part may be entered.

    Raises:
        TableError: its columns cannot be understood.
        StaleWrite: others wrote in between every time.
    """
    state = session.refresh()
    filled = read_filled(sheet, state.spec, folder=folder)
    own = prepare_own_rows(session, state, filled.rows)

    def write() -> tuple[list[RowAnswer], bool]:
        return _decide_and_write(session, filled.rows, own, how, sheet.title)

    answers, is_entered = while_others_write(session, write)
    return TableAnswer(
        title=sheet.title, rows=tuple(answers), notes=filled.notes, is_entered=is_entered
    )


def _decide_and_write(
    session: Session, rows: Sequence[Filled], own: Mapping[int, OwnRow], how: How, title: str
) -> tuple[list[RowAnswer], bool]:
    before = session.state
    telling = RowsTold(session, before, own, how=how, title=title)
    answers = [telling.answer(row) for row in rows]
    is_refused = any(answer.effect is Effect.REFUSED for answer in answers)
    if not telling.records or (is_refused and not how.is_partial):
        return answers, False
    expected = {n: before.trials[n].state for n in telling.touched if n in before.trials}
    session.write(telling.records, trials=expected)
    return answers, True
