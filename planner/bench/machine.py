"""What a figure was measured with: versions, and the machine."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch

from planner import __version__
from planner.bench.storing import DECIDING, NUMERICAL, fingerprint


def describe_versions() -> str:
    """Returns the versions of the planner, of Python and of the numerical packages."""
    packages = ", ".join(f"{name} {version(name)}" for name in NUMERICAL)
    return f"experiment-planner {__version__}, Python {platform.python_version()}, {packages}"


def describe_machine() -> str:
    """Returns the processor and how many threads the numerics may use."""
    n_threads = torch.get_num_threads()
    threads = "1 thread" if n_threads == 1 else f"{n_threads} threads"
    return f"{_processor()}, {os.cpu_count()} cores, {threads} ({platform.system()})"


def describe_origin() -> str:
    """Returns two lines to stand below the figures of a study: what they were had with."""
    return (
        f"Code {fingerprint(DECIDING)}; {describe_versions()}.\nMeasured on {describe_machine()}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
