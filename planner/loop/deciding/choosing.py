"""Choosing what money and stock suffice for.

First from the whole space, so that what is best is not passed over for what is cheap. Only where
the first pick does not fit into what is left is chosen again, from the part of the space that
does; of a batch the longest beginning is kept that fits together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from planner.errors import InputError
from planner.ledger.entries import NothingFits
from planner.loop.rules.allowance import MONEY, Allowance, Resource, nothing_fits
from planner.space import Configuration, SearchSpace


class Picked(Protocol):
    """One pick of a choice."""

    @property
    def configuration(self) -> Configuration:
        """What is to be tried."""
        ...


class Choice(Protocol):
    """What was chosen, however; a frozen record."""

    @property
    def picks(self) -> Sequence[Picked]:
        """In the order in which they are to be tried."""
        ...


C = TypeVar("C", bound=Choice)
Choose = Callable[[SearchSpace, int], C]  # from a space, up to so many


@dataclass(frozen=True, slots=True)
class Fitting(Generic[C]):
    """A choice that what is left suffices for.

    Args:
        choice: its picks fit together.
        short: what is lacking, where nothing fits.
        remark: a sentence on what limited the choice; empty where nothing did.
        is_cut: whether picks were left out because they do not fit beside the others.
    """

    choice: C
    short: NothingFits | None = None
    remark: str = ""
    is_cut: bool = False


def choose_within(
    allowance: Allowance, space: SearchSpace, *, q: int, choose: Choose[C]
) -> Fitting[C]:
    """Chooses up to ``q`` configurations that what is left suffices for.

    Args:
        allowance: what is left.
        space: what may be chosen.
        q: how many at most.
        choose: from a part of the space.
    """
    choice = choose(space, q)
    if not choice.picks or not allowance.resources:
        return Fitting(choice)
    fitting = _longest(choice, allowance)
    if fitting.choice.picks:
        return fitting
    cheaper = _choose_again(allowance, space, q=q, choose=choose)
    if cheaper is not None:
        limits = " and ".join(each.in_words() for each in _tight(allowance, choice))
        remark = f"Chosen from what the {limits} that are left suffice for."
        return replace(_longest(cheaper, allowance), remark=remark)
    return replace(fitting, short=_shortage(allowance, space, choice, choose=choose))


def _choose_again(
    allowance: Allowance, space: SearchSpace, *, q: int, choose: Choose[C]
) -> C | None:
    """Returns a choice from the part that fits; None where its first pick does not or is none."""
    part = allowance.restrict(space)
    if part is None:
        return None
    try:
        choice = choose(part, q)
    except InputError:  # nothing admissible was found in it
        return None
    return choice if _longest(choice, allowance).choice.picks else None


def _longest(choice: C, allowance: Allowance) -> Fitting[C]:
    n = allowance.n_that_fit([pick.configuration for pick in choice.picks])
    kept = replace(choice, picks=choice.picks[:n])  # type: ignore[type-var]  # it is a record
    return Fitting(kept, is_cut=n < len(choice.picks))


def _tight(allowance: Allowance, choice: Choice) -> list[Resource]:
    """Returns what the first pick takes too much of."""
    first = [choice.picks[0].configuration]
    return [each for each in allowance.resources if not allowance.only(each.name).n_that_fit(first)]


def _shortage(
    allowance: Allowance, space: SearchSpace, choice: C, *, choose: Choose[C]
) -> NothingFits:
    """Says what is lacking: what alone admits nothing, money first; else all that is tight."""
    tight = _tight(allowance, choice)
    for each in tight:
        if _choose_again(allowance.only(each.name), space, q=1, choose=choose) is None:
            return nothing_fits([each])
    return nothing_fits(sorted(tight, key=lambda each: each.name is MONEY))
