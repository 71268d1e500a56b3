"""Times as a campaign file writes them."""

from __future__ import annotations


def written_time(seconds: float) -> str:
    """Writes a time in the largest unit that leaves a whole number: ``48 h``, ``90 min``."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds and seconds % size == 0:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds) if seconds == int(seconds) else seconds!r} s"
