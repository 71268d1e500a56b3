"""An alarm when intervals stop holding as often as they say, that right ones seldom set off.

| symbol | meaning                                                                     |
|--------|-----------------------------------------------------------------------------|
| l      | a level; under right intervals each holds with probability l                |
| h, n   | how many of n intervals held                                                |
| p      | ``(h + 1) / (n + 2)`` before a block of forecasts                           |
| e      | of a forecast of the block ``p / l`` where it held, else ``(1-p) / (1-l)``  |
| E_l    | product over blocks of the mean of e over the block                         |
| E      | mean of E_l over the levels and over three groups: all forecasts, those of  |
|        | settings that the planner chose, those of people's own                      |

A model is differently wrong of what was chosen by it and of what was not, and of few of the one
kind among many of the other all together would say nothing for long.

A block is what was stated with the same results known: one forecast where trials follow each
other, or a batch. Its forecasts are right one by one and err together, so their e may not be
multiplied; their mean is 1 on average if they are right, whatever came before (a group of which
none is in the block keeps its E_l), and so E is a martingale where a block follows the last. By
Ville's inequality the probability that it *ever* reaches 1 / alpha is then at most alpha, however
often one looks. Of blocks of one forecast, ``E_l`` is how much likelier the results are if the
intervals hold with *some* probability, any being as likely as any other, than if they hold with l.

Where trials overlap, each proposed when another has ended, their blocks are of one and not quite
independent. Simulated with a right Gaussian process that stays within alpha; where three are always
under way and share two thirds of their errors, three times alpha.

Source: Ville, "Etude critique de la notion de collectif" (1939); Shafer, "Testing by betting"
(J. R. Stat. Soc. A 2021); Vovk and Wang, "E-values: calibration, combination and applications"
(Ann. Stat. 2021) for the mean of those that depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

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


def find_alarm(judged: Sequence[Judged], *, waiting: Sequence[float] = ()) -> Alarm | None:
    """Returns the first alarm among forecasts; None if none.

    Args:
        judged: forecasts with results, in the order in which these came.
        waiting: when those were stated whose result is not known yet, as ``Judged.stated_at``.
    """
    evidence, known = LevelEvidence(), [_known_at(each, at) for at, each in enumerate(judged)]
    stated = [_stated_at(each, at) for at, each in enumerate(judged)]
    unfinished = set(np.searchsorted(known, waiting).tolist())
    blocks: dict[int, list[int]] = {}
    for place, block in enumerate(np.searchsorted(known, stated).tolist()):
        blocks.setdefault(block, []).append(place)
    for block, places in sorted(blocks.items(), key=lambda each: each[1][-1]):
        if block in unfinished:
            continue
        evidence.add([judged[place] for place in places])
        if evidence.log_mean >= _ENOUGH:
            group, level = evidence.farthest_off
            return _alarm(judged[: places[-1] + 1], _GROUPS[group], LEVELS[level])
    return None


def _known_at(judged: Judged, place: int) -> float:
    return place + 0.5 if judged.known_at is None else judged.known_at


def _stated_at(judged: Judged, place: int) -> float:
    return place if judged.stated_at is None else judged.stated_at


def _zeros() -> Floats:
    return np.zeros((len(_GROUPS), len(LEVELS)))


@dataclass(slots=True)
class LevelEvidence:
    """Log ``E_l``, and how many intervals held, of how many; by group and level."""

    log: Floats = field(default_factory=_zeros)
    held: Floats = field(default_factory=_zeros)
    n: Floats = field(default_factory=_zeros)

    def add(self, block: Sequence[Judged]) -> None:
        """Takes in one block.

        Which forecasts count, and where, is settled before their results.
        """
        levels = np.array(LEVELS)
        held, n = _zeros(), _zeros()
        for each in block:
            groups = [0, 2 if each.is_own else 1]
            is_counted = levels <= each.uncut
            n[groups] += is_counted
            held[groups] += is_counted & (each.needed <= levels)
        p = (self.held + 1) / (self.n + 2)
        e = (held * p / levels + (n - held) * (1 - p) / (1 - levels)) / np.maximum(n, 1)
        self.log += np.log(np.where(n > 0, e, 1.0))
        self.held += held
        self.n += n

    @property
    def log_mean(self) -> float:
        """Log E."""
        return float(np.logaddexp.reduce(self.log, axis=None)) - math.log(self.log.size)

    @property
    def farthest_off(self) -> tuple[int, int]:
        """Group and level of the largest ``E_l``."""
        group, level = np.unravel_index(int(np.argmax(self.log)), self.log.shape)
        return int(group), int(level)


def _alarm(known: Sequence[Judged], chooser: Chooser | None, level: float) -> Alarm:
    counted = [
        each
        for each in known
        if level <= each.uncut and (chooser is None or each.is_own == (chooser == "own"))
    ]
    return Alarm(
        trial=known[-1].trial,
        level=level,
        held=sum(each.held(level) for each in counted),
        n=len(counted),
        chooser=chooser,
    )


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
