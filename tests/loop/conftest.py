"""A small campaign on a scripted lab, with a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planner.campaign import parse_campaign, read_space
from planner.clock import ManualClock
from planner.labs import Lab
from planner.ledger import open_ledger
from planner.loop.results.intake import make_intake
from planner.loop.sessions.opening import open_campaign
from planner.loop.sessions.session import Session
from tests.loop.alert_peers import Certificates, Hook, web_server

CAMPAIGN = """
schema: 1
campaign: bench
parameters:
  temperature: {low: 100, high: 150, unit: degC}
  flow: {low: 1, high: 5, unit: sccm}
outcomes:
  yield: {unit: percent, bounds: [0, 100]}
objectives: [{aim: maximise, outcome: yield, gain: 1}]
sources:
  robot: {kind: adapter, adapter: none, SOURCE}
budget: {BUDGET}
stop: {STOP}
policy: {POLICY}
model: {family: FAMILY}
"""

MakeSession = Callable[..., Session]


def campaign_text(
    *,
    source: str = "",
    budget: str = "trials: 6",
    stop: str = "failures: 5",
    policy: str = "start: 3",
    family: str = "gp",
) -> str:
    text = CAMPAIGN.replace("BUDGET", budget).replace("STOP", stop).replace("POLICY", policy)
    has_model = "acquisition: random" not in policy  # else a family would have no say
    text = text.replace("FAMILY", family if has_model else "auto")
    return text.replace(", SOURCE", f", {source}" if source else "")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 5, 8, tzinfo=UTC))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def hook(certificates: Certificates) -> Iterator[Hook]:
    with web_server(certificates.context()) as running:
        yield running


@pytest.fixture
def make_session(tmp_path: Path, clock: ManualClock) -> Iterator[MakeSession]:
    """Opens sessions on one ledger; call it again for a second process's view of the campaign."""
    with ExitStack() as held:

        def make(lab: Lab, *, text: str | None = None, ledger: str = "ledger.db") -> Session:
            spec = parse_campaign(text or campaign_text(), path="bench.yaml")
            opened = open_ledger(ledger if "://" in ledger else tmp_path / ledger, clock=clock)
            held.callback(opened.close)
            return Session(
                ledger=opened,
                state=open_campaign(opened, spec, author="ada"),
                space=read_space(spec, folder=tmp_path),
                lab=lab,
                intake=make_intake(spec, folder=tmp_path, artifacts=tmp_path / f"{ledger}-files"),
                clock=clock,
            )

        yield make
