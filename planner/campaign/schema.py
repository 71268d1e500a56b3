"""The JSON Schema of a campaign file, for editors and for the reference."""

from __future__ import annotations

from typing import Any

from planner.campaign.spec import CampaignSpec

# In the file the key of a mapping is the name, and a parameter's keys tell its kind.
_NAMED_BY_KEY = (
    *("Continuous", "Integer", "Discrete", "Ordinal", "Categorical", "Fixed", "Contextual"),
    *("Profile", "NumberOutcome", "ClassOutcome", "CurveOutcome", "DistributionOutcome"),
    *("FileOutcome", "ImageOutcome"),
)
_NAMED_SOURCES = ("ReplayedTable", "SimulatedProcess", "Person", "Adapter", "Analysis")


_TOLD_APART_BY = {
    **dict.fromkeys(_NAMED_SOURCES, "kind"),
    **dict.fromkeys(("Maximise", "Minimise", "HitTarget", "HitRange", "HitClass"), "aim"),
}


def make_schema() -> dict[str, Any]:
    """Returns the JSON Schema (draft 2020-12) of a campaign file."""
    schema = CampaignSpec.model_json_schema(mode="validation", by_alias=True)
    for name in (*_NAMED_BY_KEY, *_NAMED_SOURCES):
        part = schema["$defs"][name]
        part["properties"].pop("name")
        part["required"] = [key for key in part.get("required", []) if key != "name"]
    for name, key in _TOLD_APART_BY.items():
        schema["$defs"][name].setdefault("required", []).append(key)
    for key in ("parameters", "outcomes", "sources"):
        schema["properties"][key]["additionalProperties"] = False
    _allow_inferred_kind(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Campaign file of experiment-planner",
        **schema,
    }


def _allow_inferred_kind(schema: dict[str, Any]) -> None:
    """Replaces the discriminated union of parameters by any of its members."""
    for values in schema["properties"]["parameters"]["patternProperties"].values():
        values["anyOf"] = values.pop("oneOf")
        values.pop("discriminator")
