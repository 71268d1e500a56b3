"""Which of many measured settings are looked at closely: those with the best outcomes."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from planner.acquisition.situation import Situation
from planner.acquisition.utility import utility_of
from planner.campaign.objectives import AnyObjective
from planner.space import Floats

# Of more settings than this the rest is not looked at. That the best of them by prediction is not
# among so many best by outcome takes noise that hides nearly all there is to see.
MOST_LOOKED_AT = 2048


def most_promising(
    objective: AnyObjective, y: Float64[Tensor, " n"], *, most: int = MOST_LOOKED_AT
) -> Int64[Tensor, " m"]:
    """Returns the numbers of the outcomes of highest utility in their order; of few, all."""
    if len(y) <= MOST_LOOKED_AT:
        return torch.arange(len(y))
    order = torch.argsort(utility_of(objective, y), descending=True, stable=True)
    return order[:most].sort().values


def looked_at(situation: Situation) -> Floats | None:
    """Returns the settings with the best outcomes; None where there are few enough to take all."""
    y = np.asarray(situation.y, dtype=np.float64)
    if len(y) <= MOST_LOOKED_AT:
        return None
    best = most_promising(situation.objective, torch.from_numpy(y))
    found: Floats = np.asarray(situation.x, dtype=np.float64)[best.numpy()]
    return found
