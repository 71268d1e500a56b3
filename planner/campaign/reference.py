"""The reference of the campaign file as Markdown, from the JSON Schema.

``python -m planner.campaign.reference > docs/campaign-file.md`` writes the page anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from planner.campaign.schema import make_schema

# Records of the schema in the order of the page, with the title of their section.
_SECTIONS = {
    "Continuous": "A parameter: a number between two bounds",
    "Integer": "A parameter: a whole number",
    "Discrete": "A parameter: one of a few numbers",
    "Ordinal": "A parameter: one of a few names in an order",
    "Categorical": "A parameter: one of a few names",
    "Fixed": "A parameter: a constant",
    "Contextual": "A parameter: a number that is measured, not set",
    "Profile": "A parameter: a course in time",
    "Knot": "A knot of a course",
    "Free": "Bounds of a knot",
    "LinearConstraint": "A constraint: a weighted sum",
    "Mixture": "A constraint: a mixture",
    "Presence": "How many may be present",
    "Count": "A constraint: how many are not zero",
    "ExpressionConstraint": "A constraint: a formula",
    "Exclusion": "A constraint: what never comes together",
    "Span": "Limits of what is excluded",
    "Candidates": "Candidates",
    "TableRef": "A table",
    "Column": "A column of a table",
    "NumberOutcome": "An outcome: a number",
    "ClassOutcome": "An outcome: a class",
    "CurveOutcome": "An outcome: a curve",
    "DistributionOutcome": "An outcome: a distribution",
    "FileOutcome": "An outcome: a file",
    "ImageOutcome": "An outcome: a picture",
    "Maximise": "An objective: as high as possible",
    "Minimise": "An objective: as low as possible",
    "HitTarget": "An objective: as near to a value as possible",
    "HitRange": "An objective: between two values",
    "HitClass": "An objective: a class",
    "Person": "A source: a person",
    "ReplayedTable": "A source: a table of real measurements",
    "SimulatedProcess": "A source: a simulator",
    "Adapter": "A source: a device behind an adapter",
    "HttpDevice": "A source: a device behind HTTP",
    "MqttDevice": "A source: a device behind MQTT",
    "CommandDevice": "A source: a program",
    "MappedParameter": "A parameter at a device",
    "MappedOutcome": "An outcome at a device",
    "Secret": "Where a secret is",
    "Analysis": "A source: an analysis of samples afterwards",
    "SetUp": "Set-up between trials",
    "Consumable": "A consumable",
    "Sensor": "A sensor",
    "Filter": "Filter of a sensor",
    "Keep": "How long readings are kept",
    "SensedContext": "Context from a sensor",
    "Budget": "Budget",
    "Policy": "Policy",
    "Approval": "Approval by rules",
    "Modelling": "Model",
    "StopRule": "Stop rule",
    "Alerts": "Alerts",
    "CommandWay": "A way of alerts: a program",
    "WebhookWay": "A way of alerts: a webhook",
    "MailWay": "A way of alerts: e-mail",
    "Mean": "A reduction: mean",
    "Median": "A reduction: median",
    "Quantile": "A reduction: quantile",
    "Mode": "A reduction: mode",
    "StandardDeviation": "A reduction: standard deviation",
    "SpanReduction": "A reduction: span",
    "Polydispersity": "A reduction: polydispersity",
    "Divergence": "A reduction: divergence from a target",
    "Wasserstein": "A reduction: distance between distributions",
    "PeakPosition": "A reduction: position of the highest peak",
    "PeakHeight": "A reduction: height of the highest peak",
    "HalfWidth": "A reduction: width at half height",
    "Area": "A reduction: area",
    "Centroid": "A reduction: centroid",
    "Average": "A reduction: average",
    "Maximum": "A reduction: maximum",
    "Minimum": "A reduction: minimum",
    "Onset": "A reduction: onset",
    "ValueAt": "A reduction: value at a place",
    "Ratio": "A reduction: ratio of two values",
    "Distance": "A reduction: distance from a target curve",
    "Custom": "A reduction: your own function",
}

# What stands in several records, or is explained by its own section.
_MEANINGS = {
    "about": "What it is, in a few words.",
    "aim": "Which objective it is.",
    "kind": "Which kind it is; where it is not needed, the other keys tell.",
    "name": "Which reduction it is; by itself, `by: NAME`, where no other key is needed.",
    "constraints": "Rules on the parameters that are known beforehand.",
    "candidates": "The configurations that may be tried, where they are listed rather than free.",
    "budget": "What the campaign may use up.",
    "policy": "How the next trials are chosen.",
    "filter": "How readings are cleaned; the raw ones are kept beside.",
    "model": "Which model learns from the results.",
    "stop": "When to stop before the budget is used up.",
    "alerts": "What people are told of while they are away.",
    "gain": "The smallest improvement that is worth another trial, in the outcome's unit.",
    "goal": "A value that is good enough, if there is one.",
    "table": "The measurements: conditions and outcomes.",
    "low": "Lower end, in the outcome's unit.",
    "high": "Upper end, in the outcome's unit.",
    "x_unit": "Unit of the axis.",
}

_HEAD = """# The campaign file

A campaign file is YAML.
`planner check FILE` lists every mistake at once with its line, and says what the campaign will do.
`planner schema` prints the JSON Schema from which this page is made.
A bare number is in the unit that its parameter or outcome states.
Another unit is written out, as in `373 K`.
"""


def make_reference() -> str:
    """Returns the page."""
    schema = make_schema()
    parts = [_HEAD, "## The file", "", *_table(schema)]
    for name, title in _SECTIONS.items():
        part = schema["$defs"][name]
        parts += [f"## {title}", "", *_summary(part), *_table(part)]
    return "\n".join(parts).rstrip() + "\n"


def _summary(part: dict[str, Any]) -> Iterator[str]:
    text = part.get("description", "").split("\nArgs:")[0]
    sentences = re.split(r"(?<=[.])\s+", " ".join(text.split()))
    text = "\n".join(sentences)
    yield text.replace("; arguments as of ``Maximise``", "")
    yield ""


def _table(part: dict[str, Any]) -> Iterator[str]:
    told = _arguments(part.get("description", ""))
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for key, value in part["properties"].items():
        is_needed = key in part.get("required", [])
        meaning = value.get("description") or told.get(key) or _MEANINGS[key]
        cells = (f"`{key}`", _value(value), _default(value, is_needed=is_needed), meaning)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _arguments(description: str) -> dict[str, str]:
    """Returns the sentences of a docstring's ``Args`` by name."""
    _, _, listed = description.partition("Args:\n")
    found: dict[str, str] = {}
    name = ""
    for line in listed.splitlines():
        match = re.match(r"^    (\w+): (.*)$", line)
        if match:
            name = match[1]
            found[name] = match[2]
        elif line.strip():
            found[name] += " " + line.strip()
    return {key: _sentence(text) for key, text in found.items()}


def _sentence(text: str) -> str:
    plain = text.replace("``", "`")
    return plain[:1].upper() + plain[1:]


def _value(value: dict[str, Any]) -> str:
    """Returns what may stand there, in words."""
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return " or ".join(f"`{each}`" for each in value["enum"])
    if "$ref" in value:
        return _link(value["$ref"])
    for key in ("anyOf", "oneOf"):
        if key in value:
            kinds = dict.fromkeys(_value(each) for each in value[key])
            return " or ".join(kind for kind in kinds if kind != "nothing")
    return _of_type(value)


def _of_type(value: dict[str, Any]) -> str:
    match value.get("type"):
        case "array" if "prefixItems" in value:
            return "two of: " + _value(value["prefixItems"][0])
        case "array":
            return "list of: " + _value(value["items"])
        case "object":
            held = [*value.get("patternProperties", {}).values()]
            held += [value["additionalProperties"]] if value.get("additionalProperties") else []
            return "for each name: " + (_value(held[0]) if held else "anything")
        case kind:
            words = {
                "boolean": "`true` or `false`",
                "integer": "whole number",
                "null": "nothing",
                "string": "text",
            }
            return words.get(str(kind), str(kind or "anything"))


def _link(reference: str) -> str:
    name = reference.removeprefix("#/$defs/")
    if name not in _SECTIONS:
        return "anything"
    title = _SECTIONS[name]
    anchor = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
    shown = title[:1].lower() + title[1:]
    return f"[{shown.partition(': ')[2] or shown}](#{anchor})"


def _default(value: dict[str, Any], *, is_needed: bool) -> str:
    if is_needed:
        return "needed"
    default = value.get("default")
    if default in (None, "", [], {}) or isinstance(default, dict | list | tuple):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    sys.stdout.write(make_reference())
