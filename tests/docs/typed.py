"""Pages of the documentation, typed as they stand.

A page's blocks are run in order in one folder. What has a title (``yaml title=NAME``) is saved
under that name, other ``sh`` and ``python`` are run and must end with exit code 0 or the one that
``exit=N`` states, and each line of ``text`` must be in what the block before it said: word by word,
where ``...`` in a line stands for anything.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<rest>[^\n]*))?\n(?P<text>.*?)^```$", re.M | re.S)
SAVED = ("yaml", "csv")


@dataclass(frozen=True)
class Block:
    kind: str
    rest: str
    text: str

    @property
    def title(self) -> str:
        return self.rest.removeprefix("title=")


def read_blocks(page: Path) -> list[Block]:
    return [
        Block(match["kind"], match["rest"] or "", match["text"])
        for match in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


def type_page(page: Path, folder: Path, *, programs: Path) -> None:
    """Saves and runs all blocks of a page, with the commands of this folder first on the path."""
    said = ""
    for block in read_blocks(page):
        if block.kind in SAVED or block.rest.startswith("title="):
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.kind == "text":
            missing = [line for line in block.text.splitlines() if not is_said(line, said)]
            assert not missing, f"{page.name} promises {missing}; said was:\n{said}"
        else:
            said = run_block(block, folder, programs=programs)


def run_block(block: Block, folder: Path, *, programs: Path) -> str:
    """Runs a block as a person would type it, and returns what it said."""
    program = {"sh": ["bash", "-e", "-c"], "python": [str(programs / "python"), "-c"]}[block.kind]
    # the installed command, and no ledger of somebody else
    here = {key: value for key, value in os.environ.items() if not key.startswith("PLANNER_")}
    here["PATH"] = f"{programs}{os.pathsep}{here['PATH']}"
    here.pop("PYTHONPATH", None)
    here["COLUMNS"] = "100"
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


def is_said(line: str, said: str) -> bool:
    """Whether a line stands in what was said, wherever that breaks its lines."""
    parts = [" ".join(part.split()) for part in line.split("...")]
    pattern = ".*?".join(map(re.escape, parts))
    return re.search(pattern, " ".join(said.split())) is not None
