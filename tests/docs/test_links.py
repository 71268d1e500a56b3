"""Links between pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path


def test_every_link_within_the_project_leads_to_a_file(project: Path) -> None:
    pages = [*project.glob("*.md"), *(project / "docs").rglob("*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in link
    ]

    assert len(links) > 100
    broken = [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()]
    assert not broken, broken
