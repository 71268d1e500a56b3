"""planner ask --why."""

from __future__ import annotations

from collections.abc import Callable

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


@pytest.fixture
def still(desk: Desk, typed: Typed) -> Callable[..., None]:
    """Writes the campaign, edited, and imports some of what was measured."""

    def make(n: int, *, edit: tuple[str, str] = ("", "")) -> None:
        (desk.folder / "still.yaml").write_text(CAMPAIGN.replace(*edit))
        rows = "\n".join(",".join(map(str, row)) for row in MEASURED[:n])
        (desk.folder / "data.csv").write_text(f"temperature,solvent,yield\n{rows}\n")
        if n:
            assert typed("import", "still.yaml", "data.csv").code == 0

    return make


def test_without_results_it_says_that_no_model_can_say_why(
    desk: Desk, typed: Typed, still: Callable[..., None]
) -> None:
    still(0)

    said = desk.run("ask", "still.yaml", "--why").out
    assert "No model can say why yet: that takes two results." in said
    assert "expected" not in said
    assert typed("ask", "still.yaml", "--why", "--json").facts[0]["explained"] is None


def test_without_results_it_says_what_the_expectation_rests_on(
    desk: Desk, still: Callable[..., None]
) -> None:
    still(0, edit=("{unit: percent}", "{unit: percent, expected: [20, 90]}"))

    said = desk.run("ask", "still.yaml", "--why").out

    assert "expected yield 55 percent" in said
    assert (
        "that takes two results. What is expected until then is by the range that the campaign "
        "file states." in said
    )


def test_it_says_what_each_value_adds_and_what_a_run_settles(
    desk: Desk, typed: Typed, still: Callable[..., None]
) -> None:
    still(len(MEASURED))

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
    assert "a run settles" in said
    assert "temperature" in said.split("a run settles")[1]


def test_the_closer_look_stands_in_place_of_the_quick_one(
    desk: Desk, typed: Typed, still: Callable[..., None]
) -> None:
    """One prediction, and one figure of what a run settles: that of the table."""
    still(len(MEASURED))

    (fact,) = typed("ask", "still.yaml", "--why", "--json").facts
    said = desk.run("ask", "still.yaml", "--again", "--why").out

    assert "What sets it apart" in fact["reason"]
    assert [said.count(each) for each in ("What sets it apart", "predicted ")] == [1, 1]
    assert fact["reason"].split(" What sets")[0] in said
    assert fact["explained"]["sentence"] in said
    most = max(fact["explained"]["parts"], key=lambda part: part["effect"]["settled"])
    share = f"{100 * most['effect']['settled']:.0f} %"
    assert f"whole space is {most['parameter']} ({share} of what is unknown of it)" in said
    assert share in said.split("a run settles")[1]


def test_once_results_came_in_it_says_what_is_predicted_by_them(
    desk: Desk, typed: Typed, still: Callable[..., None]
) -> None:
    still(len(MEASURED))
    for _ in range(2):
        desk.run("ask", "still.yaml")
    before = desk.run("ask", "still.yaml", "--again", "--why").out
    assert typed("tell", "still.yaml", "1", "yield=95").code == 0

    said = desk.run("ask", "still.yaml", "--again", "--why").out
    (fact,) = typed("ask", "still.yaml", "--again", "--why", "--json").facts

    told = fact["explained"]["told"]
    assert "By all results so far" not in before
    assert (
        f"By all results so far {told['mean']:.4g} ± {told['sd']:.2g} percent is predicted. What"
        in said
    )


def test_of_a_trial_of_the_start_no_other_purpose_is_told(
    desk: Desk, still: Callable[..., None]
) -> None:
    still(3)

    said = desk.run("ask", "still.yaml", "--why").out

    assert (
        "Start: one of 5 settings that stand for the space, each in the middle of a part of it."
        in said
    )
    assert not any(word in said for word in ("Explores", "Exploits", "Highest"))
    assert "What sets it apart from an average setting" in said
    assert "a run settles" in said
