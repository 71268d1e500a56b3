"""Random choice among the rows that are free, or anywhere in an open space."""

from __future__ import annotations

import random
from typing import Any

from wire import Pool, Row, serve


class RandomChoice:
    """Chooses without looking."""

    planner = "random choice"
    kind = "model"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._generator = random.Random(pool.seed)  # noqa: S311 - no secret

    def tell(self, values: Row, outcome: float) -> None:
        """Forgets it."""

    def ask(self) -> Any:
        """Returns any place."""
        pool = self._pool
        if pool.rows is not None:
            return self._generator.choice(
                [place for place in range(len(pool.rows)) if place not in pool.taken]
            )
        return [
            self._generator.choice(each.choices)
            if each.choices
            else self._generator.uniform(each.low, each.high)
            for each in pool.parameters
        ]


if __name__ == "__main__":
    serve(RandomChoice)
