"""Writes docs/simulators.md from the simulators' own cards: ``python docs/make_simulators.py``."""

from __future__ import annotations

from pathlib import Path

from planner.simulators.cards import write_card
from planner.simulators.catalogue import BUILT_IN, find

PAGE = Path(__file__).resolve().parent / "simulators.md"
HEAD = (
    "# Simulators\n\n"
    "What stands behind the campaigns that are simulated, one section each, written from the code "
    "by `python docs/make_simulators.py`.\n"
    "They are there to try planning on; none was compared with a measured process.\n"
    "An uncertain constant can be set in a campaign file under `calibration`; the words in "
    "brackets say how well its number is known.\n"
    "A package of yours can bring its own: see [CONTRIBUTING.md](../CONTRIBUTING.md).\n\n"
)


def make_page() -> str:
    """Returns the page."""
    return HEAD + "\n".join(write_card(find(name)) for name in sorted(BUILT_IN))


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
