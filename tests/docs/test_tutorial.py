"""The tutorial and the README, typed as they stand, in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.typed import read_blocks, run_block, type_page


@pytest.mark.slow
@pytest.mark.timeout(900)  # on a busy machine
def test_the_tutorial_does_what_it_says(project: Path, tmp_path: Path, installed: Path) -> None:
    page = project / "docs" / "tutorial.md"
    assert [block.kind for block in read_blocks(page)].count("sh") >= 7
    type_page(page, tmp_path, programs=installed)
    assert "<svg" in (tmp_path / "answer.svg").read_text()
    assert "<svg" in (tmp_path / "first.planner" / "report.html").read_text()
    assert (tmp_path / "trials.csv").read_text().count("\n") == 1 + 8  # a header and the trials


@pytest.mark.slow
def test_the_python_of_the_readme_does_what_it_says(
    project: Path, tmp_path: Path, installed: Path
) -> None:
    blocks = read_blocks(project / "README.md")
    (campaign,) = [block for block in blocks if block.kind == "yaml"]
    (program,) = [block for block in blocks if block.kind == "python"]
    assert len(campaign.text.splitlines()) <= 15
    (tmp_path / "silver.yaml").write_text(campaign.text)
    assert "reductant" in run_block(program, tmp_path, programs=installed)
