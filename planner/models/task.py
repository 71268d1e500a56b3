"""What a family of models is fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.errors import InputError
from planner.models.observations import Observations, OutcomeScale
from planner.models.predictive.rectified import Bounds


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What a family is fitted to; the same task gives the same surrogate.

    Args:
        observations: what was measured.
        columns: for each encoded column the index of the parameter it belongs to; of a choice with
            descriptors every further one counts as a parameter of its own (``SearchSpace.groups``).
        categories: parameters whose columns are one-hot: choices without an order.
        scale: the outcome's expected mean and deviation, where the campaign file says what to
            expect; used while there are few observations.
        bounds: smallest and largest value that the outcome can take, where it has them.
        memo: what the last fit of this family found, from which this one may start.
        seed: of draws, where the family makes any.
        goes_on: whether a search goes on from the memo alone: the observations are a part of those
            that it was found from, so it is near.
        keeps: whether what the memo found is kept and only conditioned on the observations: few
            have come since, which hardly move it.
    """

    observations: Observations
    columns: tuple[int, ...]
    categories: frozenset[int] = frozenset()
    scale: OutcomeScale | None = None
    bounds: Bounds = field(default_factory=Bounds)
    memo: Mapping[str, object] | None = None
    seed: int = 0
    goes_on: bool = False
    keeps: bool = False

    def __post_init__(self) -> None:
        d = self.observations.x.shape[1]
        if d != len(self.columns):
            raise InputError(f"Observations have {d} columns, the space has {len(self.columns)}.")

    @property
    def n_parameters(self) -> int:
        """Number of parameters, each of one or more columns."""
        return max(self.columns) + 1
