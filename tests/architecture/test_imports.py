"""Which way imports point, and what they cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# what a person waits for before the first answer, and what must not be loaded for it
LIGHT = ("space", "campaign", "trials", "ledger", "labs", "device", "readings")
HEAVY = ("torch", "botorch", "gpytorch", "pyro", "prefect")

_PROGRAM = """
import sys, time
import planner.{package}
seconds = time.process_time()
loaded = [name for name in {heavy!r} if name in sys.modules]
assert not loaded, f"planner.{package} loads {{', '.join(loaded)}}"
print(seconds)
"""


def run_python(program: str, project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=False
    )


def test_import_contracts_are_kept(project: Path) -> None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    answer = run_python(command, project)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("package", LIGHT)
def test_what_answers_at_once_imports_fast_and_loads_nothing_heavy(
    package: str, project: Path
) -> None:
    """In 1.5 s of processor time, the best of three: a busy machine does not count."""
    program = _PROGRAM.format(package=package, heavy=HEAVY)
    seconds = []
    while len(seconds) < 3 and min(seconds, default=2.0) >= 1.5:
        answer = run_python(program, project)
        assert answer.returncode == 0, answer.stderr
        seconds.append(float(answer.stdout))
    assert min(seconds) < 1.5
