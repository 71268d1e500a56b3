"""The facts as plain JSON values, for ``--json``."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import numpy as np
from pydantic import BaseModel

from planner.report.facts import Facts

_NOT_FACTS = frozenset(
    {"spec", "slices", "curves", "outcome", "objective"}
)  # said above, or pictures


def report_json(facts: Facts) -> dict[str, Any]:
    """Returns the facts as dictionaries, lists, texts and numbers; times as ISO 8601 in UTC."""
    spec = facts.spec
    return {
        "campaign": spec.campaign,
        "about": spec.about,
        "objective": spec.stated_objective.model_dump(mode="json"),
        "outcome": {"name": facts.outcome.name, "unit": facts.outcome.unit},
        "parameters": {name: {"unit": each.unit} for name, each in spec.scalars.items()},
        **{
            each.name: _plain(getattr(facts, each.name))
            for each in fields(facts)
            if each.name not in _NOT_FACTS
        },
    }


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON knows no infinity
    return str(value) if isinstance(value, str) else value
