"""What a comparison of families found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# The family that decides while there are too few results to compare.
FAVOURITE = "averaged_gp"
FEWEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a comparison found.

    Args:
        n: how many observations there were.
        scores: mean held-out log density of each family, in nats, of the standardised outcome.
        weights: of those that are averaged; they sum to one.
        left_out: families that were not compared, and why.
    """

    n: int
    scores: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def in_words(self) -> str:
        """Returns one sentence that says who counts and why."""
        if not self.scores:
            return (
                f"{FAVOURITE} decides until {FEWEST} results are in and families can be compared."
            )
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in self.weights.items())
        best = max(self.scores, key=lambda name: self.scores[name])
        return (
            f"Of {len(self.scores)} families compared on {self.n} held-out results {best} "
            f"predicted best ({self.scores[best]:+.2f} nat a result); they count {shares}."
        )
