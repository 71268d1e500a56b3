"""Numbers that stay on the line of their unit, wherever a page is narrow."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import escape

from planner.pictures.axis import HARD_SPACE

_KEPT = r"<svg\b.*?</svg>|<style\b.*?</style>|<[^>]*>"  # pictures have hard spaces of their own
_DIGIT = "[0-9\u2070\u00b9\u00b2\u00b3\u2074-\u2079]"  # of a power of ten too
_EVERYWHERE = ("%", "d", "h", "min", "s", "nat")


def hold_together(page: str, units: Iterable[str]) -> str:
    """Returns a page of HTML with hard spaces between numbers and units, and after plus-minus.

    Args:
        page: HTML in which ``>`` within attributes is escaped.
        units: that may follow a number, besides per cent and those of time.
    """
    known = {str(escape(each)) for each in (*_EVERYWHERE, *units) if each}
    names = "|".join(re.escape(each) for each in sorted(known, key=len, reverse=True))
    gaps = re.compile(rf"(?<={_DIGIT}) (?=(?:{names})(?!\w))|(?<=\u00b1) (?={_DIGIT})")
    parts = re.split(f"({_KEPT})", page, flags=re.DOTALL)
    parts[::2] = [gaps.sub(HARD_SPACE, text) for text in parts[::2]]
    return "".join(parts)
