"""How closely an explanation looks: what it costs, and how far its figures can be trusted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """How many places an explanation looks at.

    Args:
        points: at which means are taken, for the effects.
        covaried: between which covariances are taken, for the effects' deviations.
        levels: of a parameter's own values through which its effect is followed.
        others: settings of the other parameters that it is averaged over there.
    """

    points: int
    covaried: int
    levels: int
    others: int


# Some seconds: for who asks, and for the best conditions of a report.
THOROUGH = Effort(points=4096, covaried=512, levels=12, others=32)
# A tenth to a fifth of an ask, so that every proposal of a model has it: the larger deviations are
# then off by a quarter of themselves up to six parameters, shares by some hundredths.
QUICK = Effort(points=512, covaried=96, levels=4, others=6)
