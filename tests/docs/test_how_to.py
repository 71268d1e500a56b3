"""Every how-to, typed as it stands, in an empty folder with only the installed package."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from planner.campaign import parse_campaign, read_campaign
from tests.docs.typed import SAVED, read_blocks, type_page

HOW_TO = Path(__file__).resolve().parent.parent.parent / "docs" / "how-to"
PAGES = sorted(page.stem for page in HOW_TO.glob("*.md") if page.stem != "README")


@pytest.mark.slow
@pytest.mark.timeout(900)  # on a busy machine
@pytest.mark.parametrize("page", PAGES)
def test_a_how_to_does_what_it_says(page: str, tmp_path: Path, installed: Path) -> None:
    type_page(HOW_TO / f"{page}.md", tmp_path, programs=installed)


@pytest.mark.slow
def test_the_installed_package_is_not_the_checkout(
    project: Path, tmp_path: Path, installed: Path
) -> None:
    program = "import planner, flows, torch; print(planner.__file__, flows.__file__)"
    ended = subprocess.run(
        [str(installed / "python"), "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(project) not in ended.stdout
    assert str(installed.parent) in ended.stdout


@pytest.mark.parametrize("page", PAGES)
def test_a_how_to_is_listed_runs_something_and_keeps_a_sentence_to_a_line(page: str) -> None:
    """And its campaign is the shipped one of that name, but for comments and the budget."""
    text = (HOW_TO / f"{page}.md").read_text(encoding="utf-8")
    assert f"({page}.md)" in (HOW_TO / "README.md").read_text(encoding="utf-8")
    blocks = read_blocks(HOW_TO / f"{page}.md")
    assert any(block.kind == "sh" for block in blocks)
    assert all(block.title for block in blocks if block.kind in SAVED)
    prose = text
    for block in blocks:
        prose = prose.replace(block.text, "")
    for line in prose.splitlines():
        assert ". " not in line.replace("e.g. ", ""), f"one sentence a line: {line}"
    shipped = HOW_TO.parent.parent / "campaigns"
    for block in blocks:
        if block.kind == "yaml" and (shipped / block.title).is_file():
            here = parse_campaign(block.text, path=block.title).model_dump()
            there = read_campaign(shipped / block.title).model_dump()
            assert {**here, "budget": there["budget"]} == there
