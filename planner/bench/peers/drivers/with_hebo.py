"""HEBO with its default settings; what it suggests is moved to the nearest row that is free.

The row that was run is told with its own values. HEBO minimises. Its own start is cut to the five
of the shared one, so that its model decides as soon as everybody's.
"""

from __future__ import annotations

import random
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import torch
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO
from wire import Pool, Row, serve

N_START = 5


class Hebo:
    """A HEBO optimiser."""

    planner = f"HEBO {version('HEBO')}"
    kind = "model"

    def __init__(self, pool: Pool) -> None:
        random.seed(pool.seed)
        np.random.seed(pool.seed % 2**32)  # noqa: NPY002 - it draws from the global generators
        torch.manual_seed(pool.seed)
        self._pool = pool
        space = DesignSpace().parse(
            [
                {"name": each.name, "type": "cat", "categories": list(each.choices)}
                if each.choices
                else {"name": each.name, "type": "num", "lb": each.low, "ub": each.high}
                for each in pool.parameters
            ]
        )
        self._optimiser = HEBO(space, rand_sample=N_START, scramble_seed=pool.seed % 2**31)

    def tell(self, values: Row, outcome: float) -> None:
        """Observes it."""
        frame = pd.DataFrame([dict(zip(self._pool.names, values, strict=True))])
        loss = -outcome if self._pool.is_maximised else outcome
        self._optimiser.observe(frame, np.array([[loss]]))

    def ask(self) -> Any:
        """Returns the free row nearest to its suggestion."""
        found = self._optimiser.suggest(n_suggestions=1)
        values = [found[name].iloc[0] for name in self._pool.names]
        return self._pool.nearest_place(
            [value if isinstance(value, str) else float(value) for value in values]
        )


if __name__ == "__main__":
    serve(Hebo)
