"""BoFire's single-objective strategy; what it suggests is moved to the nearest row that is free.

The row that was run is told with its own values. Every setting of the strategy is its default.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pandas as pd
from bofire.data_models.domain.api import Domain, Inputs, Outputs
from bofire.data_models.features.api import CategoricalInput, ContinuousInput, ContinuousOutput
from bofire.data_models.objectives.api import MaximizeObjective, MinimizeObjective
from bofire.data_models.strategies.api import SoboStrategy
from bofire.strategies.api import map as strategy_of
from wire import Pool, Row, serve


class BoFire:
    """A BoFire strategy."""

    planner = f"bofire {version('bofire')}"
    kind = "model"

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        inputs = [
            CategoricalInput(key=each.name, categories=list(each.choices))
            if each.choices
            else ContinuousInput(key=each.name, bounds=(each.low, each.high))
            for each in pool.parameters
        ]
        objective = (MaximizeObjective if pool.is_maximised else MinimizeObjective)(w=1.0)
        domain = Domain(
            inputs=Inputs(features=inputs),
            outputs=Outputs(features=[ContinuousOutput(key="outcome", objective=objective)]),
        )
        self._strategy = strategy_of(SoboStrategy(domain=domain, seed=pool.seed))

    def tell(self, values: Row, outcome: float) -> None:
        """Adds an experiment."""
        measured = {
            **dict(zip(self._pool.names, values, strict=True)),
            "outcome": outcome,
            "valid_outcome": 1,
        }
        self._strategy.tell(pd.DataFrame([measured]))

    def ask(self) -> Any:
        """Returns the free row nearest to its suggestion."""
        found = self._strategy.ask(1)
        values = [found[name].iloc[0] for name in self._pool.names]
        return self._pool.nearest_place(
            [value if isinstance(value, str) else float(value) for value in values]
        )


if __name__ == "__main__":
    serve(BoFire)
