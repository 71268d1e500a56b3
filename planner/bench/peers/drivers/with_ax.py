"""Ax by its client; what it suggests is moved to the nearest row that is free.

The client has no candidate tables. The trial that it suggests is marked failed, and the row that
was run in its place is attached with its own values, so that its model is fitted on what was
measured. The shared start stands in for its five initial trials; the centre is left out, so that
its model decides as soon as everybody's. The method is its default one.
"""

from __future__ import annotations

import logging
from importlib.metadata import version
from typing import Any

from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from wire import Pool, Row, serve

N_INITIAL = 5


class Ax:
    """An Ax client."""

    planner = f"ax-platform {version('ax-platform')}"
    kind = "model"

    def __init__(self, pool: Pool) -> None:
        for name in ("ax", "ax.api.client"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._pool = pool
        self._client = Client(random_seed=pool.seed)
        self._client.configure_experiment(
            parameters=[
                ChoiceParameterConfig(
                    name=each.name,
                    values=list(each.choices),
                    parameter_type="str",
                    is_ordered=False,
                )
                if each.choices
                else RangeParameterConfig(
                    name=each.name, bounds=(each.low, each.high), parameter_type="float"
                )
                for each in pool.parameters
            ]
        )
        self._client.configure_optimization(
            objective="outcome" if pool.is_maximised else "-outcome"
        )
        self._client.configure_generation_strategy(
            initialization_budget=N_INITIAL,
            initialization_random_seed=pool.seed,
            initialize_with_center=False,
        )

    def tell(self, values: Row, outcome: float) -> None:
        """Attaches a finished trial."""
        index = self._client.attach_trial(dict(zip(self._pool.names, values, strict=True)))
        self._client.complete_trial(index, raw_data={"outcome": outcome})

    def ask(self) -> Any:
        """Returns the free row nearest to its suggestion."""
        [(index, found)] = self._client.get_next_trials(max_trials=1).items()
        self._client.mark_trial_failed(index)
        return self._pool.nearest_place([found[name] for name in self._pool.names])


if __name__ == "__main__":
    serve(Ax)
