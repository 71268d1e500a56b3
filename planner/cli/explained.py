"""A closer look at a trial in words: the sentence, and a line a parameter."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from planner.campaign.words.phrases import after, typeset
from planner.cli.proposed import trial_in_words
from planner.ledger.replay import CampaignState
from planner.loop.deciding.explaining import why_of
from planner.loop.deciding.stating import is_class
from planner.loop.deciding.why_words import effects_table, why_in_words, without_why
from planner.models import FitFailure
from planner.trials import Trial

if TYPE_CHECKING:
    from planner.acquisition.explaining import Explanation

TOO_FEW = "No model can say why yet: that takes two results."


def looked_closer(
    trial: Trial, explanation: Explanation | FitFailure | None, state: CampaignState
) -> list[str]:
    """Returns the trial in lines, with a table: what each value adds, what a run would settle.

    What the closer look says stands in place of the quick look that the proposal was made with.

    Args:
        trial: as it was proposed.
        explanation: of its configuration; why there is none, or None while that takes more results.
        state: of its campaign.
    """
    if explanation is None or isinstance(explanation, FitFailure):
        return [*trial_in_words(trial, state.spec), f"  {_why_not(trial, explanation)}"]
    spec, why = state.spec, why_of(explanation)
    bare = replace(trial.proposal, reason=without_why(trial.proposal, spec))
    parts = ((each.parameter, each.value, each.effect) for each in explanation.parts)
    said = f"{_told_now(trial, explanation, state)}{why_in_words(why, spec)}"
    return [
        *trial_in_words(replace(trial, proposal=bare), spec),
        f"  {said}",
        *(f"    {line}" for line in effects_table(parts, spec)),
    ]


def explained_json(explanation: Explanation, state: CampaignState) -> dict[str, Any]:
    """Returns an explanation as facts, with its sentence."""
    sentence = why_in_words(why_of(explanation), state.spec)
    return {**asdict(explanation), "sentence": sentence}


def _why_not(trial: Trial, failure: FitFailure | None) -> str:
    if failure is not None:
        return f"No model can say why: {failure.reason}"
    if trial.proposal.predictions:
        return (
            f"{TOO_FEW} What is expected until then is by the range that the campaign file states."
        )
    return TOO_FEW


def _told_now(trial: Trial, explanation: Explanation, state: CampaignState) -> str:
    """Says what is predicted now, where the proposal says nothing of it or what was known then."""
    if trial.proposal.predictions and trial.proposal.seen >= state.changed:
        return ""
    told = explanation.told
    if is_class(state.spec):
        what = f"a chance of {100 * told.mean:.0f} ± {100 * told.sd:.0f} %"
    else:
        unit = after(state.spec.outcome.unit)
        what = f"{typeset(f'{told.mean:.4g}')} ± {told.sd:.2g}{unit}"
    return f"By all results so far {what} is predicted. "
