"""Optuna's Gaussian-process sampler; what it suggests is moved to the nearest row that is free.

Optuna has no candidate tables. The trial that it suggests is given up, and the row that was run in
its place is added with its own values, so that its model is fitted on what was measured. Its ten
random startup trials are cut to the five of the shared start, so that its model decides as soon as
everybody's.
"""

from __future__ import annotations

from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
)
from optuna.samplers import GPSampler
from optuna.trial import TrialState, create_trial
from wire import Pool, Row, serve

N_STARTUP = 5


class Optuna:
    """An Optuna study."""

    planner = f"optuna {optuna.__version__}"
    kind = "model"

    def __init__(self, pool: Pool) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._pool = pool
        self._distributions: dict[str, BaseDistribution] = {
            each.name: CategoricalDistribution(each.choices)
            if each.choices
            else FloatDistribution(each.low, each.high)
            for each in pool.parameters
        }
        self._study = optuna.create_study(
            direction="maximize" if pool.is_maximised else "minimize",
            sampler=GPSampler(seed=pool.seed, n_startup_trials=N_STARTUP),
        )

    def tell(self, values: Row, outcome: float) -> None:
        """Adds a finished trial."""
        self._study.add_trial(
            create_trial(
                params=dict(zip(self._pool.names, values, strict=True)),
                distributions=self._distributions,
                value=outcome,
            )
        )

    def ask(self) -> Any:
        """Returns the free row nearest to its suggestion."""
        trial = self._study.ask(self._distributions)
        self._study.tell(trial, state=TrialState.FAIL)
        return self._pool.nearest_place([trial.params[name] for name in self._pool.names])


if __name__ == "__main__":
    serve(Optuna)
