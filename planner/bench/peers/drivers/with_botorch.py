"""Plain BoTorch: ``SingleTaskGP`` and ``LogExpectedImprovement`` with their defaults.

Numbers are scaled to the unit interval and names are one-hot, as the defaults expect. The
acquisition is scored over all free rows; in an open space it is optimised by ``optimize_acqf``.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import torch
from botorch.acquisition.analytic import LogExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.optim.optimize import optimize_acqf
from gpytorch.mlls import ExactMarginalLogLikelihood
from wire import Pool, Row, serve


class PlainBoTorch:
    """The two classes that the tutorials begin with."""

    planner = f"botorch {version('botorch')}"
    kind = "model"

    def __init__(self, pool: Pool) -> None:
        torch.manual_seed(pool.seed)
        self._pool = pool
        self._x: list[list[float]] = []
        self._y: list[float] = []
        self._rows = None if pool.rows is None else [self._encode(row) for row in pool.rows]

    def tell(self, values: Row, outcome: float) -> None:
        """Keeps it."""
        self._x.append(self._encode(values))
        self._y.append(outcome if self._pool.is_maximised else -outcome)

    def ask(self) -> Any:
        """Fits, and returns the place of the highest acquisition."""
        x = torch.tensor(self._x, dtype=torch.float64)
        y = torch.tensor(self._y, dtype=torch.float64).unsqueeze(-1)
        model = SingleTaskGP(x, y)
        likelihood = ExactMarginalLogLikelihood(model.likelihood, model)  # type: ignore[no-untyped-call]
        fit_gpytorch_mll(likelihood)
        worth = LogExpectedImprovement(model, best_f=y.max())
        if self._rows is None:
            return self._anywhere(worth, d=x.shape[-1])
        free = [place for place in range(len(self._rows)) if place not in self._pool.taken]
        candidates = torch.tensor([self._rows[place] for place in free], dtype=torch.float64)
        with torch.no_grad():
            values = worth(candidates.unsqueeze(-2))
        return free[int(values.argmax())]

    def _anywhere(self, worth: LogExpectedImprovement, *, d: int) -> list[float]:
        unit = torch.stack([torch.zeros(d), torch.ones(d)]).double()
        found, _ = optimize_acqf(worth, bounds=unit, q=1, num_restarts=10, raw_samples=512)
        return [
            each.low + (each.high - each.low) * share
            for each, share in zip(self._pool.parameters, found[0].tolist(), strict=True)
        ]

    def _encode(self, values: Row) -> list[float]:
        encoded: list[float] = []
        for parameter, value in zip(self._pool.parameters, values, strict=True):
            if parameter.choices:
                encoded += [float(value == each) for each in parameter.choices]
            else:
                encoded.append((float(value) - parameter.low) / (parameter.high - parameter.low))
        return encoded


if __name__ == "__main__":
    serve(PlainBoTorch)
