"""Prefect's environment: firm where it must be, otherwise the person's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from server_users import environment

from flows import quiet

HOME = Path("/somewhere/.prefect")


@pytest.fixture(autouse=True)
def _nothing_of_prefects(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PREFECT")]:
        monkeypatch.delenv(name)


def test_what_the_person_has_set_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "DEBUG")
    assert quiet.settings(home=HOME)["PREFECT_LOGGING_LEVEL"] == "DEBUG"


def test_no_run_uses_another_home_or_starts_a_hidden_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PREFECT_HOME", "/elsewhere")
    monkeypatch.setenv("PREFECT_SERVER_EPHEMERAL_ENABLED", "true")
    wanted = quiet.settings(home=HOME, api_url="http://127.0.0.1:1/api")
    assert wanted["PREFECT_HOME"] == str(HOME)
    assert wanted["PREFECT_SERVER_EPHEMERAL_ENABLED"] == "false"
    assert wanted["PREFECT_API_URL"] == "http://127.0.0.1:1/api"


def test_a_proxy_is_passed_by_on_the_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "lab.example")
    assert quiet.settings(home=HOME)["NO_PROXY"] == "lab.example,127.0.0.1,localhost"


def test_settings_hold_inside_the_block_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", "/elsewhere")
    with quiet.in_force(quiet.settings(home=HOME)):
        assert os.environ["PREFECT_HOME"] == str(HOME)
        assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["PREFECT_HOME"] == "/elsewhere"
    assert "PREFECT_CLIENT_MAX_RETRIES" not in os.environ


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_importing_flows_imports_no_prefect() -> None:
    modules = "flows, flows.quiet, flows.server, flows.server_main"
    assert run(f"import sys, {modules}; print('prefect' in sys.modules)") == "False\n"


def test_every_setting_is_one_that_prefect_knows_and_takes() -> None:
    """A name that Prefect does not know would be ignored in silence."""
    program = """
from pathlib import Path
from flows import quiet
home = Path("/tmp/none")
both = {**quiet.settings(home=home, api_url="http://127.0.0.1:1/api"),
        **quiet.server_settings(home=home, url="http://127.0.0.1:1")}
quiet.apply(both)
from prefect.settings import get_current_settings
known = get_current_settings().to_environment_variables(include_aliases=True)
foreign = {"DO_NOT_TRACK", "no_proxy", "NO_PROXY"}
for name in sorted(set(both) - foreign):
    # logging's own file format names the handlers, not Prefect's settings
    if not name.startswith("PREFECT_LOGGING_HANDLERS_") and name not in known:
        print("unknown", name)
    elif name in known and known[name].lower().removesuffix(".0") != both[name].lower():
        print("differs", name, known[name], both[name])
"""
    assert run(program) == ""


def test_settings_hold_for_a_prefect_that_is_imported_already() -> None:
    program = """
from pathlib import Path
from flows import quiet
import prefect
from prefect.settings import PREFECT_API_URL, PREFECT_HOME
with quiet.in_force(quiet.settings(home=Path("/tmp/b"), api_url="http://127.0.0.1:1/api")):
    print(PREFECT_HOME.value(), PREFECT_API_URL.value())
try:
    quiet.apply({})
except RuntimeError as error:
    print("refused")
"""
    assert run(program) == "/tmp/b http://127.0.0.1:1/api\nrefused\n"
