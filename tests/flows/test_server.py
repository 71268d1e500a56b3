"""The server that runs share: there when needed, gone with the last, back when killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from server_users import User, count, server_pid, servers_of, until

from flows.home import read_address
from flows.starting import start

pytestmark = [pytest.mark.prefect]
NewUser = Callable[..., User]


def read(url: str) -> bytes:
    # the pages are one document for every path, given to what asks as a browser does
    request = urllib.request.Request(url, headers={"Accept": "text/html, application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


@pytest.mark.slow
def test_first_run_starts_the_server_shows_its_pages_records_all_and_leaves_no_process(
    tmp_path: Path, new_user: NewUser
) -> None:
    home = tmp_path / ".prefect"
    user = new_user(home, "flow:60", "wait")
    user.read_until("ready")
    assert cpu_s(home) < 30, "the promise for a first start, migrations included"
    address = read_address(home)
    assert address is not None
    assert user.lines[-1] == f"ready {address.api_url}"
    settings = json.loads(read(f"{address.ui_url}/ui-settings"))
    assert settings["api_url"] == address.api_url, "the pages ask the right port"
    assert b"<!doctype html>" in read(f"{address.ui_url}/runs").lower()
    user.read_until("flow done")
    user.finish()
    assert user.process.returncode == 0
    assert user.errors() == "", "nothing of Prefect's reaches the terminal"
    assert user.lines == [
        "Starting Prefect's server (the first time takes up to 30 s) ...",
        f"Prefect's pages: {address.ui_url}",
        f"ready {address.api_url}",
        "flow running",
        "flow done",
        "left",
    ]
    assert servers_of(home) == []
    assert count(home, "select count(*) from task_run where state_type = 'COMPLETED'") == 60
    assert count(home, "select count(*) from flow_run where state_type = 'COMPLETED'") == 1
    assert (home / "server.log").read_text() == ""


def cpu_s(home: Path) -> float:
    """Return the processor seconds of the server so far.

    A start does nothing but compute, so on an idle machine these are the seconds that one waits
    (measured: 9.8 and 3.0 s waited); on a loaded machine only these can be held to a promise.
    """
    times = psutil.Process(server_pid(home)).cpu_times()
    return times.user + times.system


@pytest.mark.slow
def test_a_later_start_takes_less_than_12_s_and_keeps_the_port(
    home: Path, new_user: NewUser
) -> None:
    user = new_user(home, "wait")
    user.read_until("ready")
    assert cpu_s(home) < 12
    first = user.lines[-1]
    user.finish()
    again = new_user(home)
    again.read_until("ready")
    assert again.lines[-1] == first


@pytest.mark.slow
def test_two_runs_that_start_together_share_one_server_and_the_last_to_leave_stops_it(
    home: Path, new_user: NewUser
) -> None:
    one, other = new_user(home, "wait"), new_user(home, "wait")
    one.read_until("ready")
    other.read_until("ready")
    assert one.lines[-1] == other.lines[-1]
    assert len(servers_of(home)) == 1
    one.finish()
    assert "left" in one.lines
    assert server_pid(home) is not None, "the other run still uses it"
    other.finish()
    assert servers_of(home) == []


@pytest.mark.slow
def test_the_server_is_gone_within_30_s_of_the_kill_of_its_only_user(
    home: Path, new_user: NewUser
) -> None:
    user = new_user(home, "slow:400")
    user.read_until("flow running")
    os.kill(user.process.pid, signal.SIGKILL)
    assert until(lambda: servers_of(home) == [], within_s=30, what="the server is gone")


@pytest.mark.slow
def test_a_run_adopts_the_server_that_a_killed_run_left(home: Path, new_user: NewUser) -> None:
    killed = new_user(home, "wait")
    killed.read_until("ready")
    pid = server_pid(home)
    newcomer = new_user(home, "wait")
    os.kill(killed.process.pid, signal.SIGKILL)
    newcomer.read_until("ready")
    # either it came in time, or it waited for the end and started a new one: it has one that works
    address = read_address(home)
    assert address is not None
    assert json.loads(read(f"{address.api_url}/health")) is True
    if "Starting Prefect's server ..." not in newcomer.lines:
        assert server_pid(home) == pid
    newcomer.finish()
    assert servers_of(home) == []


@pytest.mark.slow
def test_runs_that_come_and_go_at_once_always_find_a_server(home: Path, new_user: NewUser) -> None:
    """A server that is just stopping while somebody arrives is the race that this provokes."""
    for _ in range(4):
        users = [new_user(home) for _ in range(3)]
        for user in users:
            user.finish()
        assert [user.process.returncode for user in users] == [0, 0, 0]
    assert servers_of(home) == []


@pytest.mark.slow
def test_a_killed_server_is_back_on_the_same_port_and_the_flow_goes_on(
    home: Path, new_user: NewUser
) -> None:
    user = new_user(home, "slow:60")
    user.read_until("flow running")
    before, pid = read_address(home), server_pid(home)
    assert before is not None
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: server_pid(home) not in (None, pid), within_s=60, what="a new server")
    after = read_address(home)
    assert after is not None
    assert after.port == before.port
    user.read_until("flow done")
    user.finish()
    assert user.process.returncode == 0
    assert user.errors() == ""
    assert "Prefect's server was gone; starting it again ..." in user.lines
    assert count(home, "select count(*) from flow_run where state_type = 'COMPLETED'") == 1
    assert servers_of(home) == []


@pytest.mark.slow
def test_ctrl_c_leaves_no_process_and_nothing_on_the_terminal(
    home: Path, new_user: NewUser
) -> None:
    user = new_user(home, "wait")
    user.read_until("ready")
    os.killpg(user.process.pid, signal.SIGINT)
    user.finish()
    assert user.process.returncode == 130
    assert user.errors() == ""
    assert servers_of(home) == []


@pytest.mark.slow
def test_ctrl_c_while_the_server_starts_leaves_no_process(home: Path, new_user: NewUser) -> None:
    user = new_user(home, "wait")
    user.read_until("Starting")
    until(lambda: servers_of(home) != [], within_s=60, what="the server's process")
    os.killpg(user.process.pid, signal.SIGINT)
    user.finish()
    assert user.process.returncode == 130
    assert servers_of(home) == []


def test_ctrl_c_at_the_moment_the_servers_process_is_made_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    # a shell that starts the tests in the background has them ignore it
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            start(tmp_path)
    finally:
        signal.signal(signal.SIGINT, former)
    assert servers_of(tmp_path) == []


@pytest.mark.slow
def test_a_server_that_is_killed_while_it_starts_is_started_again(
    home: Path, new_user: NewUser
) -> None:
    user = new_user(home, "wait")
    user.read_until("Starting")
    until(lambda: servers_of(home) != [], within_s=60, what="the server's process")
    killed = servers_of(home)[0]
    killed.kill()
    user.read_until("ready")
    assert server_pid(home) not in (None, killed.pid)
    user.finish()
    assert user.process.returncode == 0
    assert servers_of(home) == []


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["database", "home"])
def test_a_deleted_database_is_replaced_while_a_run_goes_on(
    home: Path, tmp_path: Path, new_user: NewUser, lost: str
) -> None:
    user = new_user(home, "slow:8", "flow:5")
    user.read_until("flow running")
    pid = server_pid(home)
    if lost == "database":
        (home / "prefect.db").unlink()
    else:
        home.rename(tmp_path / "away")  # at once, while a deletion would race with the new server
    until(lambda: server_pid(home) not in (None, pid), within_s=60, what="a new server")
    user.finish()
    assert user.process.returncode == 0
    assert user.errors() == ""
    assert user.lines.count("flow done") == 2
    assert any(line.startswith("not recorded") for line in user.lines)
    assert count(home, "select count(*) from flow_run where state_type = 'COMPLETED'") >= 1
    assert count(home, "select count(*) from block_type") > 0, "a fresh database is furnished too"
    assert servers_of(home) == []
