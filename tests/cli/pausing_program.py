"""The command line, which says so and waits for a signal at a place in the code.

Usage: pausing_program.py before|after MODULE:FUNCTION ARGUMENT ...
"""

from __future__ import annotations

import importlib
import signal
import sys
from typing import Any

from planner.cli import main


def pause_at(when: str, place: str) -> None:
    """Replaces a function by one that waits before it or after it."""
    module_name, _, name = place.partition(":")
    module = importlib.import_module(module_name)
    original = getattr(module, name)

    def pausing(*arguments: Any, **named: Any) -> Any:
        result = None if when == "before" else original(*arguments, **named)
        print("at the place", flush=True)
        signal.pause()
        return result

    setattr(module, name, pausing)


if __name__ == "__main__":
    _, when, place, *arguments = sys.argv
    sys.argv = ["planner", *arguments]
    pause_at(when, place)
    main()
