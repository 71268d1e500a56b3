"""How closely an explanation looks: what it costs, and how far its figures can be trusted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """How many places an explanation looks at.

    Args:
        points: at which means are taken, for the effects.
        covaried: points of whose covariances with an eighth of them the effects' deviations are
            taken; more, up to four times as many, where that is fewer than ``pairs`` of orders.
        pairs: of orders in which the parameters join.
        levels: of a parameter's own values through which its effect is followed.
        others: settings of the other parameters that it is averaged over there.
    """

    points: int
    covaried: int
    pairs: int
    levels: int
    others: int

    def covaried_among(self, n_parameters: int) -> int:
        """Returns how many points covariances are taken of with so many parameters."""
        of_pairs = self.pairs * 2 * (n_parameters + 1)
        return max(self.covaried, min(of_pairs, 4 * self.covaried))


# Some seconds: for who asks, and for the best conditions of a report.
THOROUGH = Effort(points=4096, covaried=1024, pairs=64, levels=12, others=32)
# A tenth to a third of an ask, so that every proposal of a model has it: half of the deviations are
# then within a quarter, shares within some hundredths.
QUICK = Effort(points=512, covaried=320, pairs=24, levels=4, others=6)
