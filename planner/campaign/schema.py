"""The JSON Schema of a campaign file, for editors and for the reference."""

from __future__ import annotations

import json
from typing import Any, get_args

from planner.campaign.reductions import AnyReduction
from planner.campaign.spec import CampaignSpec

# In the file the key of a mapping is the name, and what stands beside it tells its kind.
_PARAMETERS = (
    *("Continuous", "Integer", "Discrete", "Ordinal", "Categorical", "Fixed", "Contextual"),
    "Profile",
)
_OUTCOMES = (
    *("NumberOutcome", "ClassOutcome", "CurveOutcome", "DistributionOutcome"),
    *("FileOutcome", "ImageOutcome"),
)
_SOURCES = (
    *("ReplayedTable", "SimulatedProcess", "Person", "Adapter", "Analysis"),
    *("HttpDevice", "MqttDevice", "CommandDevice"),
)
_OBJECTIVES = ("Maximise", "Minimise", "HitTarget", "HitRange", "HitClass")

# The key that must be there, since nothing else tells the kind; a number needs none.
_TOLD_APART_BY = {
    **dict.fromkeys((*_SOURCES, *_OUTCOMES, "Integer", "Contextual"), "kind"),
    **dict.fromkeys(_OBJECTIVES, "aim"),
}
_NEEDS_NO_KIND = ("NumberOutcome",)


def make_schema() -> dict[str, Any]:
    """Returns the JSON Schema (draft 2020-12) of a campaign file."""
    schema = _short_names(CampaignSpec.model_json_schema(mode="validation", by_alias=True))
    parts = schema["$defs"]
    for name in (*_PARAMETERS, *_OUTCOMES, *_SOURCES, "Sensor"):
        parts[name]["properties"].pop("name")
        parts[name]["required"] = [key for key in parts[name].get("required", []) if key != "name"]
    for name, key in _TOLD_APART_BY.items():
        if name not in _NEEDS_NO_KIND:
            parts[name].setdefault("required", []).append(key)
    for key in ("parameters", "outcomes", "sources", "sensors", "context"):
        schema["properties"][key]["additionalProperties"] = False
    for key in ("parameters", "outcomes"):
        for values in schema["properties"][key]["patternProperties"].values():
            _allow_implied_kind(values)
    _allow_implied_kind(schema["properties"]["constraints"]["items"])
    _describe_choices(parts["Categorical"])
    _name_reductions(parts)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Campaign file of experiment-planner",
        **schema,
    }


def _short_names(schema: dict[str, Any]) -> dict[str, Any]:
    """Names two records of the same name, in two packages, shorter than by their packages."""
    text = json.dumps(schema)
    for given in [each for each in schema["$defs"] if "__" in each]:
        name = given.rsplit("__", 1)[1]
        short = f"{name}Reduction" if "reductions" in given else name
        text = text.replace(f'"{given}"', f'"{short}"').replace(f'/{given}"', f'/{short}"')
    named: dict[str, Any] = json.loads(text)
    return named


def _allow_implied_kind(union: dict[str, Any]) -> None:
    """Replaces a union that is told apart by its kind by any of its members."""
    union["anyOf"] = union.pop("oneOf")
    union.pop("discriminator")


def _describe_choices(categorical: dict[str, Any]) -> None:
    """Leaves out what the file says below choices."""
    categorical["properties"].pop("descriptors")


def _name_reductions(parts: dict[str, Any]) -> None:
    """Lists the names of reductions that need nothing else, and requires names of the others."""
    names = {kind.model_fields["name"].default for kind in get_args(AnyReduction)}
    bare = []
    for part in parts.values():
        name = part.get("properties", {}).get("name", {}).get("const")
        if name in names:
            bare += [] if part.get("required") else [name]
            part.setdefault("required", []).append("name")
    for each in parts["NumberOutcome"]["properties"]["by"]["anyOf"]:
        if each.get("type") == "string":
            each["enum"] = bare
