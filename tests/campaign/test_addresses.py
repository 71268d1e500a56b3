"""Where a source's devices are, written so that the same place reads the same."""

from __future__ import annotations

import pytest

from planner.campaign import parse_campaign
from planner.campaign.addresses import addresses_of

TEXT = """
campaign: growth
parameters: {flow: {low: 1, high: 100, unit: sccm}}
outcomes: {Y: {unit: "1"}}
objectives: [{aim: maximise, outcome: Y}]
sources: {robot: {SOURCE, insecure: true}}
budget: {trials: 3}
"""


@pytest.mark.parametrize(
    ("source", "known"),
    [
        ("kind: http, url: 'http://Robot.lab/'", {"": "http://robot.lab:80"}),
        ("kind: http, url: 'https://robot.lab:443'", {"": "https://robot.lab:443"}),
        (
            "kind: http, urls: {l: 'http://a:1', r: 'http://b:2/x/'}",
            {"l": "http://a:1", "r": "http://b:2/x"},
        ),
        ("kind: mqtt, url: 'mqtt://broker'", {"": "mqtt://broker:1883/planner/robot"}),
        (
            "kind: mqtt, url: 'mqtt://broker:1883', devices: [l, r], topics: {l: a/b, r: c}",
            {"l": "mqtt://broker:1883/a/b", "r": "mqtt://broker:1883/c"},
        ),
    ],
)
def test_an_address_is_written_in_one_way(source: str, known: dict[str, str]) -> None:
    spec = parse_campaign(TEXT.replace("SOURCE", source), path="growth.yaml")
    assert addresses_of(spec.source) == known


def test_a_program_has_no_address() -> None:
    text = TEXT.replace("SOURCE, insecure: true", "kind: command, program: [measure]")
    assert addresses_of(parse_campaign(text, path="growth.yaml").source) == {}
