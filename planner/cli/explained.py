"""An explanation in words: the sentence, and a line a parameter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from planner.campaign import CampaignSpec

if TYPE_CHECKING:
    from planner.acquisition.explaining import Explanation, Part

NO_MODEL = "No model can say why yet: fewer than two results are in, or it could not be fitted."


def explained_in_words(explanation: Explanation, spec: CampaignSpec) -> list[str]:
    """Returns the sentence and a table: what each value adds, and what a run would settle."""
    rows = [("", "value", "adds", "a run settles"), *_rows(explanation, spec)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return [explanation.sentence, *(f"  {line}" for line in table)]


def explained_json(explanation: Explanation) -> dict[str, Any]:
    """Returns the same as facts."""
    return {**asdict(explanation), "sentence": explanation.sentence}


def _rows(explanation: Explanation, spec: CampaignSpec) -> Iterator[tuple[str, str, str, str]]:
    for part in explanation.parts:
        yield part.parameter, _value(part, spec), _adds(part), f"{100 * part.settled:.0f} %"


def _value(part: Part, spec: CampaignSpec) -> str:
    if isinstance(part.value, str):
        return part.value
    unit = spec.units.get(part.parameter, "1")
    return f"{part.value:.4g}" + ("" if unit == "1" else f" {unit}")


def _adds(part: Part) -> str:
    sampled = f" (sampled, ± {part.effect_error:.1g})" if part.effect_error else ""
    return f"{part.effect:+.3g} ± {part.effect_sd:.2g}{sampled}"
