"""The tutorial, typed as it stands, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<rest>[^\n]*))?\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    kind: str
    rest: str
    text: str


def read_blocks(page: Path) -> list[Block]:
    return [
        Block(match["kind"], match["rest"] or "", match["text"])
        for match in _BLOCK.finditer(page.read_text())
    ]


def run_block(block: Block, folder: Path) -> str:
    """Runs a block as a person would type it, and returns what it said."""
    program = {"sh": ["bash", "-e", "-c"], "python": [sys.executable, "-c"]}[block.kind]
    # the installed command, and no ledger of somebody else
    here = {key: value for key, value in os.environ.items() if not key.startswith("PLANNER_")}
    here["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{here['PATH']}"
    ended = subprocess.run(
        [*program, block.text],
        cwd=folder,
        env=here,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    wanted = int(block.rest.removeprefix("exit=") or 0)
    assert ended.returncode == wanted, f"{block.text}\n{ended.stdout}{ended.stderr}"
    return ended.stdout + ended.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)  # on a busy machine
def test_the_tutorial_does_what_it_says(project: Path, tmp_path: Path) -> None:
    blocks = read_blocks(project / "docs" / "tutorial.md")
    assert [block.kind for block in blocks].count("sh") >= 7
    said = ""
    for block in blocks:
        match block.kind:
            case "yaml":
                (tmp_path / block.rest.removeprefix("title=")).write_text(block.text)
            case "text":
                flat = " ".join(said.split())
                missing = [line for line in block.text.splitlines() if line.strip() not in flat]
                assert not missing, f"{missing} in {said}"
            case _:
                said = run_block(block, tmp_path)
    assert "<svg" in (tmp_path / "answer.svg").read_text()
    assert "<svg" in (tmp_path / "first.planner" / "report.html").read_text()
    assert (tmp_path / "trials.csv").read_text().count("\n") == 1 + 8  # a header and the trials


@pytest.mark.slow
def test_the_python_of_the_readme_does_what_it_says(project: Path, tmp_path: Path) -> None:
    blocks = read_blocks(project / "README.md")
    (campaign,) = [block for block in blocks if block.kind == "yaml"]
    (program,) = [block for block in blocks if block.kind == "python"]
    assert len(campaign.text.splitlines()) <= 15
    (tmp_path / "silver.yaml").write_text(campaign.text)
    assert "reductant" in run_block(program, tmp_path)
