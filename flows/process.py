"""Which process is meant: a pid alone is used again by the system, and does not survive a boot."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """One process, told apart from every later one with the same pid.

    Args:
        pid: its number.
        started: when it started, in the system's own words; equal for the same process only.
        boot_id: which boot of the machine it runs in.
    """

    pid: int
    started: str
    boot_id: str


def this_process() -> ProcessMark:
    """Return the mark of the process that asks."""
    mark = mark_of(os.getpid())
    assert mark is not None, "the process that asks is alive"
    return mark


def mark_of(pid: int) -> ProcessMark | None:
    """Return the mark of a live process, or ``None`` where none has this pid."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return ProcessMark(pid=pid, started=_started(process), boot_id=_boot_id())
    except psutil.NoSuchProcess:
        return None


def is_alive(mark: ProcessMark) -> bool:
    """Tell whether this very process runs; one that ended and waits to be reaped does not."""
    return mark_of(mark.pid) == mark


def _started(process: psutil.Process) -> str:
    # psutil's own figure moves when the wall clock is set; Linux's count of ticks does not
    stat = Path(f"/proc/{process.pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[19]
    except ProcessLookupError as error:
        raise psutil.NoSuchProcess(process.pid) from error
    except FileNotFoundError:
        return f"{process.create_time():.2f}"


@cache
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except FileNotFoundError:
        return f"{psutil.boot_time():.0f}"
