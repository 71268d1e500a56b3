"""``stop --all`` and ``clear``, typed: what they say is so, and afterwards the work goes on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.desk import Place, at_work
from planner.loop.steps.advance import advance
from planner.trials import TrialState
from tests.cli.conftest import Typed
from tests.labs.honest_device import HonestDevice, HttpFace

PROGRAM = "import json, sys\njson.load(sys.stdin)\nprint(json.dumps({'outcomes': {'Y': 0.5}}))\n"
TEXT = """
campaign: NAME
parameters: {flow: {low: 1, high: 100, unit: sccm}}
outcomes: {Y: {unit: "1"}}
objectives: [{aim: maximise, outcome: Y}]
sources: {rig: {SOURCE, simulated: true}}
budget: {trials: 1}
policy: {start: 1}
"""


def write(folder: Path, source: str, *, name: str = "growth", more: str = "") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(TEXT.replace("NAME", name).replace("SOURCE", source) + more)
    return file


def run_on(file: Path, *, n_steps: int = 500) -> list[TrialState]:
    """Goes on with a campaign until its one trial has ended, or is held."""
    with at_work(Place(file=file)) as session, holding(session):
        for _ in range(n_steps):
            advance(session)
            states = [each.state for each in session.state.trials.values()]
            if states and states[0] in (TrialState.HELD, TrialState.COMPLETED):
                break
            session.lab.wait_for_news(0.05)  # type: ignore[attr-defined]
        return states


@pytest.mark.parametrize("repeatable", ["false", "true"])
def test_a_program_that_was_stopped_with_all_runs_again_once_it_is_cleared(
    typed: Typed, tmp_path: Path, repeatable: str
) -> None:
    (tmp_path / "m.py").write_text(PROGRAM)
    program = f"kind: command, program: [{sys.executable}, -I, -S, m.py], repeatable: {repeatable}"
    file = write(tmp_path, program)
    stopped = typed("stop", "growth.yaml", "--all", "--reason", "smoke")
    assert stopped.code == 0, stopped.err
    assert "rig of campaign growth: smoke" in stopped.out
    assert list(tmp_path.rglob("stopped"))
    cleared = typed("clear", "growth.yaml", "--reason", "a candle")
    assert cleared.code == 0, cleared.err
    assert "rig of campaign growth: its programs may be started again." in cleared.out
    assert "planner device" not in cleared.out
    assert not list(tmp_path.rglob("stopped"))
    assert run_on(file) == [TrialState.COMPLETED]
    again = typed("clear", "growth.yaml", "--reason", "a candle")
    assert again.code == 4
    assert "nothing to clear" in again.err


def test_a_device_that_was_stopped_is_said_to_be_cleared_where_it_stands(
    typed: Typed, tmp_path: Path
) -> None:
    with HttpFace(HonestDevice(), token="").serving() as url:
        write(tmp_path, f"kind: http, url: '{url}'")
        said = typed("stop", "growth.yaml", "--all", "--reason", "smoke", "--json")
        assert [each["address"] for each in json.loads(said.out)["devices"]] == [url]
        # it was never spoken to, and the file says that it is meant
        cleared = typed("clear", "growth.yaml", "--reason", "a candle")
    assert cleared.code == 0
    assert f"rig at {url}: takes orders once it is cleared where it stands" in cleared.out


def test_a_check_says_that_a_name_is_another_device_in_the_ledger(
    typed: Typed, tmp_path: Path
) -> None:
    with HttpFace(HonestDevice(finishes=False), token="").serving() as url:
        lab = "\nlab: lab.db\n"
        assert run_on(write(tmp_path, f"kind: http, url: '{url}'", more=lab), n_steps=2)
        one = write(tmp_path, f"kind: http, url: '{url}'", name="same", more=lab)
        two = write(tmp_path, "kind: http, url: 'http://127.0.0.1:9'", name="other", more=lab)
        assert typed("check", str(one)).code == 0
        refused = typed("check", str(two))
    assert refused.code == 4
    assert "A name is one device in a ledger" in " ".join(refused.err.split())
