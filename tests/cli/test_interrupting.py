"""Ctrl-C while a trial is being chosen: what was done by then is said, and is so."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.cli.desks import Desk
from tests.cli.test_words_at_the_bench import FILE, GROWN

PROGRAM = "tests/cli/pausing_program.py"
PROPOSAL = ("propose", FILE, "temperature=600", "time=10")


def interrupt(desk: Desk, when: str, place: str, *arguments: str) -> str:
    """Sends a real SIGINT to a real process that waits at a place; returns what it says."""
    process = subprocess.Popen(
        [sys.executable, str(desk.project / PROGRAM), when, place, *arguments],
        cwd=desk.folder,
        env=desk.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "at the place\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    return err.strip()


@pytest.mark.parametrize(
    ("when", "place", "arguments", "n_trials", "says"),
    [
        (
            "before",
            "planner.loop.people.asking:decide",
            ("ask", FILE),
            0,
            "Interrupted; no trial was handed out.",
        ),
        (
            "after",
            "planner.loop.people:ask",
            ("ask", FILE, "-n", "2"),
            2,
            f"Interrupted; trials 1, 2 were handed out by then: planner ask {FILE} --again shows "
            f"them.",
        ),
        (
            "before",
            "planner.loop.people.comparing:compare",
            PROPOSAL,
            0,
            "Interrupted; no trial was entered.",
        ),
        (
            "after",
            "planner.loop.people:propose",
            PROPOSAL,
            1,
            f"Interrupted; trial 1 was entered by then: planner status {FILE} shows it.",
        ),
        ("before", "planner.campaign:read_campaign", ("check", FILE), 0, "Interrupted."),
    ],
)
def test_an_interrupted_command_says_what_was_done(
    desk: Desk, when: str, place: str, arguments: tuple[str, ...], n_trials: int, says: str
) -> None:
    (desk.folder / FILE).write_text(GROWN)
    assert interrupt(desk, when, place, *arguments) == says
    if (desk.folder / "grown.planner").exists():
        assert desk.kinds("grown").count("trial proposed") == n_trials
    else:
        assert n_trials == 0


def test_what_was_handed_out_before_is_not_taken_for_what_this_ask_has_brought(desk: Desk) -> None:
    (desk.folder / FILE).write_text(GROWN)
    desk.run("ask", FILE)
    said = interrupt(desk, "before", "planner.loop.people.asking:decide", "ask", FILE)
    assert said == "Interrupted; no trial was handed out."
