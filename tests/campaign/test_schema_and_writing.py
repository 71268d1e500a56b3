from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from planner.campaign import CampaignSpec, make_schema, parse_campaign, write_campaign
from planner.campaign.document import load_document
from planner.errors import CampaignFileError
from tests.campaign.bad_files import GOOD
from tests.campaign.everything import EVERYTHING
from tests.strategies.campaigns import specs

VALIDATOR = Draft202012Validator(make_schema())


def content_of(text: str) -> Any:
    return load_document(text, path="test").content


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(make_schema())
    assert json.loads(json.dumps(make_schema())) == make_schema()


def test_shipped_campaigns_agree_with_the_schema(project: Path) -> None:
    for path in sorted((project / "campaigns").glob("*.yaml")):
        errors = list(VALIDATOR.iter_errors(content_of(path.read_text("utf-8"))))
        assert not errors, f"{path.name}: {errors[0].message}"


def test_a_file_in_which_everything_stands_agrees_with_the_schema_and_is_written_whole() -> None:
    assert not list(VALIDATOR.iter_errors(content_of(EVERYTHING)))
    spec = parse_campaign(EVERYTHING, path="x")
    assert parse_campaign(write_campaign(spec), path="written") == spec
    assert not list(VALIDATOR.iter_errors(content_of(write_campaign(spec))))


# entries that the schema alone can refuse, in the file in which everything stands
BAD_THERE: list[tuple[str, str]] = [
    ("optional: true", "optional: 1"),
    ("levels: [coarse, medium, fine]", "levels: [coarse]"),
    ("{value: argon}", "{value: [argon]}"),
    ("{polarity: 4.0, size: 81}", "{polarity: high, size: 81}"),
    ("kind: contextual, low", "kind: contextul, low"),
    ("{at: 0, value: 25}", "{at: 0, valu: 25}"),
    ("{low: 400, high: 800}", "{low: 400}"),
    ("interpolation: linear", "interpolation: cubic"),
    ("total: 100, present", "totl: 100, present"),
    ("mixture: [polymer, tubes, soot]", "mixture: [polymer]"),
    ("present: {at_least: 2}", "present: {at_least: -2}"),
    ("{expression: ln(flow)", "{expresion: ln(flow)"),
    ("classes: [pure, mixed, none]", "classes: [pure]"),
    ("kind: curve, unit", "kind: curv, unit"),
    ("by: median", "by: medain"),
    ("by: median", "by: value_at"),
    ("name: peak_position, from", "name: peak_position, frm"),
    ("kind: image, about", "kind: image, unit"),
    ("measures: [image, raw]", "measures: []"),
    ("kind: analysis, measures", "kind: analysis, capacity: 3, measures"),
    ("set_up: {time: 40 min,", "set_up: {"),
    ("use: 5 mg", "uses: 5 mg"),
    ("capacity: 6", "capacity: 0"),
    ("devices: [left, right]", "devices: 2"),
    ("goal_probability: 0.9", "goal_probability: 1"),
    ("cost: 2000 EUR", "cost: [2000]"),
]


@pytest.mark.parametrize(("old", "new"), BAD_THERE)
def test_what_the_schema_can_refuse_it_refuses_as_the_reader_does(old: str, new: str) -> None:
    assert old in EVERYTHING
    text = EVERYTHING.replace(old, new)
    assert not VALIDATOR.is_valid(content_of(text))
    with pytest.raises(CampaignFileError):
        parse_campaign(text, path="x")


@settings(max_examples=40)
@given(specs())
def test_a_campaign_is_written_by_the_schema_and_read_back_as_it_was(spec: CampaignSpec) -> None:
    """All of one campaign: to draw it takes longer than to ask."""
    text = write_campaign(spec)
    assert parse_campaign(text, path="written") == spec
    for is_short in (False, True):
        record = spec.model_dump_json(by_alias=True, exclude_defaults=is_short)
        assert CampaignSpec.model_validate_json(record) == spec
    assert VALIDATOR.is_valid(content_of(text)), list(VALIDATOR.iter_errors(content_of(text)))


BAD: list[tuple[str, str]] = [
    ("low: 500", "low: true"),
    ("low: 500, ", ""),
    ("low: 500", "lo: 500"),
    ("unit: degC", "unit: degC, scale: lgo"),
    ("choices: [iron, nickel, cobalt]", "choices: [iron]"),
    ("choices: [iron, nickel, cobalt]", "choices: [1, 2]"),
    ("  flow:", "  gas flow:"),
    ("bounds: [0, 1000]", "bounds: [0]"),
    ("aim: maximise", "aim: maximize"),
    ("aim: maximise, ", ""),
    ("{kind: person}", "{}"),
    ("kind: person", "kind: persn"),
    ("kind: person", "kind: table"),
    ("trials: 20", "trials: 0"),
    ("trials: 20", "trials: twenty"),
    ("budget: {trials: 20}", ""),
    ("campaign: growth", "campaign: my growth"),
    ("campaign: growth", "campaign: growth\ncolour: red"),
]


@pytest.mark.parametrize(("old", "new"), BAD)
def test_bad_files_do_not_agree_with_the_schema(old: str, new: str) -> None:
    assert old in GOOD
    assert VALIDATOR.is_valid(content_of(GOOD))
    assert not VALIDATOR.is_valid(content_of(GOOD.replace(old, new)))


def test_a_file_goes_to_records_and_back(project: Path) -> None:
    for path in sorted((project / "campaigns").glob("*.yaml")):
        spec = parse_campaign(path.read_text("utf-8"), path=path.name)
        assert parse_campaign(write_campaign(spec), path="written") == spec


def test_what_is_written_reads_well() -> None:
    """Defaults, names and implied kinds are left out; one line a thing, times with units."""
    text = GOOD.replace("{kind: person}", "{kind: person, duration: 90 min}")
    assert write_campaign(parse_campaign(text, path="x")) == WRITTEN


WRITTEN = """\
schema: 1
campaign: growth

parameters:
  temperature: {unit: degC, low: 500, high: 900}
  catalyst: {choices: [iron, nickel, cobalt]}
  flow: {unit: sccm, low: 1, high: 100}

outcomes:
  length: {unit: um, bounds: [0, 1000]}

objectives:
  - {aim: maximise, outcome: length}

sources:
  furnace: {kind: person, duration: 90 min}

budget: {trials: 20}
"""


def test_a_record_is_not_changed_by_writing_it() -> None:
    spec = parse_campaign(GOOD, path="x")
    before = copy.deepcopy(spec)
    write_campaign(spec)
    assert spec == before
