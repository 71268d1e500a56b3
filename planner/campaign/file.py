"""Reading a campaign file: every mistake at once, each with its line and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from planner.campaign.spec import SCHEMA, CampaignSpec, find_contradictions
from planner.errors import CampaignFileError, Mistake, PlannerError

_MOST_NODES = 100_000  # a file of aliases to aliases would grow beyond any memory

_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _Document:
    """A file's content, and the line of each entry by its path."""

    content: object
    lines: dict[_Path, int]


def read_campaign(path: Path) -> CampaignSpec:
    """Reads and validates a campaign file.

    Raises:
        CampaignFileError: with all mistakes, each with its line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise CampaignFileError(
            str(path), [Mistake(0, "", "there is no such file; check the path")]
        ) from error
    except UnicodeDecodeError as error:
        raise CampaignFileError(
            str(path), [Mistake(0, "", f"it is not UTF-8 (byte {error.start}); save it as UTF-8")]
        ) from error
    except OSError as error:
        raise CampaignFileError(str(path), [Mistake(0, "", f"cannot be read: {error}")]) from error
    return parse_campaign(text, path=str(path))


def parse_campaign(text: str, *, path: str) -> CampaignSpec:
    """Validates the text of a campaign file.

    Args:
        text: YAML.
        path: for messages.

    Raises:
        CampaignFileError: with all mistakes, each with its line.
    """
    document = _load(text, path=path)
    if not isinstance(document.content, dict):
        raise CampaignFileError(path, [Mistake(1, "", "a campaign file is a mapping of names")])
    schema = document.content.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        text = (
            f"schema {schema} is newer than this software, which reads up to {SCHEMA}: "
            f"update experiment-planner"
        )
        raise CampaignFileError(path, [Mistake(document.lines[("schema",)], "schema", text)])
    try:
        spec = CampaignSpec.model_validate(document.content)
    except ValidationError as error:
        mistakes = [_mistake(detail, document) for detail in error.errors()]
        raise CampaignFileError(path, sorted(set(mistakes), key=lambda m: m.line)) from error
    found = [
        Mistake(_line(where, document), _dotted(where), what)
        for where, what in find_contradictions(spec)
    ]
    if found:
        raise CampaignFileError(path, sorted(found, key=lambda m: m.line))
    return spec


def _load(text: str, *, path: str) -> _Document:
    if "\t" in text:
        line = text[: text.index("\t")].count("\n") + 1
        raise CampaignFileError(path, [Mistake(line, "", "holds a tab; indent with spaces")])
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: dict[_Path, int] = {}
        content = _Builder(lines).build(node, ()) if node is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark is not None else 0
        raise CampaignFileError(path, [Mistake(line, "", f"is not YAML: {problem}")]) from error
    return _Document(content, lines)


class _Builder:
    """Turns YAML nodes into plain data and remembers the line of each entry."""

    def __init__(self, lines: dict[_Path, int]) -> None:
        self._lines = lines
        self._constructor = yaml.constructor.SafeConstructor()
        self._count = 0

    def build(self, node: yaml.Node, path: _Path) -> object:
        self._count += 1
        if self._count > _MOST_NODES:
            raise yaml.MarkedYAMLError(
                problem=f"has more than {_MOST_NODES:,} entries (aliases counted)",
                problem_mark=node.start_mark,
            )
        self._lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(each, (*path, i)) for i, each in enumerate(node.value)]
        return self._constructor.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, path: _Path) -> dict[str, object]:
        built: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in built:
                raise yaml.MarkedYAMLError(
                    problem=f"names {key!r} twice; leave one out", problem_mark=key_node.start_mark
                )
            self._lines[(*path, key)] = key_node.start_mark.line + 1
            built[key] = self.build(value_node, (*path, key))
        return built


def _mistake(detail: ErrorDetails, document: _Document) -> Mistake:
    where = _known_path(detail["loc"], document)
    return Mistake(_line(where, document), _dotted(where), _say(detail, where))


def _known_path(location: Sequence[str | int], document: _Document) -> _Path:
    """Drops the names of union members, which are in no file."""
    path: _Path = ()
    for position, part in enumerate(location):
        if (*path, part) in document.lines or position == len(location) - 1:
            path = (*path, part)
    return path


def _line(path: _Path, document: _Document) -> int:
    while path and path not in document.lines:
        path = path[:-1]
    return document.lines.get(path, 1)


def _dotted(path: _Path) -> str:
    return ".".join(str(part) for part in path)


def _say(detail: ErrorDetails, where: _Path) -> str:
    value = detail.get("input")
    match detail["type"]:
        case "extra_forbidden":
            return _unknown_key(str(where[-1]), _known_keys(detail["loc"]))
        case "missing":
            return "is missing; add it"
        case "union_tag_invalid":
            context = detail.get("ctx", {})
            return (
                f"{context.get('tag')!r} is not known here; use one of {context['expected_tags']}"
            )
        case "union_tag_not_found":
            tag = str(detail.get("ctx", {}).get("discriminator", "'kind'")).strip("'")
            return f"has no {tag}; add one"
        case "value_error":
            cause = detail.get("ctx", {}).get("error")
            return str(cause) if isinstance(cause, PlannerError | ValueError) else detail["msg"]
        case _:
            shown = "" if isinstance(value, dict | list) else f"{value!r}: "
            message = detail["msg"]
            return f"{shown}{message[:1].lower()}{message[1:]}"


def _unknown_key(key: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    if near:
        return f"{key!r} is not known here; did you mean {near[0]!r}?"
    return f"{key!r} is not known here; known are {', '.join(known)}"


def _known_keys(location: Sequence[str | int]) -> list[str]:
    """Finds what may stand beside an unknown key, by walking the JSON Schema."""
    schema = CampaignSpec.model_json_schema()
    node: Any = schema
    for part in location[:-1]:
        node = _descend(_resolve(node, schema), part)
    return [key for key in _resolve(node, schema).get("properties", {}) if key != "name"]


def _resolve(node: Any, schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in node:
        node = next((each for each in node["anyOf"] if "$ref" in each), node)
        return _resolve(node, schema) if "$ref" in node else node
    return dict(node)


def _descend(node: dict[str, Any], part: str | int) -> Any:
    mapping = node.get("discriminator", {}).get("mapping", {})
    if part in mapping:
        return {"$ref": mapping[part]}
    if isinstance(part, int):
        return node.get("items", {})
    if part in node.get("properties", {}):
        return node["properties"][part]
    return node.get("additionalProperties", {})
