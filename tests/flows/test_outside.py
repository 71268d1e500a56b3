"""Nothing leaves the machine, and a server that is named is used as it is."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from server_users import User, server_pid, servers_of

from flows.home import read_address
from flows.server import server
from planner.errors import LabUnavailable

# every process of the run and of the server imports this and writes whom it wants to reach
AUDIT = """
import os, sys

def watch(event, details):
    if event == "socket.getaddrinfo":
        place = str(details[0])
    elif event == "socket.connect":
        place = str(details[1])
    else:
        return
    with open(os.environ["AUDIT_FILE"], "a") as file:
        file.write(f"{event} {place}\\n")

sys.addaudithook(watch)
"""


@pytest.mark.prefect
@pytest.mark.slow
def test_neither_a_run_nor_its_server_tries_to_reach_anything_outside(
    home: Path, tmp_path: Path, new_user: Callable[..., User]
) -> None:
    (tmp_path / "sitecustomize.py").write_text(AUDIT)
    audit = tmp_path / "audit"
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    # the variables of continuous integration would turn Prefect's telemetry off by themselves
    off = dict.fromkeys(("CI", "GITHUB_ACTIONS", "GITLAB_CI"), "")
    user = new_user(home, "flow:3", "wait", AUDIT_FILE=str(audit), PYTHONPATH=paths, **off)
    user.read_until("flow done")
    address = read_address(home)
    assert address is not None
    # the one page that asks GitHub, were it not kept from it
    with urllib.request.urlopen(
        f"{address.api_url}/collections/views/aggregate-worker-metadata", timeout=30
    ) as answer:
        assert b'"process"' in answer.read()
    user.finish()
    places = audit.read_text().splitlines()
    assert any(str(address.port) in place for place in places), "the audit sees connections"
    assert [place for place in places if "127.0.0.1" not in place] == []


@pytest.mark.prefect
@pytest.mark.slow
def test_a_server_that_is_named_is_used_and_left_running(
    home: Path, tmp_path: Path, new_user: Callable[..., User]
) -> None:
    owner = new_user(home, "wait")
    owner.read_until("ready")
    address = read_address(home)
    assert address is not None
    pid = server_pid(home)
    guest = new_user(tmp_path / "other", "flow:2", PREFECT_API_URL=address.api_url)
    guest.finish()
    assert guest.lines == [f"ready {address.api_url}", "flow running", "flow done", "left"]
    assert guest.errors() == ""
    assert server_pid(home) == pid
    owner.finish()
    assert servers_of(home) == []


def test_a_named_server_that_does_not_answer_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with (
        pytest.raises(LabUnavailable, match=r"http://127.0.0.1:9/api.*unset PREFECT_API_URL"),
        server(tmp_path, on_message=print),
    ):
        pass
    assert list(tmp_path.iterdir()) == []
