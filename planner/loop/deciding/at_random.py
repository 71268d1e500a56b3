"""Choosing at random: settings drawn evenly over the space, whatever was measured.

What other policies are measured against, and what keeps up with a device that answers at once: no
model is fitted, so nothing is forecast, and no step costs more for the trials that went before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.ledger.replay import CampaignState
from planner.loop.deciding.choosing import choose_within
from planner.loop.deciding.chosen import Chosen, Suggestion, with_remark
from planner.loop.deciding.tried import Taken
from planner.loop.rules.allowance import Allowance
from planner.rng import derive_seed, make_generator
from planner.space import Contextual, SearchSpace, Value
from planner.trials import Proposal

_REASON = "Drawn at random over all that may be tried; nothing was learned from, none is forecast."


@dataclass(frozen=True, slots=True)
class _Pick:
    configuration: dict[str, Value]


@dataclass(frozen=True, slots=True)
class _Drawn:
    picks: tuple[_Pick, ...]


def choose_at_random(state: CampaignState, space: SearchSpace, *, q: int, seed: int) -> Chosen:
    """Draws up to ``q`` configurations that were not tried and are not about to be.

    Args:
        state: of the campaign.
        space: what may be chosen; what is measured and not set is held where it is known.
        q: how many at most.
        seed: of this ask; the same ledger and seed give the same draw.
    """
    space, assumed = _in_the_middle(space)
    taken, shared = Taken(state, space), state.spec.source.shared

    def draw(part: SearchSpace, q: int) -> _Drawn:
        return _Drawn(tuple(map(_Pick, _draw(part, q, taken=taken, shared=shared, seed=seed))))

    found = choose_within(Allowance.of(state), space, q=q, choose=draw)
    proposal = Proposal(origin="random", reason=_REASON, seed=seed, seen=state.sequence)
    chosen = Chosen(
        picks=tuple(
            Suggestion(configuration=pick.configuration, proposal=proposal)
            for pick in found.choice.picks
        ),
        seed=seed,
        seen=state.sequence,
        short=found.short,
        is_cut=found.is_cut,
    )
    return with_remark(with_remark(chosen, found.remark), " ".join(assumed))


def _in_the_middle(space: SearchSpace) -> tuple[SearchSpace, list[str]]:
    """Returns the space with what nobody measured yet in the middle of its range, and says so."""
    unknown = {
        each: each.decode(np.array([0.5]))
        for each in space.parameters
        if isinstance(each, Contextual) and each.name not in space.held
    }
    words = [
        f"{each.name} was not given, so the middle of its range, {value:g}{each.unit_words}, is "
        f"assumed."
        for each, value in unknown.items()
    ]
    held = {each.name: value for each, value in unknown.items()}
    return (space.restricted(held) if held else space), words


def _draw(
    space: SearchSpace, q: int, *, taken: Taken, shared: tuple[str, ...], seed: int
) -> list[dict[str, Value]]:
    """Returns distinct configurations; where they share parameters, the first decides on those."""
    picks: list[dict[str, Value]] = []
    keys = set()
    while len(picks) < q:
        part = space
        if shared and picks:
            part = space.restricted({name: picks[0][name] for name in shared})
        n_now = 1 if shared and not picks else q - len(picks)
        n_before = len(picks)
        for each in part.draw(generator=make_generator(derive_seed(seed, "draw", len(picks)))):
            key = taken.key(each)
            if key not in keys and each not in taken:
                keys.add(key)
                picks.append(each)
                n_now -= 1
            if n_now == 0:
                break
        if len(picks) == n_before:
            break
    return picks
