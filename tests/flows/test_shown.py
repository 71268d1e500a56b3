"""Work shown as a flow run: its outcome is its own, whatever Prefect makes of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from server_users import User, count, environment


@pytest.mark.prefect
@pytest.mark.slow
def test_what_the_work_raises_comes_through_and_the_terminal_stays_clean(
    home: Path, new_user: Callable[..., User]
) -> None:
    user = new_user(home, "fail", "flow:2")
    user.finish()
    assert "raised the furnace is cold" in user.lines
    assert "flow done" in user.lines
    assert user.errors() == ""
    assert count(home, "select count(*) from flow_run where state_type = 'FAILED'") == 1
    assert count(home, "select count(*) from flow_run where tags like '%tested%'") == 1


@pytest.mark.slow
def test_without_a_server_nothing_is_done_and_the_error_says_so(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from flows import quiet
from flows.shown import shown
from planner.errors import LabUnavailable
quiet.apply(quiet.settings(home=Path(sys.argv[1]), api_url="http://127.0.0.1:9/api"))
try:
    shown(lambda: print("worked"), name="stretch", run_name="one", on_message=print)
except LabUnavailable as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.startswith("Prefect could not start the flow run 'one'")
    assert done.stderr == ""
