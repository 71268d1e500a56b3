"""BayBE with its default recommender, on a search space made from the data frame of candidates.

``SearchSpace.from_dataframe`` is what its documentation recommends where the candidates are known
one by one. Names are a ``CategoricalParameter`` (one-hot, its default). The shared start stands in
for the first phase of its default recommender.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pandas as pd
from baybe import Campaign
from baybe.objectives import SingleTargetObjective
from baybe.parameters import (
    CategoricalParameter,
    NumericalContinuousParameter,
    NumericalDiscreteParameter,
)
from baybe.parameters.base import Parameter
from baybe.searchspace import SearchSpace
from baybe.settings import Settings
from baybe.targets import NumericalTarget
from wire import Pool, Row, serve


class BayBE:
    """A BayBE campaign."""

    planner = f"baybe {version('baybe')}"
    kind = "model"

    def __init__(self, pool: Pool) -> None:
        Settings(random_seed=pool.seed).activate()
        self._pool = pool
        target = NumericalTarget("outcome", minimize=not pool.is_maximised)
        # a candidate is chosen once; in an open space that flag is refused
        flags = {} if pool.rows is None else {"allow_recommending_already_measured": False}
        self._campaign = Campaign(_space(pool), SingleTargetObjective(target), **flags)

    def tell(self, values: Row, outcome: float) -> None:
        """Adds a measurement."""
        measured = {**dict(zip(self._pool.names, values, strict=True)), "outcome": outcome}
        self._campaign.add_measurements(pd.DataFrame([measured]))

    def ask(self) -> Any:
        """Returns its recommendation, which is one of the candidates."""
        found = self._campaign.recommend(batch_size=1)
        values = [found[name].iloc[0] for name in self._pool.names]
        values = [value if isinstance(value, str) else float(value) for value in values]
        return values if self._pool.rows is None else self._pool.free_place(values)


def _space(pool: Pool) -> SearchSpace:
    if pool.rows is None:
        return SearchSpace.from_product(
            [NumericalContinuousParameter(p.name, (p.low, p.high)) for p in pool.parameters]
        )
    frame = pd.DataFrame(pool.rows, columns=pool.names)
    parameters: list[Parameter] = [
        CategoricalParameter(each.name, each.choices)
        if each.choices
        else NumericalDiscreteParameter(each.name, sorted(set(frame[each.name])))
        for each in pool.parameters
    ]
    return SearchSpace.from_dataframe(frame, parameters)


if __name__ == "__main__":
    serve(BayBE)
