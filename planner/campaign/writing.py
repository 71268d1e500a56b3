"""Writing a campaign as a file that a person would have written: no defaults, one line a thing."""

from __future__ import annotations

from typing import Any

import yaml

from planner.campaign.document import is_word
from planner.campaign.spec import SCHEMA, CampaignSpec
from planner.campaign.times import written_time

_WIDTH = 100
_NAMED = ("parameters", "outcomes", "sources", "sensors", "context")
_LISTS = ("objectives", "constraints", "preconditions")
_TIMES = ("duration", "time_limit", "time", "gap")
# The keys of a parameter or constraint tell these, and an outcome is a number unless it is said.
_IMPLIED_KINDS = (
    *("continuous", "discrete", "categorical", "ordinal", "fixed", "profile"),
    *("linear", "mixture", "expression", "exclude", "count", "number"),
)


class _Dumper(yaml.SafeDumper):
    """Quotes what would not be read back as text, and writes 100.0 as 100."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if is_word(text) and text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_number(dumper: yaml.SafeDumper, number: float) -> yaml.ScalarNode:
    is_whole = number.is_integer() and abs(number) < 1e15
    text = str(int(number)) if is_whole else repr(number)
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'int' if is_whole else 'float'}", text)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(float, _represent_number)


def write_campaign(spec: CampaignSpec) -> str:
    """Returns the text of a campaign file that reads back as this campaign.

    What has its default is left out.
    """
    content = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    head = {"schema": SCHEMA, "campaign": content.pop("campaign")}
    if "about" in content:
        head["about"] = content.pop("about")
    parts = [_block(head, indent=0)]
    parts += [_write_part(key, part) for key, part in content.items()]
    return "\n\n".join(parts) + "\n"


def _write_part(key: str, part: Any) -> str:
    if key in _NAMED:
        named = {name: _short(each) for name, each in part.items()}
        return f"{key}:\n{_block(named, indent=2)}"
    if key in _LISTS:
        return "\n".join([f"{key}:", *(f"  - {in_one_line(_short(each))}" for each in part)])
    return _block({key: _short(part)}, indent=0)


def _short(part: Any) -> Any:
    """Leaves out what the file says otherwise: the key is the name, keys tell the kind."""
    if not isinstance(part, dict):
        return part
    kept = {key: value for key, value in part.items() if key != "name"}
    if kept.get("kind") in _IMPLIED_KINDS:
        del kept["kind"]
    return {key: _written(key, value) for key, value in _merged(kept).items()}


def _merged(part: dict[str, Any]) -> dict[str, Any]:
    """Writes in one entry what two fields of a record hold."""
    merged = dict(part)
    if "descriptors" in merged:
        descriptors = merged.pop("descriptors")
        merged["choices"] = {choice: descriptors[choice] for choice in merged["choices"]}
    if "currency" in merged and "cost" in merged:
        merged["cost"] = f"{in_one_line(merged['cost'])} {merged.pop('currency')}"
    return merged


def _written(key: str, value: Any) -> Any:
    """Writes one entry as a person would: times with units, places of columns by themselves."""
    match key:
        case "table" | "target" if isinstance(value, dict):
            return {**value, "columns": _columns(value["columns"])}
        case "by":
            return value["name"] if set(value) == {"name"} else _short_reduction(value)
        case "set_up":
            return {**value, "time": written_time(value["time"])}
        case "keep":
            return {each: written_time(time) for each, time in value.items()}
        case _ if key in _TIMES:
            return written_time(value)
        case _:
            return value


def _short_reduction(reduction: dict[str, Any]) -> dict[str, Any]:
    return {key: _written(key, value) for key, value in reduction.items()}


def _columns(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: place if "unit" in place else place["column"] for name, place in columns.items()}


def _block(part: dict[str, Any], *, indent: int) -> str:
    """Writes each entry on a line, or below its key where the line is too long."""
    lines = []
    for key, value in part.items():
        line = f"{' ' * indent}{in_one_line(key)}: {in_one_line(value)}"
        if len(line) > _WIDTH and isinstance(value, dict):
            line = f"{' ' * indent}{in_one_line(key)}:\n{_block(value, indent=indent + 2)}"
        lines.append(line)
    return "\n".join(lines)


def in_one_line(value: Any) -> str:
    """Returns YAML on one line."""
    text = yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=10**9,
    )
    return text.removesuffix("\n").removesuffix("\n...")
