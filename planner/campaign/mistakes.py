"""What is wrong with a campaign file, in words: what was found, the rule, and what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from planner.campaign.document import Document, Path, dotted
from planner.campaign.spec import CampaignSpec
from planner.errors import Mistake

_WAY = "{kind: command, run: [./ring]}"
# What to write where a mapping is needed, by the entry it belongs to.
_EXAMPLES = {
    "parameters": "{low: 20, high: 80, unit: degC}",
    "outcomes": "{unit: percent, bounds: [0, 100]}",
    "objectives": "{aim: maximise, outcome: NAME}",
    "constraints": "{mixture: [NAME, OTHER], total: 1}",
    "candidates": "{source: NAME}",
    "sources": "{kind: person}",
    "sensors": "{unit: degC, limits: [0, 1200]}",
    "context": "{sensor: NAME, summary: mean, window: before 10 min}",
    "preconditions": "'NAME < 5 mbar, no older than 10 s'",
    "budget": "{trials: 30}",
    "policy": "{start: 5}",
    "model": "{family: auto}",
    "stop": "{failures: 5}",
    "alerts": f"{{ways: {{phone: {_WAY}}}}}",
}
# The same for entries further down, by their own key or that of the list or mapping around them.
_INNER_EXAMPLES = {
    "knots": "{at: 0, value: 25}",
    "at": "{low: 10, high: 90}",
    "choices": "{NAME: {polarity: 4.0}, OTHER: {polarity: 1.9}}",
    "present": "{at_most: 3}",
    "exclude": "{NAME: value}",
    "by": "{name: peak_position}",
    "target": "{path: target.csv, columns: {x: 1, y: 2}}",
    "table": "{path: table.csv, columns: {NAME: 1}}",
    "columns": "{column: 1, unit: K}",
    "set_up": "{time: 40 min, parameters: [NAME]}",
    "map": "{field: T_SP, unit: K}",
    "token": "{env: NAME}",
    "password": "{env: NAME}",
    "urls": "{NAME: https://furnace.lab:8443}",
    "topics": "{NAME: planner/furnace}",
    "filter": "{outliers: 7, resolution: 0.1, noise: 5}",
    "keep": "{raw: 30 days, every: 1 min, means: 730 days}",
    "consumables": "{stock: 20 g, unit: g, use: 0.5}",
    "ways": f"{{phone: {_WAY}}}",
    "secret": "{env: NAME}",
    "weights": "{NAME: 1, OTHER: 1}",
}
# Below these pydantic puts the kind of an entry into its path, and a reduction's name below by.
_UNIONS = ("parameters", "constraints", "outcomes", "objectives", "sources")
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
_UPPER = ("below", "at most")
_QUANTITY = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)\s*([^\s\d.,].*)?")
# Beside what objectives say: numbers in the unit of an outcome, which they do not stand with.
_LIKE_OUTCOME = [("stop", "remaining_gain")]
_NEEDS = {
    "float_type": "needs a number, such as 100",
    "int_type": "needs a whole number, such as 30",
    "int_from_float": "needs a whole number, such as 30",
    "finite_number": "is out of range: it must be a finite number",
    "bool_type": "needs true or false",
    "bool_parsing": "needs true or false",
    "string_too_long": "is too long: one character is enough",
    "string_too_short": "is empty: write one character",
    "string_pattern_mismatch": "is no name: begin with a letter or digit, go on with letters, "
    "digits and _ . -, at most 64 of them",
}


def find_mistakes(error: ValidationError, document: Document) -> Iterator[Mistake]:
    """Says each validation error in words, without those that only follow from another."""
    details = error.errors()
    paths = [_entry(detail, document) for detail in details]
    meant = {
        (*path[:-1], _meant(detail))
        for detail, path in zip(details, paths, strict=True)
        if detail["type"] == "extra_forbidden"
    }
    for detail, path in zip(details, paths, strict=True):
        has_bad_entries = any(other[: len(path)] == path != other for other in paths)
        if detail["type"] == "too_short" and has_bad_entries:
            continue  # what is left of the list is too short
        if detail["type"] == "missing" and path in meant:
            continue  # it is there, misspelt
        yield Mistake(document.line(path), dotted(path), say(detail, path))


def _entry(detail: ErrorDetails, document: Document) -> Path:
    """Returns the path in the file, without the kind that pydantic puts below a union's member."""
    location = detail["loc"]
    if location[3:4] == ("descriptors",):  # which a file has below choices
        location = (*location[:3], "choices", *location[4:])
    if location[0] in _UNIONS and len(location) > 2:
        location = (*location[:2], *location[3:])
    if location[0] == "outcomes" and location[2:3] == ("by",):
        location = (*location[:3], *location[4:])
    if detail["type"] == "union_tag_invalid":
        location = (*location, detail["ctx"]["discriminator"].strip("'"))
    path: Path = ()
    for part in location:
        if (*path, part) in document.lines:
            path = (*path, part)
    return (*path, location[-1]) if detail["type"] == "missing" else path


def _meant(detail: ErrorDetails) -> str:
    """Returns the key that an unknown one was probably meant to be, or nothing."""
    key = str(detail["loc"][-1]).partition(":")[0]
    return next(iter(difflib.get_close_matches(key, _known_keys(detail["loc"]), n=1)), "")


def say(detail: ErrorDetails, path: Path) -> str:
    """Returns what is wrong with an entry and what to do.

    Args:
        detail: of the validation error.
        path: of the entry in the file.
    """
    kind, value, context = detail["type"], detail.get("input"), detail.get("ctx", {})
    if kind == "missing":
        return _say_missing(detail["loc"], path, value)
    if kind == "extra_forbidden":
        return _say_unknown(detail)
    if kind == "value_error":
        return str(context.get("error"))
    if value is None:
        return "is empty: give a value, or leave the line out"
    if kind in ("union_tag_invalid", "literal_error"):
        return _say_choice(context, value)
    if kind == "union_tag_not_found":
        key = str(context["discriminator"]).strip("'")
        is_way = path[:-1] == ("alerts", "ways")
        return f"has no {key}: add one, such as {_WAY if is_way else _example(path)}"
    if kind in _BOUNDS:
        return _say_bound(detail)
    if kind in ("too_short", "too_long"):
        return _say_length(kind, path, context, value)
    if kind == "string_pattern_mismatch" and detail["loc"][-1] == "[key]":
        return (
            f"{value!r} is no name: begin with a letter, go on with letters, digits and _, at "
            f"most 64 of them"
        )
    return _say_type(detail, path)


def _say_bound(detail: ErrorDetails) -> str:
    value = detail["input"]
    limit, word = _BOUNDS[detail["type"]]
    example = _such_as_share(detail["loc"], value) if word in _UPPER else ""
    return f"{value!r} is out of range: it must be {word} {detail['ctx'][limit]:g}{example}"


def _needed(detail: ErrorDetails) -> str:
    """Returns what a number needs that says more than that it is one; nothing where all is said."""
    location, value = detail["loc"], detail["input"]
    if detail["type"] != "float_type" or not isinstance(value, str):
        return ""
    if example := _such_as_share(location, value):
        return f"needs a number between 0 and 1{example}"
    quantity = _QUANTITY.fullmatch(value)
    is_like_outcome = location[0] == "objectives" or location in _LIKE_OUTCOME
    if is_like_outcome and quantity and quantity[2]:
        return "needs a number without a unit: it is in the unit of the outcome"
    return ""


def _such_as_share(location: Sequence[str | int], value: object) -> str:
    """Returns what to write instead of a percentage; nothing where no share is asked for."""
    node = _entry_of_schema(location)
    forms = (node, *node.get("anyOf", ()))
    if not any((f.get("exclusiveMinimum"), f.get("exclusiveMaximum")) == (0, 1) for f in forms):
        return ""
    percentage = _QUANTITY.fullmatch(str(value))
    given = float(percentage[1]) if percentage else 0.0
    meant = given if given < 1 else given / 100
    return f", such as {meant if 0.01 < meant < 1 else 0.95:g}"


def _example(path: Path) -> str:
    """Returns what to write where a mapping is needed."""
    inner = [str(part) for part in path[2:] if part in _INNER_EXAMPLES]
    if inner:
        return _INNER_EXAMPLES[inner[-1]]
    return _EXAMPLES.get(str(path[0]) if path else "", "{key: value}")


def _say_missing(location: Sequence[str | int], path: Path, value: object) -> str:
    if isinstance(path[-1], int):
        count = len(value) if isinstance(value, list | tuple) else 0
        return f"is missing: the list has {count} of its 2 entries; add the other"
    example = _EXAMPLES.get(str(path[0])) if len(path) == 1 else None
    if example:
        return f"is missing: add it, such as {example}"
    meaning = _meaning(location)
    return f"is missing: add it ({meaning})" if meaning else "is missing: add it"


def _meaning(location: Sequence[str | int]) -> str:
    """Returns what an entry is, from the JSON Schema: the first clause of its description."""
    text = str(_entry_of_schema(location).get("description", "")).split(";")[0].removesuffix(".")
    return text[:1].lower() + text[1:]


def _say_unknown(detail: ErrorDetails) -> str:
    key, meant = str(detail["loc"][-1]), _meant(detail)
    if meant and ":" in key:
        return f"{key!r} is not known here: put a space after the colon of {meant!r}"
    if meant:
        return f"{key!r} is not known here: did you mean {meant!r}?"
    return f"{key!r} is not known here: known are {', '.join(_known_keys(detail['loc']))}"


def _say_choice(context: dict[str, Any], value: object) -> str:
    given = context.get("tag", value)
    expected = str(context.get("expected_tags") or context.get("expected"))
    known = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
    near = difflib.get_close_matches(str(given), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"use {expected}"
    return f"{given!r} is not known here: {hint}"


def _say_length(kind: str, path: Path, context: dict[str, Any], value: object) -> str:
    count = len(value) if isinstance(value, list | tuple | dict) else context["actual_length"]
    if kind == "too_long":
        most = context["max_length"]
        return f"has {count} entries, and at most {most} can be used: leave the others out"
    example = _EXAMPLES.get(str(path[-1]), "") if len(path) == 1 else ""
    least = context["min_length"]
    needs = (
        "is empty: it needs an entry"
        if count == 0
        else f"needs at least {least}, not {count}: add another"
    )
    return f"{needs}, such as {example}" if example else needs


def _say_type(detail: ErrorDetails, path: Path) -> str:
    kind, value, fallback = detail["type"], detail["input"], detail["msg"]
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        is_of_names = path in (
            ("parameters",),
            ("outcomes",),
            ("sources",),
            ("sensors",),
            ("context",),
        )
        example = f"{{NAME: {_example(path)}}}" if is_of_names else _example(path)
        needs = f"needs a mapping, such as {example}"
    elif kind in ("tuple_type", "list_type"):
        example = (
            _EXAMPLES.get(str(path[-1]), "first, second") if len(path) == 1 else "first, second"
        )
        needs = f"needs a list, such as [{example}]"
    elif kind == "string_type":
        needs = "needs text, not a list or mapping"
        if isinstance(value, bool | int | float):
            written = str(value).lower() if isinstance(value, bool) else value
            needs = f"needs text: write it in quotes, '{written}'"
    else:
        plain = _NEEDS.get(kind, f"{fallback[:1].lower()}{fallback[1:]}")
        needs = _needed(detail) or plain
    return needs if isinstance(value, dict | list) else f"{_shown(value)} {needs}"


def _shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@cache
def _schema() -> dict[str, Any]:
    return CampaignSpec.model_json_schema()


def _entry_of_schema(location: Sequence[str | int]) -> dict[str, Any]:
    node: dict[str, Any] = _descend_all(location[:-1]).get("properties", {}).get(location[-1], {})
    return node


def _known_keys(location: Sequence[str | int]) -> list[str]:
    """Finds what may stand beside an unknown key, by walking the JSON Schema."""
    properties = _descend_all(location[:-1]).get("properties", {})
    return [key for key in properties if key not in ("name", "descriptors")]


def _descend_all(location: Sequence[str | int]) -> dict[str, Any]:
    node: Any = _schema()
    for part in location:
        node = _descend(_resolve(node), part)
    return _resolve(node)


def _resolve(node: Any) -> dict[str, Any]:
    while "$ref" in node:
        node = _schema()["$defs"][node["$ref"].rsplit("/", 1)[1]]
    for key in ("anyOf", "oneOf"):
        if key in node and "discriminator" not in node:
            return _resolve(next((each for each in node[key] if _holds_keys(each)), {}))
    return dict(node)


def _holds_keys(node: dict[str, Any]) -> bool:
    return "$ref" in node or "discriminator" in node


def _descend(node: dict[str, Any], part: str | int) -> Any:
    mapping = node.get("discriminator", {}).get("mapping", {})
    if part in mapping:
        return {"$ref": mapping[part]}
    if isinstance(part, int):
        return node.get("items", {})
    if part in node.get("properties", {}):
        return node["properties"][part]
    named = node.get("patternProperties", {})
    if named:
        return next(iter(named.values()))
    # the name of a union's member, which is told by its form
    return node.get("additionalProperties") or node
