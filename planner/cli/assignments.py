"""Reading ``name=value`` as a person types it: a number, a number with its unit, or a name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from planner.errors import InputError
from planner.labs import Reported

_NUMBER = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)$")


def read_reported(assignments: Sequence[str]) -> dict[str, Reported]:
    """Reads ``yield=81.5`` or ``temperature=400K`` or ``yield=81.5+-2``.

    Raises:
        InputError: an entry is no assignment, or a name stands twice.
    """
    found: dict[str, Reported] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError(f"{text!r} is no assignment; write NAME=VALUE, such as yield=81.5.")
        if name.strip() in found:
            raise InputError(f"{name.strip()!r} is given twice; give it once.")
        found[name.strip()] = _read_value(value.strip())
    return found


def read_combination(text: str) -> dict[str, Reported]:
    """Reads ``catalyst=P2-L1,temperature=120``: values that together are one combination.

    Raises:
        InputError: a part is no assignment, or a name stands twice.
    """
    return read_reported(re.split(r",(?=[^,=]+=)", text))


def _read_value(text: str) -> Reported:
    body, has_sd, deviation = text.partition("+-")
    match = _NUMBER.match(body.strip())
    if match is None:
        return Reported(value=text)
    sd, unit = None, match[2].strip() or None
    if has_sd:
        tail = _NUMBER.match(deviation.strip())
        if tail is None:
            raise InputError(f"{text!r}: after +- comes the standard deviation, such as 81.5+-2.")
        sd, unit = float(tail[1]), unit or tail[2].strip() or None
    return Reported(value=float(match[1]), unit=unit, sd=sd)
