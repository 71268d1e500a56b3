"""An alarm when intervals stop holding as often as they say, that right ones seldom set off.

| symbol | meaning                                                                     |
|--------|-----------------------------------------------------------------------------|
| l      | a level; under right intervals each holds with probability l                |
| h, n   | how many of n intervals held                                                |
| E_l    | ``B(h + 1, n - h + 1) / (l^h (1 - l)^(n - h))`` with B Euler's beta function |
| E      | mean of E_l over the levels and over three groups: all forecasts, those of  |
|        | settings that the planner chose, those of people's own                      |

A model is differently wrong of what was chosen by it and of what was not, and of few of the one
kind among many of the other all together would say nothing for long.

``E_l`` is how much likelier the results are if the intervals hold with *some* probability, any
being as likely as any other, than if they hold with l. Whatever came before, it is 1 on average
one forecast later if they are right (a forecast of another group leaves it), and so is E: a
martingale. By Ville's inequality the
probability that it *ever* reaches 1 / alpha is at most alpha, however often one looks.

Source: Ville, "Etude critique de la notion de collectif" (1939); Shafer, "Testing by betting"
(J. R. Stat. Soc. A 2021).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from planner.models.coverage.measuring import LEVELS, Chooser, Judged, LevelHeld
from planner.space import Floats

# Of all settings, or of those that one kind of chooser chose.
_GROUPS: tuple[Chooser | None, ...] = (None, "chosen", "own")

# At most one campaign in a hundred whose intervals are right ever sees an alarm.
FALSE_ALARMS = 0.01
_ENOUGH = -math.log(FALSE_ALARMS)
# So many times likelier later results must be if intervals hold as often as they say.
_OUTWEIGHS = math.log(10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Stated intervals that do not hold as often as they say.

    Args:
        trial: whose result set it off.
        level: that is farthest off.
        held: how many intervals of that level had held by then.
        n: of how many.
        chooser: of whose settings; None where they are those of all.
    """

    trial: int
    level: float
    held: int
    n: int
    chooser: Chooser | None = None


def find_alarm(judged: Sequence[Judged]) -> Alarm | None:
    """Returns the first alarm among forecasts, in the order in which results came; None if none."""
    levels = np.array(LEVELS)
    held = np.zeros((len(_GROUPS), len(levels)))
    n = np.zeros_like(held)
    for each in judged:
        # which forecasts count, and where, is settled before their result, so the martingale
        # stays one
        groups = [0, 2 if each.is_own else 1]
        is_counted = levels <= each.uncut
        n[groups] += is_counted
        held[groups] += is_counted & (each.needed <= levels)
        evidence = log_evidence(held, n)
        if np.logaddexp.reduce(evidence, axis=None) - math.log(evidence.size) >= _ENOUGH:
            group, level = np.unravel_index(int(np.argmax(evidence)), evidence.shape)
            return Alarm(
                trial=each.trial,
                level=LEVELS[level],
                held=int(held[group, level]),
                n=int(n[group, level]),
                chooser=_GROUPS[group],
            )
    return None


def is_outweighed(alarm: Alarm, later: LevelHeld) -> bool:
    """Tells whether what came after an alarm speaks against it.

    It does where the later counts are ten times likelier if intervals hold with their level than
    if they hold with the share ``p = (h + 1) / (n + 2)`` that the alarm was about (Laplace's, so
    that neither none nor all makes anything impossible):
    ``(l / p)^h' ((1 - l) / (1 - p))^(n' - h') >= 10``.

    Args:
        alarm: with its counts h and n.
        later: counts h' and n' of the same level since then.
    """
    level, share = alarm.level, (alarm.held + 1) / (alarm.n + 2)
    held = later.held * math.log(level / share)
    missed = (later.n - later.held) * math.log((1 - level) / (1 - share))
    return held + missed >= _OUTWEIGHS


def log_evidence(held: Floats, n: Floats) -> Floats:
    """Returns log ``E_l`` of each level.

    Args:
        held: how many intervals of each level held, ``... l``.
        n: of how many, ``... l``.
    """
    levels = np.array(LEVELS)
    under_any = betaln(held + 1, n - held + 1)
    under_right = held * np.log(levels) + (n - held) * np.log1p(-levels)
    return np.asarray(under_any - under_right, dtype=np.float64)
