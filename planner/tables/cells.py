"""What stands in a cell: a number, nothing, below detection, not available, a date, a text.

Nothing is guessed: what can be read in two ways is ``Unreadable`` and says why. Two cells are equal
where they mean the same; the raw text is kept beside the meaning.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import date, datetime

from planner.tables.spelling import Mark, Spelled, is_decimal, say_why_open, spell

_DASHES = ["-", "--", "\u2212", "\u2013", "\u2014"]
# NA and n/a, but not Na; nd and ND, but not Nd: those are elements.
_NOT_AVAILABLE = frozenset([*_DASHES, "?", "n/a", "N/A", "na", "NA", "n.a.", "N.A.", "#N/A"])
_NO_NUMBER = frozenset(["NaN", "nan"])  # how programs write it
_BELOW = frozenset(["nd", "ND", "n.d.", "N.D.", "BDL", "b.d.l.", "B.D.L.", "BLQ", "BLOQ", "BQL"])
_BELOW_LIMIT = re.compile(r"<\s*(?:LOD|LOQ|LLOQ|DL|MDL|BDL)", re.IGNORECASE)
_ERRORS = frozenset(
    ["#DIV/0!", "#REF!", "#NAME?", "#VALUE!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"]
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?")
_WITH_DEVIATION = re.compile(r"[^±]*\d[^±]*(?:±|\+/?-)\s*\d.*")
_LONGEST = 100  # characters of a number with its unit; what is longer is a text


@dataclass(frozen=True, slots=True)
class Number:
    """A number.

    Args:
        value: finite; in percent where the unit is ``%``.
        unit: written behind it; None where there is none, and then the header's counts.
        raw: the cell's text as it stands in the file.
    """

    value: float
    unit: str | None = None
    raw: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing."""

    raw: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class BelowDetection:
    """Measured, and less than can be measured.

    Args:
        limit: of detection, where it is written: ``<0.5``; None for ``<LOD`` or ``n.d.``, which
            is read as not detected.
        unit: written behind the limit.
        raw: the cell's text.
    """

    limit: float | None = None
    unit: str | None = None
    raw: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class NotAvailable:
    """Said to be missing: ``n/a``, ``-``, ``?``."""

    raw: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Date:
    """A date, or a date with a time; in a column of numbers it is Excel's reading of ``1-2``."""

    at: date
    raw: str = field(default="", compare=False)

    @property
    def why_no_number(self) -> str:
        """What to say where a number or a name was expected."""
        return (
            f"it holds the date {self.at.isoformat()}. Excel turns entries such as 1-2 or 1.5 into "
            "dates: format the column as text (or as number) and type the value again"
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A text: a name, a remark; without the blanks around it."""

    text: str
    raw: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What is no value, or can be read in two ways.

    Args:
        why: what is wrong and what to do; it follows the cell's place and a colon.
        raw: the cell's text.
    """

    why: str
    raw: str = field(default="", compare=False)


Cell = Number | Empty | BelowDetection | NotAvailable | Date | Text | Unreadable


def read_cell(
    raw: str, *, evidence: frozenset[Mark] = frozenset(), delimiter: str | None = None
) -> Cell:
    """Reads the text of one cell.

    Args:
        raw: as it stands in the file.
        evidence: what commas and points mean in the column, or else in the table.
        delimiter: between the cells of the file, if any.
    """
    text = raw.strip()
    if not text:
        return Empty(raw)
    if len(text) > _LONGEST:
        return Text(text, raw)
    if text in _NOT_AVAILABLE or text in _NO_NUMBER:
        return NotAvailable(raw)
    if text in _BELOW or _BELOW_LIMIT.fullmatch(text):
        return BelowDetection(raw=raw)
    if text in _ERRORS or set(text) == {"#"}:
        return Unreadable(f"it holds the error {text}. Mend the formula, or type the value", raw)
    if _DATE.fullmatch(text):
        return _read_date(text, raw)
    if text.startswith("<"):
        return _read_limit(text, raw, evidence, delimiter)
    return _read_number(text, raw, evidence, delimiter)


def _read_date(text: str, raw: str) -> Cell:
    try:
        at = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return Unreadable(f"it holds {text}, and there is no such day or time. Correct it", raw)
    return Date(at, raw)


def _read_limit(text: str, raw: str, evidence: frozenset[Mark], delimiter: str | None) -> Cell:
    limit = _read_number(text[1:].strip(), raw, evidence, delimiter)
    match limit:
        case Number():
            return BelowDetection(limit.value, limit.unit, raw)
        case Unreadable():
            return limit
    return Text(text, raw)


def _read_number(text: str, raw: str, evidence: frozenset[Mark], delimiter: str | None) -> Cell:
    spelled = spell(text)
    if spelled is None:
        if _WITH_DEVIATION.fullmatch(text):
            return Unreadable(
                f"it holds {text}, a value and a deviation. Put the deviation into a column of its "
                "own, headed 'NAME sd'",
                raw,
            )
        return Text(text, raw)
    value = spelled.value()
    if spelled.open_mark:  # only then other cells have a say: they take no point out of 0.5
        decimal = is_decimal(spelled.open_mark, evidence, delimiter=delimiter)
        if decimal is None:
            why = say_why_open(spelled.open_mark, evidence)
            return Unreadable(_ambiguous(text, spelled, why=why), raw)
        value = spelled.value(is_decimal=decimal)
    if not math.isfinite(value):
        return Unreadable(f"it holds {text}, too large for a number. Use a larger unit", raw)
    return Number(value, spelled.unit, raw)


def _ambiguous(text: str, spelled: Spelled, *, why: str) -> str:
    one, other = spelled.value(), spelled.value(is_decimal=False)
    comma, point = (one, other) if spelled.open_mark == "," else (other, one)
    longer = f"{one:.4f}".replace(".", spelled.open_mark)
    return (
        f"it holds {text}, which can be {number_text(one)} or {number_text(other)}: {why}. Write "
        f"it with one digit more ({longer}) or without the mark ({number_text(other)}), or say "
        f"which mark is the decimal one (--decimal point reads {number_text(point)}, --decimal "
        f"comma {number_text(comma)})"
    )


def number_text(value: float) -> str:
    """Returns the shortest text that is read as exactly this number."""
    return repr(float(value)).removesuffix(".0")
