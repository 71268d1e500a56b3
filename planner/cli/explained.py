"""An explanation in words: the sentence, and a line a parameter."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from planner.campaign import CampaignSpec
from planner.loop.deciding.why_words import effects_table

if TYPE_CHECKING:
    from planner.acquisition.explaining import Explanation

NO_MODEL = "No model can say why yet: fewer than two results are in, or it could not be fitted."


def explained_in_words(explanation: Explanation, spec: CampaignSpec) -> list[str]:
    """Returns the sentence and a table: what each value adds, and what a run would settle."""
    parts = ((each.parameter, each.value, each.effect) for each in explanation.parts)
    return [explanation.sentence, *(f"  {line}" for line in effects_table(parts, spec))]


def explained_json(explanation: Explanation) -> dict[str, Any]:
    """Returns the same as facts."""
    return {**asdict(explanation), "sentence": explanation.sentence}
