"""Runs as processes that a test can interrupt and kill, and what they leave behind."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil

from flows.home import read_address

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("user_program.py")


def environment(**more: str) -> dict[str, str]:
    """Return this environment without anything of Prefect's, and with the checkout importable."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**clean, "PYTHONPATH": path, **more}


def until(is_so: Callable[[], bool], *, within_s: float, what: str) -> float:
    """Poll until something is so and return the seconds that took; fail at the deadline."""
    start = time.monotonic()
    while not is_so():
        assert time.monotonic() - start < within_s, f"not within {within_s} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - start


def servers_of(home: Path) -> list[psutil.Process]:
    """Return the live server processes of a home, found without the files in it."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if "flows.server_main" in words and str(home) in words:
            found.append(process)
    return [process for process in found if process.info["status"] != psutil.STATUS_ZOMBIE]


def count(home: Path, query: str) -> int:
    """Return the number that a query of Prefect's database gives."""
    with closing(sqlite3.connect(home / "prefect.db", timeout=10)) as connection:
        return int(connection.execute(query).fetchone()[0])


def server_pid(home: Path) -> int | None:
    address = read_address(home)
    return address.process.pid if address is not None and address.process is not None else None


class User:
    """One process of ``user_program.py``."""

    def __init__(self, home: Path, *what: str, **more: str) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(home), *what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**more),
            start_new_session=True,  # a process group of its own, as a shell gives a command
        )
        self.lines: list[str] = []

    def read_until(self, beginning: str) -> float:
        """Read its lines up to one with this beginning; return the seconds since its start."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if line.startswith(beginning):
                return time.monotonic() - self.started
        raise AssertionError(f"ended without {beginning!r}: {self.lines} {self.errors()}")

    def finish(self) -> float:
        """Let it go on and leave; return the seconds that leaving took."""
        start = time.monotonic()
        output, self._errors = self.process.communicate(timeout=120)
        self.lines += output.splitlines()
        return time.monotonic() - start

    def errors(self) -> str:
        """Return all that it wrote to standard error; for a process that has ended."""
        if self.process.stderr is not None and not self.process.stderr.closed:
            return self.process.stderr.read()
        return self._errors
