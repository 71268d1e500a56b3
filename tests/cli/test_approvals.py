"""planner approve without a number, and planner status: what is to be approved, and why."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Typed
from tests.cli.desks import Desk, write_flow

ROWS = ("60,5", "60,30", "80,10", "100,5", "120,30", "120,10")


@pytest.fixture
def waiting(desk: Desk, typed: Typed) -> Desk:
    """Two trials that a model chose wait for a person."""
    write_flow(desk.folder, approval="person", capacity=2)
    measured = "\n".join(f"{row},{40 + 3 * index}" for index, row in enumerate(ROWS))
    (desk.folder / "data.csv").write_text(f"temperature,residence,yield\n{measured}\n")
    assert typed("import", "flow.yaml", "data.csv").code == 0
    assert typed("run", "--engine", "inline", "flow.yaml").code == 3
    return desk


@pytest.mark.slow
def test_what_waits_is_shown_with_its_figures_and_nothing_is_approved(
    waiting: Desk, typed: Typed
) -> None:
    shown = typed("approve", "flow.yaml")

    assert shown.code == 0
    for words in ("Trial 1: temperature", "expected yield", "What sets it apart", "a run settles"):
        assert words in shown.out
    # 16 rows, of which six were measured before
    assert "All 10 candidates that are left were scored." in shown.out
    assert "waits for approval" in shown.out
    facts = typed("approve", "flow.yaml", "--json").facts
    assert [fact["trial"] for fact in facts] == [1, 2]
    assert set(facts[0]["why"]["effects"]) == {"temperature", "residence"}
    refused = typed("approve", "flow.yaml", "--reject", "--reason", "too hot")
    assert refused.code == 2
    assert "numbers of the trials" in " ".join(refused.err.split())
    assert typed("status", "flow.yaml", "--json").facts["trials"] == {"awaiting approval": 2}
    typed("approve", "flow.yaml", "1", "2")
    assert typed("approve", "flow.yaml").out.strip() == "Nothing waits for approval."


@pytest.mark.slow
def test_the_status_and_the_report_show_the_same(waiting: Desk, typed: Typed) -> None:
    status = typed("status", "flow.yaml")
    assert "What is to be approved:" in status.out
    assert "a run settles" in status.out
    facts = typed("status", "flow.yaml", "--json").facts["open"][0]
    assert facts["search"]["n_scored"] == 10
    assert set(facts["why"]["effects"]) == {"temperature", "residence"}

    report = typed("report", "flow.yaml", "--to", "page.html")
    assert "What each value adds" in " ".join(report.out.split())
    page = (waiting.folder / "page.html").read_text()
    assert "What each value adds" in page
    assert "All 10 candidates that are left were scored." in page
