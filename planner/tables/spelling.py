"""Numbers as people write them: which mark is the decimal one, and how sure that is.

``81,5`` and ``1.234,5`` tell what their marks mean; ``1,234`` and ``1.234`` do not, either is 1.234
in one country and 1234 in another. What the marks of other cells mean is evidence for it; without
evidence nobody can know, and that is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_MINUS = str.maketrans({"\u2212": "-", "\u2012": "-", "\u2013": "-", "\ufe63": "-", "\uff0d": "-"})
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SPACES = "\u00a0\u2007\u2009\u202f"  # the no-break and the thin ones group digits

# a unit, and each of its words, begins with a letter or a sign, never with a digit
_UNIT = r"(?:[^\W\d_]|[\u00b0%\u2030])"
_REST = r"[\w\u00b0%/^*\u00b7.()\u207b\u00b9\u00b2\u00b3-]*"

_NUMBER = re.compile(
    r"(?P<sign>[-+]?)\s?"
    rf"(?P<digits>\d[\d.,'\u2019{_SPACES}]*|[.,]\d+)"
    r"(?:[eE](?P<exponent>[-+]?\d+)|\s?[\u00d7x*\u00b7]\s?10(?:\^(?P<power>[-+]?\d+)"
    r"|(?P<raised>[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)))?"
    rf"\s*(?P<unit>{_UNIT}{_REST}(?: {_UNIT}{_REST})*)?"
)
_ONE_MARK = re.compile(r"(\d*)([.,])(\d+)")
_GROUPED = re.compile(rf"\d{{1,3}}(?:(['\u2019{_SPACES}])\d{{3}})(?:\1\d{{3}})*(?:([.,])\d+)?")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")


class Mark(StrEnum):
    """What a mark within a number means."""

    COMMA_DECIMAL = "decimal comma"
    COMMA_THOUSANDS = "comma between thousands"
    DOT_DECIMAL = "decimal point"
    DOT_THOUSANDS = "point between thousands"


_DECIMAL = {",": Mark.COMMA_DECIMAL, ".": Mark.DOT_DECIMAL}
_BETWEEN = {",": Mark.COMMA_THOUSANDS, ".": Mark.DOT_THOUSANDS}
_EUROPEAN = frozenset({Mark.COMMA_DECIMAL, Mark.DOT_THOUSANDS})
_ENGLISH = frozenset({Mark.DOT_DECIMAL, Mark.COMMA_THOUSANDS})


@dataclass(frozen=True, slots=True)
class Spelled:
    """A number as it is written.

    Args:
        number: for ``float``, with its mark read as a decimal one where that is open.
        unit: behind it; None where there is none.
        evidence: what its own marks tell.
        open_mark: the mark that may be a decimal one or stand between thousands; empty where
            nothing is open.
    """

    number: str
    unit: str | None
    evidence: frozenset[Mark] = frozenset()
    open_mark: str = ""

    def value(self, *, is_decimal: bool = True) -> float:
        """Returns the number; an open mark is the decimal one, or stands between thousands."""
        return float(self.number if is_decimal else self.number.replace(".", ""))


def spell(text: str) -> Spelled | None:
    """Reads a number with or without a unit; None where the text is none."""
    match = _NUMBER.fullmatch(text.strip().translate(_MINUS))
    if match is None:
        return None
    raised = match["raised"].translate(_SUPERSCRIPTS) if match["raised"] else None
    exponent = match["exponent"] or match["power"] or raised
    unit = match["unit"].strip() if match["unit"] else None
    found = _digits(match["digits"], has_exponent=exponent is not None)
    if found is None:
        return None
    digits, evidence, open_mark = found
    number = match["sign"] + digits + (f"e{exponent}" if exponent else "")
    return Spelled(number, unit, evidence, open_mark)


def _digits(digits: str, *, has_exponent: bool) -> tuple[str, frozenset[Mark], str] | None:
    """Returns the digits with a decimal point, what their marks tell, and the mark left open."""
    none: frozenset[Mark] = frozenset()
    if digits.isdecimal():
        return digits, none, ""
    if digits.endswith("."):  # "5."
        return (digits, none, "") if digits[:-1].isdecimal() else None
    if grouped := _GROUPED.fullmatch(digits):
        told = frozenset({_DECIMAL[grouped[2]]}) if grouped[2] else none
        return digits.replace(grouped[1], "").replace(",", "."), told, ""
    if one := _ONE_MARK.fullmatch(digits):
        whole, mark, fraction = one.groups()
        may_be_thousands = len(fraction) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"
        if may_be_thousands and not has_exponent:
            return f"{whole}.{fraction}", none, mark
        return f"{whole or '0'}.{fraction}", frozenset({_DECIMAL[mark]}), ""
    if thousands := _THOUSANDS.fullmatch(digits):
        mark = thousands[1]
        rest = digits.replace(mark, "")
        decimal = {_DECIMAL[each] for each in rest if not each.isdecimal()}
        return rest.replace(",", "."), frozenset({_BETWEEN[mark]} | decimal), ""
    return None


def find_evidence(texts: Iterable[str]) -> frozenset[Mark]:
    """Returns what the marks of all these texts tell."""
    told = (
        spelled.evidence for text in texts if (spelled := spell(text.removeprefix("<"))) is not None
    )
    return frozenset().union(*told)


def is_decimal(mark: str, evidence: frozenset[Mark], *, delimiter: str | None) -> bool | None:
    """Tells whether an open mark is a decimal one; None where that cannot be known.

    Args:
        mark: a comma or a point, in front of exactly three digits.
        evidence: of the column, or else of the whole table.
        delimiter: between the cells; None where there is none. What divides cells by commas
            writes decimal points.
    """
    european, english = bool(evidence & _EUROPEAN), bool(evidence & _ENGLISH)
    if european and english:
        return None
    if mark == ",":
        if european:
            return True
        is_grouping = Mark.COMMA_THOUSANDS in evidence or (english and delimiter == ",")
        return False if is_grouping else None
    if european:
        return False if Mark.DOT_THOUSANDS in evidence else None
    return True if english or delimiter == "," else None


def say_why_open(mark: str, evidence: frozenset[Mark]) -> str:
    """Says why it cannot be known whether an open mark is a decimal one.

    Args:
        mark: a comma or a point, in front of exactly three digits.
        evidence: of the other cells.
    """
    european, english = bool(evidence & _EUROPEAN), bool(evidence & _ENGLISH)
    if european and english:
        return "other cells have decimal commas, and others decimal points"
    if european or english:
        other, this = ("comma", "point") if mark == "." else ("point", "comma")
        return f"other cells have a decimal {other}, and this one has a {this}"
    return "no other cell tells which"


def evidence_of(decimal: str) -> frozenset[Mark]:
    """Returns what it tells that a person names the decimal mark: with certainty all of it."""
    return _EUROPEAN if decimal == "," else _ENGLISH
