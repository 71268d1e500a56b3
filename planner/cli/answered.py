"""What came of a table that was told: a line a row, or facts."""

from __future__ import annotations

from typing import Any

from planner.loop.sheets import Effect, TableAnswer


def answer_in_words(answer: TableAnswer) -> str:
    """Returns what came of a table: a line a row, then what that comes to."""
    lines = [f"{answer.title}: {note}" for note in answer.notes]
    for row in answer.rows:
        is_refused = row.effect is Effect.REFUSED
        lines.append(f"{row.place}: {'REFUSED. ' if is_refused else ''}{row.says}")
    return "\n".join([*lines, _summary(answer)])


def answer_json(answer: TableAnswer) -> dict[str, Any]:
    """Returns the same as facts."""
    return {
        "table": answer.title,
        "is_entered": answer.is_entered,
        "notes": list(answer.notes),
        "rows": [
            {"row": row.row, "trial": row.trial, "effect": str(row.effect), "says": row.says}
            for row in answer.rows
        ],
    }


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
