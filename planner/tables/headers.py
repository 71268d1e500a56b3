"""Headers: ``name``, ``name (unit)``, ``name [unit]``, ``name sd``, ``name achieved (unit)``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from planner.errors import TableError

_ROLE = re.compile(r"(?P<name>.*\S)\s+(?P<role>sd|achieved)", re.IGNORECASE | re.DOTALL)
_OPENS = {")": "(", "]": "["}
_PLAIN = frozenset(["-", "\u2013", "\u2212"])  # a dash in brackets is how people write "no unit"
_RESEMBLES = 0.75  # of difflib's ratio: one letter in four may differ


class Role(StrEnum):
    """What a column says of its name."""

    VALUE = "value"
    SD = "sd"
    ACHIEVED = "achieved"


@dataclass(frozen=True, slots=True)
class Header:
    """The head of a column.

    Args:
        name: without unit and role.
        unit: in the brackets; None where there are none.
        role: whether it holds values, their deviations, or what was achieved.
        raw: as it stands in the file.
        position: of the column, from 1.
    """

    name: str
    unit: str | None
    role: Role
    raw: str
    position: int


@dataclass(frozen=True, slots=True)
class Found:
    """Which column holds what.

    Args:
        columns: name and role to the index of the header.
        resembling: header that is no known name to the one without a column that it resembles.
        unknown: headers that are and resemble nothing known.
    """

    columns: Mapping[tuple[str, Role], int]
    resembling: Mapping[str, str]
    unknown: tuple[str, ...]

    @property
    def hints(self) -> tuple[str, ...]:
        """A sentence for each header that resembles a known name."""
        return tuple(
            f"The column {header!r} is not known; if {name!r} is meant, head it so."
            for header, name in self.resembling.items()
        )


def read_header(raw: str, *, position: int, known: Collection[str] = ()) -> Header:
    """Reads a header; one that is a known name as a whole is that name."""
    text = " ".join(raw.split())
    if text in known:
        return Header(text, None, Role.VALUE, raw, position)
    name, unit = _split_unit(text)
    role = Role.VALUE
    if (match := _ROLE.fullmatch(name)) and name not in known:
        name, role = match["name"], Role(match["role"].lower())
    if unit is None and role is not Role.VALUE:  # "yield (%) sd"
        name, unit = (name, None) if name in known else _split_unit(name)
    return Header(name, unit, role, raw, position)


def _split_unit(text: str) -> tuple[str, str | None]:
    """Splits the last brackets off; those within them, as in J/(mol K), are part of the unit."""
    if text[-1:] not in _OPENS:
        return text, None
    depth = 0
    for index in range(len(text) - 1, 0, -1):
        depth += (text[index] in _OPENS) - (text[index] in _OPENS.values())
        if depth == 0:
            name, unit = text[:index].strip(), text[index + 1 : -1].strip()
            if not name or text[index] != _OPENS[text[-1]]:
                return text, None
            return name, "1" if unit in _PLAIN else unit or None
    return text, None


def find_columns(headers: Sequence[Header], known: Collection[str]) -> Found:
    """Finds the columns of known names; a name that is only similar is said, never taken.

    Args:
        headers: of the table.
        known: parameters, outcomes and whatever else is understood.

    Raises:
        TableError: two columns say the same of one name.
    """
    columns: dict[tuple[str, Role], int] = {}
    others: list[Header] = []
    for index, header in enumerate(headers):
        read = read_header(header.raw, position=header.position, known=known)
        read = _as_known(read, known)
        if read.name not in known:
            others.append(read)
            continue
        key = (read.name, read.role)
        if key in columns:
            raise TableError(
                f"Columns {headers[columns[key]].position} and {read.position} both hold "
                f"the {read.role} of {read.name!r} ({headers[columns[key]].raw!r} and "
                f"{read.raw!r}). Leave one out."
            )
        columns[key] = index
    resembling = {}
    for each in others:
        missing = [name for name in known if (name, each.role) not in columns]
        if name := _nearest(each.name, missing):
            resembling[each.raw] = name
    unknown = tuple(each.raw for each in others if each.raw not in resembling)
    return Found(columns, resembling, unknown)


def _as_known(header: Header, known: Collection[str]) -> Header:
    """Reads ``reaction time`` as ``reaction_time`` where that is known: names have no blanks."""
    joined = name_of(header.name)
    is_meant = header.name not in known and joined in known
    return replace(header, name=joined) if is_meant else header


def name_of(text: str) -> str:
    """Returns a header's name without blanks, as a campaign file has it: ``reaction_time``."""
    return re.sub(r"\s+", "_", text.strip())


def _nearest(name: str, known: Collection[str]) -> str | None:
    plain = {_plain(each): each for each in known}
    close = difflib.get_close_matches(_plain(name), list(plain), n=1, cutoff=_RESEMBLES)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()
