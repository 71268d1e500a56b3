"""In one ledger a name is one device and a device has one name; how each is reached is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.campaign import parse_campaign
from planner.errors import Refused
from planner.ledger import Ledger
from planner.ledger.entries import CampaignAmended, CampaignOpened, CampaignStopped
from planner.trials import RunState, TrialState, digest_json
from tests.ledger.ledger_records import moved, proposed, run_moved, run_opened

HERE = "http://left.lab:8080"
THERE = "http://right.lab:8080"
TEXT = """
campaign: NAME
parameters: {flow: {low: 1, high: 100, unit: sccm}}
outcomes: {Y: {unit: "1"}}
objectives: [{aim: maximise, outcome: Y}]
sources: {SOURCE: {kind: http, url: "URL", insecure: true}}
budget: {trials: 3}
"""


def content_of(name: str, *, source: str = "robot", url: str = HERE) -> dict[str, object]:
    text = TEXT.replace("NAME", name).replace("SOURCE", source).replace("URL", url)
    return parse_campaign(text, path=f"{name}.yaml").meaning()


def begin(ledger: Ledger, name: str, *, source: str = "robot", url: str = HERE) -> None:
    content = content_of(name, source=source, url=url)
    opened = CampaignOpened(spec=content, spec_digest=digest_json(content), seed=1, simulated=False)
    ledger.append(name, [opened], author="mara")


def amend(ledger: Ledger, name: str, *, url: str) -> None:
    content = content_of(name, url=url)
    amended = CampaignAmended(spec=content, spec_digest=digest_json(content), changes=("its url",))
    ledger.append(name, [amended], author="mara")


def note(ledger: Ledger, name: str, *, source: str = "robot", **addresses: str) -> None:
    ledger.note_device(
        source,
        delivery="keyed",
        simulated=False,
        campaign=name,
        folder=Path("/lab"),
        addresses={device.strip("_"): address for device, address in addresses.items()},
    )


def test_one_name_for_two_devices_is_refused_with_what_to_do(ledger: Ledger) -> None:
    for name, url in (("one", HERE), ("two", THERE)):
        begin(ledger, name, url=url)
    note(ledger, "one", _=HERE)
    said = r"'robot' is at http://left.* in campaign 'one'.*another name.*planner amend"
    with pytest.raises(Refused, match=said):
        note(ledger, "two", _=THERE)
    with pytest.raises(Refused, match=said):
        ledger.check_names("two", source="robot", addresses={"": THERE})
    note(ledger, "one", _=HERE)  # and the first goes on
    assert [each.campaign for each in ledger.reaches()] == ["one"]


def test_two_names_for_one_device_are_refused_with_what_to_do(ledger: Ledger) -> None:
    begin(ledger, "one")
    begin(ledger, "two", source="arm")
    note(ledger, "one", _=HERE)
    with pytest.raises(Refused, match=r"http://left.*is source 'robot'.*call it 'robot' in both"):
        note(ledger, "two", source="arm", _=HERE)
    with pytest.raises(Refused):
        note(ledger, "two", source="arm", a=THERE, b=HERE)  # one of several is enough
    note(ledger, "two", source="arm", _=THERE)


def test_campaigns_may_name_more_or_fewer_of_the_same_devices(ledger: Ledger) -> None:
    for name in ("one", "two"):
        begin(ledger, name)
    note(ledger, "one", left=HERE)
    note(ledger, "two", left=HERE, right=THERE)
    with pytest.raises(Refused, match="is at http://left"):
        note(ledger, "two", left=THERE)


def test_a_device_that_moved_is_known_once_the_other_file_says_so_too(ledger: Ledger) -> None:
    for name in ("one", "two"):
        begin(ledger, name)
        note(ledger, name, _=HERE)
    amend(ledger, "two", url=THERE)
    with pytest.raises(Refused):
        note(ledger, "two", _=THERE)
    amend(ledger, "one", url=THERE)
    note(ledger, "two", _=THERE)
    note(ledger, "one", _=THERE)


def test_a_campaign_that_is_over_keeps_no_name_to_itself(ledger: Ledger) -> None:
    for name, url in (("one", HERE), ("two", THERE)):
        begin(ledger, name, url=url)
    note(ledger, "one", _=HERE)
    ledger.append("one", [CampaignStopped(rule="budget", reason="spent")], author="planner")
    note(ledger, "two", _=THERE)
    reached = [(each.campaign, each.addresses[""]) for each in ledger.reaches()]
    assert reached == [("one", HERE), ("two", THERE)]  # an emergency stop finds both


def test_where_a_run_may_be_is_kept_after_the_address_was_changed(ledger: Ledger) -> None:
    begin(ledger, "one")
    note(ledger, "one", _=HERE)
    to_run = [proposed(1), moved(1, TrialState.APPROVED), moved(1, TrialState.RUNNING)]
    ledger.append("one", [*to_run, run_opened(1, campaign="one")], author="planner")
    amend(ledger, "one", url=THERE)
    note(ledger, "one", _=THERE)
    assert [each.addresses[""] for each in ledger.reaches()] == [HERE, THERE]
    over = [run_moved(1, RunState.VOID, campaign="one"), moved(1, TrialState.APPROVED)]
    ledger.append("one", over, author="planner")
    note(ledger, "one", _=THERE)
    assert [each.addresses[""] for each in ledger.reaches()] == [THERE]
