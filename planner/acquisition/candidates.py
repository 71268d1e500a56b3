"""Where candidates come from: the rows of a table, scored one and all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.acquisition.start import distance_weights, place
from planner.space import Contextual, Floats, SearchSpace, Value
from planner.trials import Search

Score = Callable[[Float64[Tensor, "n d"]], Float64[Tensor, " n"]]

# Encoded configurations that agree in this many decimals are the same: ten thousand times finer
# than four significant digits, a million times coarser than rounding.
_DECIMALS = 8
_BLOCK = 512


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A candidate, its row in the table if there is one, and its score if it has one.

    With a score goes how it was searched for.
    """

    configuration: dict[str, Value]
    row: int | None
    x: Floats
    score: float | None = None
    search: Search | None = None


class Candidates(Protocol):
    """What may be chosen from; ``taken`` are encoded configurations, ``k d``, that may not be."""

    def best(self, score: Score, *, taken: Floats, seed: int) -> Found | None:
        """Returns the candidate with the highest score; None where none is left."""

    def spread(self, n: int, *, taken: Floats, seed: int) -> list[Found]:
        """Returns up to ``n`` candidates that fill the space around what is taken."""


@dataclass(frozen=True, slots=True, eq=False)
class TableCandidates:
    """The rows of a candidate table.

    Args:
        space: with its rows, all of the table or a part.
        blocked: numbers of rows that may not be chosen, counted in the whole table.
        is_given: the campaign has the table; rows of a space that was merely listed are not named.
    """

    space: SearchSpace
    blocked: frozenset[int]
    is_given: bool = True

    def best(self, score: Score, *, taken: Floats, seed: int) -> Found | None:
        """Scores every row that is left; of equal scores the first row wins."""
        rows = self.left(taken)
        if len(rows) == 0:
            return None
        scores = score_in_blocks(score, self.space.encoded_rows[rows])
        best = int(np.argmax(scores))
        found = self._found(int(rows[best]))
        return replace(found, score=float(scores[best]), search=Search(n_scored=len(rows)))

    def spread(self, n: int, *, taken: Floats, seed: int) -> list[Found]:
        """Chooses the rows nearest to cluster centres."""
        rows = self.left(taken)
        weights = distance_weights(self.space)
        chosen = place(self.space.encoded_rows[rows] * weights, taken * weights, n, seed=seed)
        return [self._found(int(rows[index])) for index in chosen]

    def left(self, taken: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Returns the indices of the rows that may be chosen."""
        columns = chosen_columns(self.space)
        is_left = ~are_among(self.space.encoded_rows[:, columns], taken[:, columns])
        if self.space.row_numbers is None:
            is_left[sorted(self.blocked)] = False
        else:
            is_left &= ~np.isin(self.space.row_numbers, sorted(self.blocked))
        return np.flatnonzero(is_left)

    def with_room(self, n: int, *, shared: tuple[str, ...], taken: Floats) -> TableCandidates:
        """Returns those rows whose shared values leave ``n`` of them, or as many as any do."""
        assert self.space.rows is not None
        left = self.left(taken)
        groups: dict[tuple[Value, ...], list[int]] = {}
        for index in left:
            row = self.space.rows[index]
            groups.setdefault(tuple(row[name] for name in shared), []).append(int(index))
        most = min(n, max(map(len, groups.values()), default=0))
        kept = {index for group in groups.values() if len(group) >= most for index in group}
        numbers = self.space.row_numbers or range(len(self.space.rows))
        others = frozenset(numbers[int(index)] for index in left if int(index) not in kept)
        return replace(self, blocked=self.blocked | others)

    def _found(self, row: int) -> Found:
        assert self.space.rows is not None
        numbers = self.space.row_numbers
        return Found(
            configuration=dict(self.space.rows[row]),
            row=None if not self.is_given else row if numbers is None else numbers[row],
            x=self.space.encoded_rows[row],
        )


def chosen_columns(space: SearchSpace) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Returns the columns of what is chosen: two configurations that agree there are the same."""
    is_measured = [isinstance(space.parameters[index], Contextual) for index in space.columns]
    return np.flatnonzero(~np.array(is_measured, dtype=np.bool_))


def are_among(x: Floats, taken: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tells for each row of x, ``n d``, whether it is one of ``taken``, ``k d``."""
    if len(taken) == 0 or x.shape[1] == 0:
        return np.full(len(x), len(taken) > 0)
    return np.isin(_as_keys(x), _as_keys(taken))


def _as_keys(x: Floats) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    # adding 0 turns -0 into 0, whose bytes differ
    rounded = np.ascontiguousarray(np.round(x, _DECIMALS) + 0.0)
    return rounded.view(np.dtype((np.void, rounded.itemsize * rounded.shape[1])))[:, 0]


def score_in_blocks(score: Score, x: Floats) -> Floats:
    """Returns the score of each row; what is not a number loses."""
    with torch.no_grad():
        blocks = [score(block) for block in torch.split(torch.from_numpy(x), _BLOCK)]
    return torch.cat(blocks).nan_to_num(nan=-torch.inf).numpy().astype(np.float64)
