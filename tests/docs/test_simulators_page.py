"""The page of simulators is what their cards say today."""

from __future__ import annotations

import runpy
from pathlib import Path


def test_the_page_of_simulators_is_up_to_date(project: Path) -> None:
    made = runpy.run_path(str(project / "docs" / "make_simulators.py"))["make_page"]()
    assert (project / "docs" / "simulators.md").read_text(encoding="utf-8") == made, (
        "write it anew: python docs/make_simulators.py"
    )
