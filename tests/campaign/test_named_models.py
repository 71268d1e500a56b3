"""A family of models that the parameters are not made for is refused with the line it stands on."""

from __future__ import annotations

import pytest

from planner.campaign import Modelling, parse_campaign
from planner.errors import CampaignFileError

NUMBERS = {"flow": "{low: 1, high: 5}", "layers": "{kind: integer, low: 1, high: 4}"}
CHOICES = {"solvent": "{choices: [THF, DMF, water]}", "ligand": "{choices: [XPhos, PPh3]}"}
DESCRIBED = {"solvent": "{choices: {THF: {polarity: 4.0}, DMF: {polarity: 6.4}}}"}
HELD = {"pressure": "{value: 3}"}
FAMILIES = sorted(Modelling.model_fields["family"].annotation.__args__)  # type: ignore[union-attr]


def text_of(parameters: dict[str, str], family: str) -> str:
    lines = "".join(f"  {name}: {each}\n" for name, each in parameters.items())
    return f"""\
campaign: named
model:
  family: {family}
parameters:
{lines}outcomes:
  yield: {{unit: percent}}
objectives: [{{aim: maximise, outcome: yield}}]
sources:
  bench: {{kind: person}}
budget: {{trials: 14}}
"""


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("parameters", "refused"),
    [
        (NUMBERS, {"mixed_gp": "no parameter is a choice without order and descriptors"}),
        (NUMBERS | DESCRIBED, {"mixed_gp": "no parameter is a choice without order"}),
        (CHOICES | HELD, dict.fromkeys(("mixed_gp", "warped_gp"), "every parameter is a choice")),
        (NUMBERS | CHOICES, {}),
        (CHOICES | {"humidity": "{kind: contextual, low: 20, high: 80}"}, {}),
    ],
    ids=["numbers", "described", "choices", "both", "choices in a context"],
)
def test_a_family_is_refused_where_it_does_not_serve(
    parameters: dict[str, str], refused: dict[str, str], family: str
) -> None:
    text = text_of(parameters, family)
    if family not in refused:
        assert parse_campaign(text, path="named.yaml").model.family == family
        return
    with pytest.raises(CampaignFileError) as caught:
        parse_campaign(text, path="named.yaml")
    [mistake] = caught.value.mistakes
    assert (mistake.line, mistake.where) == (3, "model.family")
    assert refused[family] in mistake.text
    assert mistake.text.endswith("name another, or leave it out, and what predicts best is chosen")


def test_a_parameter_that_is_mistaken_is_all_that_is_said() -> None:
    """Nobody knows yet whether there will be a choice."""
    with pytest.raises(CampaignFileError) as caught:
        parse_campaign(text_of(NUMBERS | {"solvent": "{choices: [THF]}"}, "mixed_gp"), path="x")
    assert ["solvent" in mistake.where for mistake in caught.value.mistakes] == [True]


def test_a_class_has_a_model_of_its_own() -> None:
    text = text_of(NUMBERS, "bnn").replace("unit: percent", "kind: class, classes: [gel, sol]")
    text = text.replace("maximise, outcome: yield", "class, outcome: yield, wanted: [sol]")
    with pytest.raises(CampaignFileError, match=r"line 3, model\.family: has no say"):
        parse_campaign(text, path="named.yaml")
    assert parse_campaign(text.replace("family: bnn", "family: auto"), path="named.yaml")
