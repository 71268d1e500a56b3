"""What is measured and not set, such as the humidity: as last measured, unless somebody says."""

from __future__ import annotations

from collections.abc import Mapping

from planner.ledger.replay import CampaignState
from planner.space import SearchSpace, Value


def last_context(state: CampaignState, space: SearchSpace) -> dict[str, Value]:
    """Returns what was measured last of each parameter that nobody sets; empty where nothing was.

    Args:
        state: of the campaign.
        space: what may be tried; what it holds already is left out.
    """
    names = [name for name in space.contextual if name not in space.held]
    if not names or not state.observations:
        return {}
    latest = max(state.observations, key=lambda each: each.at)
    return {name: latest.configuration[name] for name in names}


def context_in_words(context: Mapping[str, Value], space: SearchSpace) -> str:
    """Returns a sentence on what was taken as last measured; empty where nothing was."""
    if not context:
        return ""
    values = (
        f"{name} {_shown(value)}{space.parameter(name).unit_words}"
        for name, value in context.items()
    )
    return f"Taken as last measured: {', '.join(values)}."


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:g}"
