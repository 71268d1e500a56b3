"""Campaigns run inline: to their end, as far as people are asked, and after Ctrl-C."""

from __future__ import annotations

import os
import signal

import pytest

from planner.clock import SystemClock
from planner.ledger import open_ledger, this_process
from tests.cli.conftest import Typed
from tests.cli.desks import Desk, write_flow

INLINE = ("run", "--engine", "inline", "flow.yaml")


@pytest.mark.slow
def test_people_approve_turn_down_and_abort_what_waits_for_them(desk: Desk, typed: Typed) -> None:
    write_flow(desk.folder, approval="person", capacity=3)
    waiting = desk.run(*INLINE, code=3)
    assert "trial 1 waits for approval" in waiting.out
    assert "planner approve" in waiting.out

    (approved,) = typed("approve", "flow.yaml", "1", "--json").facts
    assert (approved["trial"], approved["state"]) == (1, "approved")
    assert len(approved["approved_by"]) == 1
    turned_down = typed("approve", "flow.yaml", "2", "--reject", "--reason", "too hot for us")
    assert "Rejected: 2" in turned_down.out
    assert "aborted" in typed("abort", "flow.yaml", "1", "--reason", "the pump leaks").out
    again = typed("abort", "flow.yaml", "1", "--reason", "again")
    assert (again.code, again.out) == (4, "")

    ends = {
        each["record"]["trial"]: each["record"]
        for each in desk.records("flow")
        if each["record"]["kind"] == "trial moved"
    }
    assert (ends[1]["to"], ends[1]["reason"]) == ("aborted", "the pump leaks")
    assert (ends[2]["to"], ends[2]["reason"]) == ("rejected", "too hot for us")
    assert ends[3]["to"] == "awaiting approval"
    assert typed("status", "flow.yaml", "--json").facts["trials"] == {
        "aborted": 1,
        "rejected": 1,
        "awaiting approval": 1,
    }


@pytest.mark.slow
def test_a_person_gives_the_verdict_on_what_is_in_doubt(desk: Desk) -> None:
    """The table's yields beyond 100 percent are put aside, and a person says what they were."""
    write_flow(desk.folder, budget=2, start=1, scale=10.0)
    doubtful = desk.run(*INLINE, code=3)
    assert "in doubt" in doubtful.out
    assert "planner resolve" in doubtful.out

    said = desk.run(
        "resolve", "flow.yaml", "1", "performed", "yield=81", "--reason", "a slip of the decimal"
    )
    assert "Trial 1 is completed" in said.out
    refused = desk.run("resolve", "flow.yaml", "2", "not-performed", "--reason", "?", code=4)
    assert "it was performed" in refused.err
    lost = desk.run("resolve", "flow.yaml", "2", "no-result", "--reason", "vial broke", "--json")
    assert lost.facts == {"trial": 2, "state": "failed by machine"}
    verdicts = [e["record"] for e in desk.records("flow") if e["record"]["kind"] == "verdict given"]
    assert [(each["verdict"], each["reason"]) for each in verdicts] == [
        ("performed", "a slip of the decimal"),
        ("no-result", "vial broke"),
    ]


@pytest.mark.slow
def test_a_campaign_runs_to_its_end_and_says_so_again_when_asked_again(desk: Desk) -> None:
    write_flow(desk.folder, budget=5)
    first = desk.run(*INLINE)
    for number in range(1, 6):
        assert f"[{number:>3}/5]" in first.out
    assert "Stopped: 5 trials are used up." in first.out
    kinds = desk.kinds("flow")
    assert kinds.count("outcomes observed") == 5
    assert kinds[-1] == "campaign stopped"
    assert "<svg" in (desk.folder / "flow.planner" / "report.html").read_text()

    second = desk.run(*INLINE, "--json")
    assert second.facts["campaign"] == "flow"
    assert desk.kinds("flow") == kinds


@pytest.mark.slow
def test_a_campaign_left_by_ctrl_c_goes_on_when_the_same_is_typed_again(desk: Desk) -> None:
    write_flow(desk.folder, budget=16)
    process = desk.start(*INLINE)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("[  3/16]"):
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Type the same again to go on" in out
    assert "Traceback" not in out + err
    before = desk.kinds("flow").count("outcomes observed")
    assert 3 <= before < 16

    rest = desk.run(*INLINE)
    assert f"Going on after trial {before}" in rest.out
    observed = [
        each["record"]["trial"]
        for each in desk.records("flow")
        if each["record"]["kind"] == "outcomes observed"
    ]
    assert sorted(observed) == list(range(1, 17))  # none twice, none lost


@pytest.mark.slow
def test_a_run_beside_a_live_one_is_told_who_holds_the_campaign(desk: Desk) -> None:
    """This process holds it, and lives."""
    write_flow(desk.folder)
    (desk.folder / "history.csv").write_text("temperature,residence,yield\n60,5,25\n")
    desk.run("import", "flow.yaml", "history.csv")
    place = desk.folder / "flow.planner" / "ledger.db"
    ledger = open_ledger(place, clock=SystemClock(), create=False)
    ledger.take("flow", holder=this_process())
    ledger.close()
    refused = desk.run(*INLINE, code=4)
    assert str(os.getpid()) in refused.err
    assert desk.kinds("flow").count("trial proposed") == 0
