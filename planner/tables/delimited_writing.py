"""CSV files that Excel opens right and that carry no formula into it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from planner.tables.delimited import DEFUSED, DELIMITERS
from planner.tables.spelling import spell

_FORMULA = re.compile(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_DASHES = frozenset(["-", "--"])  # stand for what is not available


def make_delimited(rows: Sequence[Sequence[str]], *, delimiter: str) -> bytes:
    """Returns the file: UTF-8 with its mark, without which Excel takes it for another encoding."""
    # a table of one column has no header that tells what divides the cells
    dividing = delimiter if rows and len(rows[0]) > 1 else "".join(DELIMITERS)
    lines = [delimiter.join(_quoted(_defused(text), dividing) for text in row) for row in rows]
    return "".join(line + "\r\n" for line in lines).encode("utf-8-sig")


def _defused(text: str) -> str:
    """Puts an apostrophe before what a program would run as a formula; reading takes it away."""
    if DEFUSED.match(text):
        return f"'{text}"
    if not _FORMULA.match(text) or text in _DASHES:
        return text
    spelled = spell(text)
    is_number = spelled is not None and spelled.unit is None and text[0] in "+-"
    return text if is_number else f"'{text}"


def _quoted(text: str, dividing: str) -> str:
    """Quotes what could be taken for two cells, a comment or blanks around a text."""
    is_plain = text == text.strip() and not text.startswith(("#", "sep="))
    if is_plain and not any(each in text for each in (*dividing, '"', "\r", "\n")):
        return text
    return '"' + text.replace('"', '""') + '"'
