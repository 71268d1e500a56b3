"""Which families of models predict, in words; what this module loads knows no model."""

from __future__ import annotations

from collections.abc import Mapping

from planner.campaign import CampaignSpec
from planner.campaign.words.phrases import listed
from planner.ledger.replay import CampaignState
from planner.loop.deciding.stating import is_class

_COMPARING = ("auto", "full_auto")  # the families that are averages of others


def describe_predicting(state: CampaignState) -> str:
    """Returns on one line which families decided last.

    Empty where none were compared yet, and where a class is wanted, which has one model.
    """
    if is_class(state.spec):
        return ""
    family = state.spec.model.family
    last = state.comparisons[-1] if state.comparisons else None
    if family in _COMPARING:
        if last is None:
            return ""
        if not last.scores:
            return last.words.rstrip(".")
        return f"{shares_in_words(last.weights)} ({family} compared families on {last.n} results)"
    if last is not None and family in last.left_out and not last.scores:
        return last.words.rstrip(".")  # another took over
    return f"{family}, as the campaign file says"


def shares_in_words(weights: Mapping[str, float]) -> str:
    """Returns how much each family counts."""
    if len(weights) == 1:
        return f"{next(iter(weights))} alone"
    return listed(f"{name} {100 * weight:.0f} %" for name, weight in weights.items())


def other_families(spec: CampaignSpec) -> str:
    """Returns in a sentence how another family is chosen."""
    other = "gp" if spec.model.family in _COMPARING else "auto"
    return (
        f"Another can be chosen in the campaign file, such as model: {{family: {other}}}, and "
        f"entered with planner amend."
    )
