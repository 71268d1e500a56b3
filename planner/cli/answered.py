"""What came of a table that was told, as facts."""

from __future__ import annotations

from typing import Any

from planner.loop.sheets import TableAnswer


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
