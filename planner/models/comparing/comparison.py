"""What a comparison of families found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

# The families that decide while others cannot be compared: the first that there is time to fit.
FAVOURITES = ("averaged_gp", "gp", "large_gp")
FAVOURITE = FAVOURITES[0]
FEWEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a comparison found.

    Args:
        n: how many observations there were.
        scores: mean held-out log density of each family, in nats, of the standardised outcome.
        weights: of those that are averaged; they sum to one.
        left_out: families that were not compared, and why.
        dropped: families that had a weight until they could not be fitted to what has come in
            since, and why.
        n_fitted: how many of the observations those that were compared were fitted to; 0 where
            it was all of them but a fold.
        past: number of observations past which the other families take too long, where one is
            left and decides alone.
        n_dear: how many observations there were when dear families were last compared; 0 where
            they never were. Since then theirs are the weights that they had.
    """

    n: int
    scores: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)
    n_fitted: int = 0
    past: int | None = None
    n_dear: int = 0

    def in_words(self) -> str:
        """Returns in a sentence who counts and why, and in one more each who no longer does."""
        lost = (f" {name} is left out since then: {why}" for name, why in self.dropped.items())
        return self._found() + "".join(each.rstrip(".") + "." for each in lost)

    def _found(self) -> str:
        if self.past is not None:
            [name] = self.weights
            return (
                f"{name} decides: past {self.past:,} results the other families take too long to "
                f"fit ({self.n:,} were in when it took over or was looked at last)."
            )
        if self.n < FEWEST:
            return (
                f"With fewer than {FEWEST} results {FAVOURITE} decides; then families of models "
                "are compared."
            )
        shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in self.weights.items())
        if not self.scores:
            return f"No family could be compared on {self.n} results; they count {shares}."
        best = max(self.scores, key=lambda name: self.scores[name])
        held_out = (
            f"results that {self.n_fitted} others predicted"
            if self.n_fitted
            else f"{self.n} held-out results"
        )
        return (
            f"Of {len(self.scores)} families compared on {held_out} {best} "
            f"predicted best ({self.scores[best]:+.2f} nat a result); they count {shares}."
            f"{self._of_dear()}"
        )

    def without(self, unfit: Mapping[str, str]) -> Comparison:
        """Returns the comparison with the weight of some shared out among the others.

        Args:
            unfit: families that have a weight and cannot be fitted, and why; not all that have one.
        """
        weights = {name: w for name, w in self.weights.items() if name not in unfit}
        total = sum(weights.values())
        return replace(
            self,
            weights={name: w / total for name, w in weights.items()},
            dropped={**self.dropped, **unfit},
        )

    def _of_dear(self) -> str:
        if self.n_dear in (0, self.n):
            return ""
        return f" Those that take long were compared when {self.n_dear} results were in."
