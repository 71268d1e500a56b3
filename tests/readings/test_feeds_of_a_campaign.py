"""Where a campaign's own device tells its readings, from the campaign file."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.campaign import CampaignSpec, parse_campaign
from planner.errors import InputError
from planner.loop.sensors.gateway import feeds_of

FILE = """\
campaign: kiln
parameters:
  temperature: {{low: 500, high: 900, unit: degC}}
outcomes:
  length: {{unit: um}}
objectives:
  - {{aim: maximise, outcome: length}}
sources:
  furnace: {source}
sensors:
  chamber: {{unit: degC}}
budget: {{trials: 20}}
"""


def spec_of(source: str) -> CampaignSpec:
    return parse_campaign(FILE.format(source=source), path="kiln.yaml")


def test_each_device_behind_http_is_asked_with_its_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILN_TOKEN", "sesame")
    source = "{kind: http, token: {env: KILN_TOKEN}, urls: {a: 'https://a:1', b: 'https://b:1'}}"
    brokers, addresses = feeds_of(spec_of(source), folder=tmp_path, ledger="7")
    assert brokers == ()
    assert [(each.source, each.url) for each in addresses] == [
        ("a", "https://a:1"),
        ("b", "https://b:1"),
    ]
    assert addresses[0].token == "sesame"
    assert addresses[0].tls is not None
    assert "sesame" not in repr(addresses)


def test_a_broker_is_heard_under_the_ledgers_own_name(tmp_path: Path) -> None:
    source = "{kind: mqtt, url: 'mqtts://broker.lab', topic: hall/kiln, user: me}"
    (broker,), addresses = feeds_of(spec_of(source), folder=tmp_path, ledger="7")
    assert addresses == ()
    assert (broker.host, broker.port, broker.user) == ("broker.lab", 8883, "me")
    assert broker.bases == {"hall/kiln": "furnace"}
    assert broker.client_id == "readings-7-furnace"
    assert broker.tls is not None


def test_a_person_tells_no_readings(tmp_path: Path) -> None:
    assert feeds_of(spec_of("{kind: person}"), folder=tmp_path, ledger="7") == ((), ())


def test_a_secret_that_is_not_there_is_said(tmp_path: Path) -> None:
    source = "{kind: http, token: {env: NO_SUCH_TOKEN}, url: 'https://a:1'}"
    with pytest.raises(InputError, match="no variable NO_SUCH_TOKEN"):
        feeds_of(spec_of(source), folder=tmp_path, ledger="7")
