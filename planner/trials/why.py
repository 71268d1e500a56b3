"""Why a model chose a configuration, in figures, and how well it was searched for.

Both are written down with the proposal. The figures are rounded when they are made: they are known
to two or three digits, and a ledger of 10,000 trials stays small.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# An effect of less than its own deviation from 0 is not sure.
_SURE = 1.0

Promise = Literal["exploits", "explores", "learns", "repeats"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the value of one parameter has to do with it.

    Args:
        adds: its Shapley value: what it adds to the prediction against an average setting of the
            space, in the outcome's unit; of a class in log-odds.
        sd: how uncertain the model is of that.
        sd_before: how uncertain it will be of that when the run there is made: less, where other
            trials are measured before.
        sd_after: how uncertain after it, whatever comes out of any of them.
        error: standard error of ``adds`` by sampling; 0 where nothing was sampled.
        settled: share of what will be unknown then of this parameter's effect over the whole space
            that one run there removes.
    """

    adds: float
    sd: float
    sd_before: float
    sd_after: float
    error: float
    settled: float

    @property
    def is_sure(self) -> bool:
        """Whether it is farther from 0 than it is uncertain."""
        return abs(self.adds) > _SURE * math.hypot(self.sd, self.error)

    @property
    def removed(self) -> float:
        """The variance of ``adds`` that one run there removes."""
        return self.sd_before**2 - self.sd_after**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a model chose a configuration.

    Args:
        promise: whether the prediction alone promises more than the best so far (exploits) or the
            uncertainty must (explores); or it is there to learn, or to repeat a setting.
        base: prediction at an average setting; with what all parameters add it makes up the
            prediction of the process, without regard to the outcome's bounds.
        effects: by parameter, the largest first; of those that are set or measured.
        n_before: how many trials are measured before a run there: they were under way, or come
            earlier in its batch.
    """

    promise: Promise
    base: float
    effects: Mapping[str, Effect]
    n_before: int = 0

    @property
    def most_attacked(self) -> str | None:
        """The parameter of whose value's effect a run there removes most variance."""
        if not self.effects:
            return None
        return max(self.effects, key=lambda name: self.effects[name].removed)

    @property
    def most_settled(self) -> str | None:
        """The parameter of whose effect a run there settles most; None where there is none."""
        if not self.effects:
            return None
        return max(self.effects, key=lambda name: self.effects[name].settled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How the candidate of highest acquisition was searched for.

    Args:
        n_scored: how many candidates were scored as they are: all that a table has left, or
            samples of an open space.
        n_ascents: from how many of the best the gradient was followed; 0 where all were scored.
        n_at_top: how many of these ended at a top: no small step within the rules gains there.
        said: where the others ended, in a clause; empty where all ended at a top.
    """

    n_scored: int
    n_ascents: int = 0
    n_at_top: int = 0
    said: str = ""

    @property
    def in_words(self) -> str:
        """Says it in a sentence, and of ascents that ended before a top why, and what follows."""
        if not self.n_ascents:
            return f"All {self.n_scored:,} candidates that are left were scored."
        scored = f"{self.n_scored:,} samples were scored"
        if self.is_doubtful:
            ended = f"{scored}, but no ascent of {self.n_ascents} from the best ended at a top"
        else:
            of_all = f"{self.n_at_top} of {self.n_ascents}"
            ended = f"{scored}, and {of_all} ascents from the best ended at a top"
        if not self.said:
            return f"{ended}."
        who = "they" if self.is_doubtful else "the others"
        return f"{ended}; {who} ended {self.said}. Of all that was seen the best is proposed."

    @property
    def is_doubtful(self) -> bool:
        """Whether the gradient was followed and no ascent ended at a top."""
        return self.n_ascents > 0 and self.n_at_top == 0
