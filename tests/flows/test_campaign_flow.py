"""Whole campaigns through Prefect, as a person types them; what is left in its database."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from server_users import count, environment, servers_of, until

from planner.ledger.entries import TrialMoved, TrialProposed
from planner.loop.sessions.desk import Place, at_work
from planner.trials import Proposal, TrialState

pytestmark = [pytest.mark.prefect, pytest.mark.slow]

TRIALS = 6
CAMPAIGN = f"""
schema: 1
campaign: grid
parameters:
  temperature: {{low: 100, high: 150, unit: degC}}
outcomes:
  yield: {{unit: percent, bounds: [0, 100]}}
objectives: [{{aim: maximise, outcome: yield, gain: 1}}]
candidates: {{source: bench}}
sources:
  bench:
    kind: table
    table: {{path: grid.csv, columns: {{temperature: temperature, yield: yield}}}}
budget: {{trials: {TRIALS}}}
policy: {{acquisition: random}}
"""


@pytest.fixture
def folder(home: Path) -> Path:
    """A folder with a campaign, beside a home in which the server ran before."""
    rows = [f"{100 + step},{60 + step * (40 - step) / 20}" for step in range(0, 51, 2)]
    (home.parent / "grid.csv").write_text("\n".join(["temperature,yield", *rows]) + "\n")
    (home.parent / "grid.yaml").write_text(CAMPAIGN)
    return home.parent


class Command:
    """One command of the planner in a folder, in a session of its own."""

    def __init__(self, folder: Path, *words: str, **more: str) -> None:
        self.out = folder / f"out-{time.monotonic_ns()}.txt"
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "planner.cli", *words],
                cwd=folder,
                env=environment(**{"OMP_NUM_THREADS": "1", "COLUMNS": "200", **more}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.out.read_text()

    def await_words(self, words: str, *, within_s: float = 120) -> None:
        until(
            lambda: words in self.said() or self.process.poll() is not None,
            within_s=within_s,
            what=words,
        )
        assert words in self.said(), self.said()

    def finish(self) -> int:
        return self.process.wait(timeout=240)

    def interrupt(self) -> int:
        os.killpg(self.process.pid, signal.SIGINT)
        return self.finish()


@contextmanager
def typed(folder: Path, *words: str, **more: str) -> Iterator[Command]:
    """Type a command that does not outlive the block."""
    command = Command(folder, *words, **more)
    try:
        yield command
    finally:
        with suppress(ProcessLookupError):
            os.killpg(command.process.pid, signal.SIGKILL)
        command.process.wait()


def completed(folder: Path) -> int:
    """Return how many trials the ledger has as completed."""
    with closing(sqlite3.connect(folder / "grid.planner" / "ledger.db")) as ledger:
        query = "select count(*) from trials where state = 'completed'"
        return int(ledger.execute(query).fetchone()[0])


def test_a_run_leaves_a_flow_run_with_its_tasks_its_log_and_its_artifacts(
    home: Path, folder: Path
) -> None:
    # in the others no model is waited for; here each trial after the second has a forecast
    text = (folder / "grid.yaml").read_text()
    text = text.replace("acquisition: random", f"start: {TRIALS}")
    (folder / "grid.yaml").write_text(f"{text}model: {{family: gp}}\n")
    with typed(folder, "run", "grid.yaml") as first:
        assert first.finish() == 0, first.said()
    assert completed(folder) == TRIALS
    assert "prefect." not in first.said()
    assert "Traceback" not in first.said()
    assert servers_of(home) == []
    runs = "select count(*) from flow_run where state_type = 'COMPLETED' and tags like '%grid%'"
    assert count(home, runs) == 1
    for kind in ("ask", "dispatch"):
        query = f"select count(*) from task_run where name like '{kind} %'"
        assert count(home, query) == TRIALS
    assert count(home, "select count(*) from log where message like 'Trial %'") == TRIALS
    assert count(home, "select count(*) from artifact where type = 'progress'") == 1
    pages = "select count(*) from artifact where data like '%data:image/svg+xml%| 6 |%'"
    assert count(home, pages) == 1
    # typed again, the report is printed from the ledger, and no server is started
    with typed(folder, "run", "grid.yaml") as second:
        assert second.finish() == 0
    assert "Stopped: 6 trials are used up." in second.said()
    assert "Prefect" not in second.said()


def test_a_deleted_database_does_not_keep_the_campaign_from_its_end(
    home: Path, folder: Path
) -> None:
    with typed(folder, "run", "grid.yaml") as command:
        command.await_words("Prefect's pages")
        (home / "prefect.db").unlink()
        assert command.finish() == 0, command.said()
    assert completed(folder) == TRIALS
    assert "Traceback" not in command.said()


def test_where_prefect_fails_the_campaign_goes_on_without_being_shown(folder: Path) -> None:
    """A server that is there and answers every request but its health check with an error."""

    class Broken(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            is_health = self.path.endswith("/health")
            self.send_response(200 if is_health else 418)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"true")

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/api"
    try:
        with typed(folder, "run", "grid.yaml", PREFECT_API_URL=url) as command:
            assert command.finish() == 0, command.said()
    finally:
        server.shutdown()
    assert completed(folder) == TRIALS
    assert "Prefect could not start the flow run 'grid from trial 1'" in command.said()
    assert "Traceback" not in command.said()


@pytest.mark.timeout(600)
def test_scheduled_stretches_and_sweeps_are_executed_by_planner_up_and_alert(
    home: Path, folder: Path
) -> None:
    """Also of a campaign whose next stretch is weeks away, and each alert goes out once."""
    keep_alerts(folder, "grid", "rested")
    with typed(folder, "up", "--home", str(home)) as up:
        up.await_words("Serving")
        deployed = {
            "campaign/grid on schedule": ("grid.yaml", "--interval", "30"),
            "sweep/grid swept": ("grid.yaml", "--sweep", "--interval", "30"),
            "campaign/rested on schedule": ("rested.yaml", "--cron", "0 0 1 * *"),
        }
        for name, words in deployed.items():
            with typed(folder, "deploy", *words, "--json") as deploy:
                assert deploy.finish() == 0, deploy.said()
            assert json.loads(deploy.said())["deployment"] == name
        hold_a_trial(Place(file=folder / "rested.yaml"))
        ran = (
            "select count(*) from flow_run where auto_scheduled and state_type = 'COMPLETED' "
            "and flow_id in (select id from flow where name = 'FLOW')"
        )
        stretched, swept = ran.replace("FLOW", "campaign"), ran.replace("FLOW", "sweep")
        until(lambda: count(home, stretched) > 0, within_s=180, what="a scheduled stretch has run")
        until(lambda: completed(folder) == TRIALS, within_s=180, what="all trials are completed")
        until(lambda: count(home, swept) > 0, within_s=180, what="a scheduled sweep has looked")
        until(lambda: len(told(folder)) > 1, within_s=60, what="both alerts are sent")
        assert up.interrupt() == 130, up.said()
    assert told(folder) == ["grid: campaign done", "rested: interlock open"]
    assert servers_of(home) == []


def keep_alerts(folder: Path, *names: str) -> None:
    """Writes campaigns whose alerts are kept in a file."""
    keep = folder / "keep"
    keep.write_text("#!/bin/sh\ncat >> told.jsonl\necho >> told.jsonl\n")
    keep.chmod(0o700)
    for name in names:
        text = CAMPAIGN.replace("campaign: grid", f"campaign: {name}")
        text += "alerts: {ways: {phone: {kind: command, run: [./keep]}}}\n"
        (folder / f"{name}.yaml").write_text(text)


def told(folder: Path) -> list[str]:
    """What alerts were about, by campaign."""
    path = folder / "told.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    alerts = [json.loads(line) for line in lines if line.endswith("}")]
    return sorted(f"{each['campaign']}: {each['about']}" for each in alerts)


def hold_a_trial(place: Place) -> None:
    why = Proposal(origin="person", reason="a test")
    with at_work(place, with_lab=False) as session:
        session.write(
            [
                TrialProposed(
                    trial=1, configuration={"temperature": 100.0}, proposal=why, source="bench"
                ),
                TrialMoved(trial=1, to=TrialState.APPROVED),
                TrialMoved(
                    trial=1, to=TrialState.HELD, reason="the door is open", held_by="interlock"
                ),
            ]
        )


def test_deploying_without_a_server_says_what_to_start(folder: Path) -> None:
    with typed(folder, "deploy", "grid.yaml", "--cron", "0 18 * * *") as command:
        assert command.finish() == 5
    assert "Start 'planner up'" in " ".join(command.said().split())  # its lines are broken


def test_up_brings_campaigns_to_their_end_and_says_each_event(home: Path, folder: Path) -> None:
    with typed(folder, "up", "--until-done", "grid.yaml") as command:
        assert command.finish() == 0, command.said()
    assert completed(folder) == TRIALS
    for event in ("grid: starting a stretch.", "grid: has ended: 6 trials are used up."):
        assert event in command.said()
    assert servers_of(home) == []


def test_pages_answer_until_ctrl_c(home: Path, folder: Path) -> None:
    with typed(folder, "pages", "--no-browser", "--json") as command:
        command.await_words("Ctrl-C ends them.")
        facts = json.loads(next(line for line in command.said().splitlines() if line[:1] == "{"))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(facts["pages"], timeout=30) as page:
            assert b"<html" in page.read()
        command.interrupt()
    assert servers_of(home) == []


def test_where_nothing_was_run_there_are_no_pages_to_open(tmp_path: Path) -> None:
    with typed(tmp_path, "pages", "--no-browser") as command:
        assert command.finish() == 2
    assert "There are no pages in" in command.said()
