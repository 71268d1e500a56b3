"""The record of physical acts: what really moved, whatever the agent's journal says.

One JSON line when an act begins and one when it ends, appended and synced before anything else
happens. It shares no code with the journal, so that it can be the journal's judge.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any


class PhysicalRecord:
    """Appends to the file.

    Args:
        path: of the file.
        boot_id: drawn anew for each start of the program, here and not by the agent.
    """

    def __init__(self, path: Path, *, boot_id: str) -> None:
        self.path = path
        self._boot_id = boot_id

    def write(self, event: str, key: str, **facts: Any) -> None:
        """Appends one line, and returns when the disk has it."""
        line = {"event": event, "key": key, "pid": os.getpid(), "boot": self._boot_id, **facts}
        append_line(self.path, json.dumps(line))

    def read(self) -> list[dict[str, Any]]:
        """Returns all lines so far."""
        return read_record(self.path)


def append_line(path: Path, line: str) -> None:
    """Appends a line in one write, and returns when the disk has it."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, f"{line}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)


def read_record(path: Path) -> list[dict[str, Any]]:
    """Returns the lines of a record; none where nothing was ever done."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def count_begun(path: Path) -> Counter[str]:
    """Returns how often an act was begun under each key."""
    return Counter(line["key"] for line in read_record(path) if line["event"] == "begun")
