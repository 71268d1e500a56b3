"""A real device is driven from a ledger that its campaigns share, and from no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.campaign import parse_campaign
from planner.errors import Refused
from planner.loop.dispatch.driver import driving
from planner.loop.sessions.desk import Place, at_work
from planner.loop.sessions.sharing import why_not_driven
from tests.cli.conftest import Typed, typed
from tests.labs.honest_device import HonestDevice, HttpFace
from tests.loop.conftest import campaign_text

__all__ = ["typed"]  # the fixture
DATABASE = "PLANNER_DATABASE_URL"
REAL = campaign_text(policy="start: 1", budget="trials: 1")
KINDS = {
    "kind: adapter, adapter: none": False,
    "kind: adapter, adapter: none, simulated: true": True,
    "kind: http, url: 'http://127.0.0.1:9'": False,
    "kind: http, url: 'http://127.0.0.1:9', simulated: true": True,
    "kind: mqtt, url: 'mqtt://127.0.0.1:9'": False,
    "kind: command, program: [date]": False,
    "kind: command, program: [date], repeatable: true": True,
    "kind: person": True,
}


@pytest.mark.parametrize(("source", "is_free"), KINDS.items())
def test_only_what_is_real_and_not_to_be_repeated_needs_a_shared_ledger(
    source: str, is_free: bool
) -> None:
    text = REAL.replace("kind: adapter, adapter: none", source)
    spec = parse_campaign(text, path="bench.yaml")
    assert why_not_driven(spec.source, is_shared=True) == ""
    why = why_not_driven(spec.source, is_shared=False)
    assert (why == "") is is_free
    assert is_free or "PLANNER_DATABASE_URL" in why


@pytest.fixture
def furnace() -> Iterator[tuple[HonestDevice, str]]:
    device = HonestDevice(result={"outcomes": {"yield": {"value": 50, "unit": "percent"}}})
    device.is_simulated = False
    with HttpFace(device, token="").serving() as url:
        yield device, REAL.replace("kind: adapter, adapter: none", f"kind: http, url: '{url}'")


@pytest.mark.parametrize("command", ["check", "run", "up", "deploy"])
def test_nothing_is_begun_at_a_real_device_from_a_ledger_of_ones_own(
    command: str, furnace: tuple[HonestDevice, str], typed: Typed, tmp_path: Path
) -> None:
    device, text = furnace
    (tmp_path / "bench.yaml").write_text(text)
    more = {"run": ["--engine", "inline"], "deploy": ["--interval", "60"]}.get(command, [])
    ended = typed(command, "bench.yaml", *more)
    assert ended.code == 4
    said = " ".join(ended.err.split())
    assert "'robot' is a real device, and this campaign keeps a ledger of its own" in said
    assert "'lab: /srv/lab/ledger.db'" in said
    assert "in PLANNER_DATABASE_URL" in said
    assert device.heard == []
    assert not (tmp_path / "bench.planner" / "ledger.db").exists()


def test_it_is_driven_from_a_shared_one(
    furnace: tuple[HonestDevice, str],
    typed: Typed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    device, text = furnace
    (tmp_path / "bench.yaml").write_text(text)
    monkeypatch.setenv(DATABASE, f"sqlite:///{tmp_path / 'lab.db'}")
    assert typed("check", "bench.yaml").code == 0
    assert typed("run", "bench.yaml", "--engine", "inline").code == 0
    assert len(device.acts) == 1
    assert (tmp_path / "lab.db").exists()


def test_a_driver_looks_itself_whose_ledger_it_has(
    furnace: tuple[HonestDevice, str], tmp_path: Path
) -> None:
    """A scheduled stretch is started by a process that may not have the variable."""
    device, text = furnace
    file = tmp_path / "bench.yaml"
    file.write_text(text)
    with (
        at_work(Place(file=file)) as session,
        pytest.raises(Refused, match="ledger of its own"),
        driving(session),
    ):
        raise AssertionError("it drives")
    assert device.heard == []
