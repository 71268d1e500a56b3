"""People, roles and tokens as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.loop.sessions.permission import this_person
from tests.cli.conftest import Typed
from tests.loop.conftest import campaign_text

OF = ("--of", "bench.yaml")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    text = campaign_text(policy="start: 3, approval: two people")
    (tmp_path / "bench.yaml").write_text(text)
    return tmp_path


def add(typed: Typed, name: str, role: str) -> str:
    token: str = typed("people", "add", name, "--role", role, *OF, "--json").facts["token"]
    return token


def test_an_agent_proposes_and_two_people_approve_under_their_own_names(
    lab: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = this_person()
    add(typed, me, "lead")
    ben, robot = add(typed, "ben", "operator"), add(typed, "robot", "agent")
    settings = ("temperature=120", "flow=2")
    assert typed("propose", "bench.yaml", *settings).code == 0  # a lead begins it
    monkeypatch.setenv("PLANNER_TOKEN", robot)
    assert typed("propose", "bench.yaml", "temperature=130", "flow=2").code == 0
    refused = typed("approve", "bench.yaml", "2")
    assert refused.code == 4
    assert "robot is registered as agent and may not approve" in refused.err
    for command in (
        ("resolve", "bench.yaml", "2", "no-result", "--reason", "?"),
        ("veto", "bench.yaml", "2", "--reason", "?"),
        ("stop", "bench.yaml"),
        ("people", "add", "other", "--role", "lead", *OF),
        ("people", "revoke", "ben", *OF),
    ):
        assert typed(*command).code == 4, command
    monkeypatch.setenv("PLANNER_TOKEN", ben)
    said = typed("approve", "bench.yaml", "2").out
    assert said == "Approved: 2. Somebody else must approve as well: 2.\n"
    assert "somebody else than ben: the second approval of trial 2" in " ".join(
        typed("status", "bench.yaml").out.split()
    )
    monkeypatch.delenv("PLANNER_TOKEN")
    assert typed("approve", "bench.yaml", "2").out == "Approved: 2.\n"
    log = typed("export", "bench.yaml", "--entries").out
    assert f"approved by ben and {me}" in log
    assert not any(token in log for token in (ben, robot))


def test_a_revoked_token_opens_nothing_and_who_did_it_is_listed(
    lab: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(typed, this_person(), "lead")
    ben = add(typed, "ben", "operator")
    assert typed("people", "revoke", "ben", *OF, "--reason", "left the lab").code == 0
    listed = typed("people", "list", *OF, "--acts").out
    assert f"{this_person()} revoked ben as operator (left the lab)" in " ".join(listed.split())
    monkeypatch.setenv("PLANNER_TOKEN", ben)
    refused = typed("people", "list", *OF)
    assert refused.code == 4
    assert "belongs to nobody" in refused.err
    assert ben not in refused.err


def test_who_is_not_registered_only_looks(lab: Path, typed: Typed) -> None:
    add(typed, "anna", "lead")
    assert "viewer (by your user name)" in typed("people", "list", *OF).out
    refused = typed("propose", "bench.yaml", "temperature=120", "flow=2")
    assert refused.code == 4
    assert "ask anna to register you" in " ".join(refused.err.split())
    assert typed("people", "list", *OF, "--acts").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("add", "ben", "--role", "lead"), 2, "Which ledger?"),
        (("add", "", "--role", "lead", *OF), 2, "is no name"),
        (("add", "ben", "--role", "boss", *OF), 2, "boss"),
        (("add", "ben", "--role", "agent", *OF), 4, "first one who is registered must be a lead"),
        (("list", *OF), 2, "no ledger"),
    ],
)
def test_what_cannot_be_registered_is_said(
    lab: Path, typed: Typed, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended = typed("people", *arguments)
    assert ended.code == code, ended.err
    assert words in " ".join(ended.err.split())


def test_a_file_without_alerts_names_no_way_to_test(lab: Path, typed: Typed) -> None:
    ended = typed("alerts", "test", "bench.yaml")
    assert ended.code == 2
    assert "names no way" in ended.err
    with (lab / "bench.yaml").open("a") as file:
        file.write("alerts: {ways: {phone: {kind: command, run: [tee, told.json]}, ")
        file.write("off: {kind: command, run: [./nowhere]}}}\n")
    ended = typed("alerts", "test", "bench.yaml", "--json")
    assert ended.code == 4
    assert [each["sent"] for each in ended.facts] == [True, False]
