"""Reading ``name=value`` as a person types it: a number, a number with its unit, or a name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from planner.campaign import CampaignSpec, NumberOutcome
from planner.errors import InputError
from planner.labs import Reported
from planner.loop.exchange.reading import is_named
from planner.tables import number_text
from planner.tables.spelling import spell

_NUMBER = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)$")
_DEVIATION = re.compile(r"\+-|\+/-|±")  # a plus-minus sign as it is typed, or copied
_RANGE = re.compile(
    r"[+-]?[\d.]*\d\s*(?::|\.\.+|-|\u2013|to)\s*[+-]?\d[\d.]*(?:\s*[^\W\d].*|\s*[%°].*)?"
)


def names_in(spec: CampaignSpec) -> frozenset[str]:
    """Returns the parameters and outcomes whose values are texts: names, classes, files."""
    texts = {name for name, each in spec.scalars.items() if is_named(each)}
    texts |= {n for n, each in spec.outcomes.items() if not isinstance(each, NumberOutcome)}
    return frozenset(texts)


def read_reported(
    assignments: Sequence[str], *, texts: Collection[str] = ()
) -> dict[str, Reported]:
    """Reads ``yield=81.5`` or ``temperature=400K`` or ``yield=81.5+-2``, also with a typed ±.

    Args:
        assignments: as typed.
        texts: names whose values are texts, also where they look like a number: ``phase=2H``.

    Raises:
        InputError: an entry is no assignment, or a name stands twice.
    """
    found: dict[str, Reported] = {}
    mistakes = []
    for text in assignments:
        try:
            name, reported = _read_one(text, texts)
            if name in found:
                raise InputError(f"{name!r} is given twice; give it once.")
            found[name] = reported
        except InputError as mistake:
            mistakes.append(mistake)
    if len(mistakes) > 1:
        raise InputError(" ".join(map(str, mistakes)))
    if mistakes:
        raise mistakes[0]
    return found


def read_combination(text: str, *, texts: Collection[str] = ()) -> dict[str, Reported]:
    """Reads ``catalyst=P2-L1,temperature=120``: values that together are one combination.

    Raises:
        InputError: a part is no assignment, or a name stands twice.
    """
    return read_reported(re.split(r",(?=[^,=]+=)", text), texts=texts)


def _read_one(text: str, texts: Collection[str]) -> tuple[str, Reported]:
    name, equals, value = map(str.strip, text.partition("="))
    if not equals or not name or not value:
        raise InputError(f"{text!r} is no assignment; write NAME=VALUE, such as yield=81.5.")
    return name, Reported(value=value) if name in texts else _read(value)


def _read(text: str) -> Reported:
    body, *deviations = _DEVIATION.split(text, maxsplit=1)
    if _RANGE.fullmatch(body.strip()):
        raise InputError(f"{text!r} is a range, and ranges are not possible here. Give one value.")
    for part in (body, *deviations):
        _check_mark(part.strip(), text)
    match = _NUMBER.match(body.strip())
    if match is None:
        return Reported(value=text)
    sd, unit = None, match[2].strip() or None
    if deviations:
        tail = _NUMBER.match(deviations[0].strip())
        if tail is None:
            raise InputError(f"{text!r}: after +- comes the standard deviation, such as 81.5+-2.")
        sd, unit = float(tail[1]), unit or tail[2].strip() or None
    return Reported(value=float(match[1]), unit=unit, sd=sd)


def _check_mark(number: str, text: str) -> None:
    """Refuses a comma within a number: where it is typed, a point can be."""
    spelled = spell(number) if "," in number else None
    if spelled is None:
        return
    readings = [spelled.value(), *([spelled.value(is_decimal=False)] * bool(spelled.open_mark))]
    meant = " or ".join(number_text(each) for each in readings)
    raise InputError(f"{text!r} has a comma. Write a decimal point: {meant}.")
