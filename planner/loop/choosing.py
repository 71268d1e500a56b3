"""Choosing what money and stock suffice for.

First from the whole space, so that what is best is not passed over for what is cheap. Only where
the first pick does not fit into what is left is chosen again, from the part of the space that
does; of a batch the longest beginning is kept that fits together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from planner.acquisition import Choice, Situation, choose
from planner.errors import InputError
from planner.ledger.entries import NothingFits
from planner.loop.allowance import MONEY, Allowance, Resource, nothing_fits


@dataclass(frozen=True, slots=True)
class Fitting:
    """A choice that what is left suffices for.

    Args:
        choice: its picks fit together.
        short: what is lacking, where nothing fits.
        remark: a sentence on what limited the choice; empty where nothing did.
        is_cut: whether picks were left out because they do not fit beside the others.
    """

    choice: Choice
    short: NothingFits | None = None
    remark: str = ""
    is_cut: bool = False


def choose_within(allowance: Allowance, situation: Situation, *, q: int, seed: int) -> Fitting:
    """Chooses up to ``q`` configurations that what is left suffices for.

    Args:
        allowance: what is left.
        situation: all else that the choice depends on.
        q: how many at most.
        seed: of the choice.
    """
    choice = choose(situation, q=q, seed=seed)
    if not choice.picks or not allowance.resources:
        return Fitting(choice)
    fitting = _longest(choice, allowance)
    if fitting.choice.picks:
        return fitting
    cheaper = _choose_again(allowance, situation, q=q, seed=seed)
    if cheaper is not None:
        limits = " and ".join(each.in_words() for each in _tight(allowance, choice))
        remark = f"Chosen from what the {limits} that are left suffice for."
        return replace(_longest(cheaper, allowance), remark=remark)
    return replace(fitting, short=_shortage(allowance, situation, choice, seed=seed))


def _choose_again(
    allowance: Allowance, situation: Situation, *, q: int, seed: int
) -> Choice | None:
    """Returns a choice from the part that fits; None where its first pick does not or is none."""
    part = allowance.restrict(situation.space)
    if part is None:
        return None
    try:
        choice = choose(replace(situation, space=part), q=q, seed=seed)
    except InputError:  # nothing admissible was found in it
        return None
    return choice if _longest(choice, allowance).choice.picks else None


def _longest(choice: Choice, allowance: Allowance) -> Fitting:
    n = allowance.n_that_fit([pick.configuration for pick in choice.picks])
    return Fitting(replace(choice, picks=choice.picks[:n]), is_cut=n < len(choice.picks))


def _tight(allowance: Allowance, choice: Choice) -> list[Resource]:
    """Returns what the first pick takes too much of."""
    first = [choice.picks[0].configuration]
    return [each for each in allowance.resources if not allowance.only(each.name).n_that_fit(first)]


def _shortage(
    allowance: Allowance, situation: Situation, choice: Choice, *, seed: int
) -> NothingFits:
    """Says what is lacking: what alone admits nothing, money first; else all that is tight."""
    tight = _tight(allowance, choice)
    for each in tight:
        if _choose_again(allowance.only(each.name), situation, q=1, seed=seed) is None:
            return nothing_fits([each])
    return nothing_fits(sorted(tight, key=lambda each: each.name is MONEY))
