"""planner ask --why."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Typed
from tests.cli.desks import Desk

CAMPAIGN = """
schema: 1
campaign: still
parameters:
  temperature: {low: 20, high: 120, unit: degC}
  solvent: {choices: [water, ethanol]}
outcomes: {yield: {unit: percent}}
objectives: [{aim: maximise, outcome: yield}]
sources: {bench: {kind: person}}
budget: {trials: 40}
model: {family: gp}
"""
MEASURED = [(20, "water", 30), (50, "ethanol", 46), (90, "water", 65), (70, "ethanol", 57),
            (40, "water", 40), (110, "ethanol", 76)]  # fmt: skip


def test_without_results_it_says_that_no_model_can_say_why(desk: Desk, typed: Typed) -> None:
    (desk.folder / "still.yaml").write_text(CAMPAIGN)

    assert "No model can say why yet" in desk.run("ask", "still.yaml", "--why").out
    assert typed("ask", "still.yaml", "--why", "--json").facts[0]["explained"] is None


def test_it_says_what_each_value_adds_and_what_a_run_settles(desk: Desk, typed: Typed) -> None:
    (desk.folder / "still.yaml").write_text(CAMPAIGN)
    rows = "\n".join(",".join(map(str, row)) for row in MEASURED)
    (desk.folder / "data.csv").write_text(f"temperature,solvent,yield\n{rows}\n")
    assert typed("import", "still.yaml", "data.csv").code == 0

    (fact,) = typed("ask", "still.yaml", "--why", "--json").facts

    why = fact["explained"]
    assert why["unit"] == "percent"
    assert [part["parameter"] for part in why["parts"]] == ["temperature", "solvent"]
    total = why["base"] + sum(part["effect"]["adds"] for part in why["parts"])
    assert total == pytest.approx(why["mean"])
    # the yield rises by half a percent a degree, and the average temperature is 70 degC
    assert why["parts"][0]["effect"]["adds"] == pytest.approx(
        0.5 * (fact["configuration"]["temperature"] - 70), abs=8
    )

    said = desk.run("ask", "still.yaml", "--why").out
    assert "against" in said
    assert "a run settles" in said
    assert "temperature" in said.split("a run settles")[1]
