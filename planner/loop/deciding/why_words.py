"""Why a model chose a configuration, in words: a sentence, and a table a parameter."""

from __future__ import annotations

import math
from collections.abc import Iterable

from planner.campaign import CampaignSpec
from planner.campaign.words.phrases import after, listed, rough, setting, typeset, unknown_then
from planner.loop.deciding.stating import unit_of_effects
from planner.space import Configuration, Value
from planner.trials import Effect, Proposal, Trial, Why

_MOST_NAMED = 2
_LEAST_SETTLED = 0.05  # less is not worth a word


def why_in_words(why: Why, spec: CampaignSpec) -> str:
    """Returns a sentence: what moves the prediction, and which parameter a run there tells of.

    The deviation of an effect is here that of the model and of sampling together.
    """
    unit = after(unit_of_effects(spec))
    sure = [(name, effect) for name, effect in why.effects.items() if effect.is_sure]
    moves = [
        f"{name} ({_added(each)} ± {rough(math.hypot(each.sd, each.error))}{unit})"
        for name, each in sure[:_MOST_NAMED]
    ] or ["no parameter for sure"]
    apart = (
        f"What sets it apart from an average setting, where {typeset(f'{why.base:.4g}')}{unit} is "
        f"predicted: {listed(moves)}"
    )
    return "; ".join([apart, *_attacked(why, unit), *_settled(why)]) + "."


def _attacked(why: Why, unit: str) -> list[str]:
    name = why.most_attacked
    if name is None:
        return []
    effect = why.effects[name]
    before, after_it = map(rough, (effect.sd_before, effect.sd_after))
    if before == after_it:
        return ["a run there would make no parameter's effect surer"]
    return [
        f"{_then(why.n_before)}a run there tells most about {name}: its effect is known to "
        f"± {before}{unit} before and ± {after_it}{unit} after"
    ]


def _then(n_before: int) -> str:
    if n_before == 0:
        return ""
    return (
        f"after the {n_before} trials before it " if n_before > 1 else "after the trial before it "
    )


def _settled(why: Why) -> list[str]:
    name = why.most_settled
    if name is None or why.effects[name].settled < _LEAST_SETTLED:
        return []
    share = f"{100 * why.effects[name].settled:.0f} %"
    unknown = unknown_then(why.n_before)
    return [f"what it settles most over the whole space is {name} ({share} of {unknown} of it)"]


def effects_table(effects: Iterable[tuple[str, Value, Effect]], spec: CampaignSpec) -> list[str]:
    """Returns lines of a table: what each value adds, how sure that is, what a run would settle.

    Args:
        effects: parameter, its value, and what that has to do with it; in the order of the lines.
        spec: for the units.
    """
    rows = [("", "value", "adds", "after a run", "a run settles")]
    for name, value, effect in effects:
        unit = "" if isinstance(value, str) else after(spec.units[name])
        shown = f"{setting(value)}{unit}"
        settled = f"{100 * effect.settled:.0f} %"
        rows.append((name, shown, said_effect(effect), f"± {rough(effect.sd_after)}", settled))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def trial_table(trial: Trial, spec: CampaignSpec) -> list[str]:
    """Returns the table of a trial, and how well it was searched for; empty where none is known."""
    why, search = trial.proposal.why, trial.proposal.search
    lines = [] if why is None else effects_table(_of(why, trial.configuration), spec)
    return lines if search is None else [*lines, search.in_words]


def without_why(proposal: Proposal, spec: CampaignSpec) -> str:
    """Returns a proposal's reason less the sentence on the figures that stand behind it."""
    if proposal.why is None:
        return proposal.reason
    return proposal.reason.replace(f" {why_in_words(proposal.why, spec)}", "")


def said_effect(effect: Effect) -> str:
    """Returns what a value adds, with its uncertainties."""
    sampled = f" (sampled, ± {effect.error:.1g})" if effect.error else ""
    return f"{_added(effect)} ± {rough(effect.sd)}{sampled}"


def _added(effect: Effect) -> str:
    return typeset(rough(effect.adds, 3, sign="+"))


def _of(why: Why, configuration: Configuration) -> Iterable[tuple[str, Value, Effect]]:
    return ((name, configuration[name], effect) for name, effect in why.effects.items())
