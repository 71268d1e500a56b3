"""Where the highest bound shows nothing new, what is unknown counts for more.

Nothing in ``mean + beta sd`` says when the best is known well enough: in a space without a table
the highest bound may stay beside the best so far to the end of a campaign, and each run there shows
once more what is known. A candidate *shows nothing new* where it lies beside a measured setting and
a run there is worth next to nothing to the best that can be told after it. Then the deviation
counts twice as much, and four times if that candidate shows nothing new either.

The rows of a table are experiments that somebody listed, each as another one; they are taken by the
weight that was set (``docs/decisions/0036``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch

from planner.acquisition.candidates import Candidates, Found, TableCandidates
from planner.acquisition.promising import most_promising
from planner.acquisition.repeating import LEAST_WORTH, worth_of_runs
from planner.acquisition.situation import Situation
from planner.acquisition.utility import utility_moments
from planner.campaign.objectives import HitClass
from planner.models import Bounds, Surrogate
from planner.space import Floats

# Within so much of every range, with the same choices, a candidate lies beside a setting.
BESIDE = 0.1
_MORE = (2.0, 4.0)
# Of many measured settings those with the best outcomes are looked at.
_MOST_MEASURED = 256


def farther_than(situation: Situation, candidates: Candidates) -> Iterator[Situation]:
    """Yields the situation with more weight on what is unknown, where that may be called for.

    Of a class the bound is that of its margin, which always gains where it is high already.
    """
    is_table = isinstance(candidates, TableCandidates) and candidates.is_given
    is_class = isinstance(situation.objective, HitClass)
    if is_table or is_class or situation.acquisition != "ucb" or len(situation.y) == 0:
        return
    for times in _MORE:
        beta = times * situation.settings.beta
        yield replace(situation, settings=replace(situation.settings, beta=beta))


def shows_nothing_new(
    situation: Situation, surrogate: Surrogate, found: Found, *, waiting: Floats
) -> bool:
    """Tells whether a candidate lies beside what was measured and is not worth a run.

    Args:
        situation: what is wanted, with at least one result.
        surrogate: fitted, not conditioned on what waits.
        found: the candidate.
        waiting: encoded configurations under way or picked earlier in this batch, ``m d``.
    """
    objective, bounds = situation.objective, Bounds(*situation.bounds)
    seen = surrogate.observations
    measured = seen.x[most_promising(objective, seen.y, most=_MOST_MEASURED)]
    here, under_way = torch.from_numpy(found.x)[None, :], torch.from_numpy(waiting)
    apart = (torch.cat([measured, under_way]) - here).abs().amax(dim=1)
    if float(apart.min()) > BESIDE:
        return False
    conditioned = surrogate.conditioned_on(under_way)
    worth = worth_of_runs(conditioned, objective, here, measured=measured, new=here, bounds=bounds)
    with torch.no_grad():
        utility = utility_moments(objective, *surrogate.moments(measured), bounds=bounds).mean
    return float(worth[0]) < LEAST_WORTH * float(utility.std(correction=0))
