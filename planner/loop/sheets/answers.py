"""What came of a table that was told, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from planner.errors import InputError, Refused


class Effect(StrEnum):
    """What came of a row."""

    ENTERED = "entered"
    UNCHANGED = "unchanged"  # it was told before
    OPEN = "open"  # nothing is filled in
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAnswer:
    """What came of one row.

    Args:
        row: number of the row, as a person sees it.
        place: the same in words.
        trial: that it speaks of, or that it has become; None where there is none.
        effect: what came of it.
        says: in words; what to do where it was refused.
        is_mistake: whether what is written there has to be mended; otherwise the ledger refuses.
    """

    row: int
    place: str
    trial: int | None
    effect: Effect
    says: str
    is_mistake: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAnswer:
    """What came of a table.

    Args:
        title: of the table.
        rows: an answer a row, in the order of the file.
        notes: on how it was read.
        is_entered: whether anything was written.
    """

    title: str
    rows: tuple[RowAnswer, ...]
    notes: tuple[str, ...]
    is_entered: bool

    def count(self, effect: Effect) -> int:
        """Returns how many rows had this effect."""
        return sum(row.effect is effect for row in self.rows)

    @property
    def exit_code(self) -> int:
        """0 where no row was refused; 2 where something is to be mended, else 4."""
        refused = [row for row in self.rows if row.effect is Effect.REFUSED]
        if not refused:
            return 0
        return InputError.exit_code if any(r.is_mistake for r in refused) else Refused.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a table is told.

    Args:
        corrects: whether values that were told before are replaced.
        reason: of corrections, for rows without a note.
        is_partial: whether rows are entered although others are refused.
    """

    corrects: bool = False
    reason: str = ""
    is_partial: bool = False


def answer_in_words(answer: TableAnswer) -> str:
    """Returns what came of a table: a line a row, then what that comes to."""
    lines = [f"{answer.title}: {note}" for note in answer.notes]
    for row in answer.rows:
        is_refused = row.effect is Effect.REFUSED
        lines.append(f"{row.place}: {'REFUSED. ' if is_refused else ''}{row.says}")
    return "\n".join([*lines, _summary(answer)])


def _summary(answer: TableAnswer) -> str:
    words = {
        Effect.UNCHANGED: "told before",
        Effect.OPEN: "not filled in",
        Effect.REFUSED: "refused",
    }
    counts = {effect: answer.count(effect) for effect in Effect}
    rest = ", ".join(f"{counts[effect]} {word}" for effect, word in words.items() if counts[effect])
    entered, refused = counts[Effect.ENTERED], counts[Effect.REFUSED]
    mend = "Put it right" if refused == 1 else "Put them right"
    if answer.is_entered:
        said = f"Entered {_rows(entered)}" + (f"; {rest}." if rest else ".")
        later = f" {mend} and tell the table again: what is entered is not entered twice."
        return said + (later if refused else "")
    if not refused:
        return f"Nothing new was told{f' ({rest})' if rest else ''}."
    was = "was" if refused == 1 else "were"
    could = f" The other {_others(entered)} be entered with --partial." if entered else ""
    return (
        f"Nothing was entered: {_rows(refused)} {was} refused. {mend} and tell the table "
        f"again.{could}"
    )


def _others(n: int) -> str:
    return "row can" if n == 1 else f"{n} rows can"


def _rows(n: int) -> str:
    return "1 row" if n == 1 else f"{n} rows"
