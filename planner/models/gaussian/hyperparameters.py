"""Hyperparameters of the surrogate: a record that goes to JSON and back exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from planner.errors import InputError
from planner.models.observations import SMALLEST_NOISE
from planner.models.priors import SIGNAL_VARIANCE
from planner.space import Floats


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a fit found; all in standardised units and the unit cube.

    Args:
        lengthscales: one a parameter, in widths of its range.
        noise_variance: of one measurement; learned, or the median of the known ones where all are.
        mean: the constant that predictions return to far from all observations.
        signal_variance: of the process before anything was observed.
    """

    lengthscales: tuple[float, ...]
    noise_variance: float
    mean: float
    signal_variance: float = SIGNAL_VARIANCE

    def __post_init__(self) -> None:
        if (
            not self.lengthscales
            or min(*self.lengthscales, self.signal_variance) <= 0
            or self.noise_variance < 0
        ):
            raise InputError(
                f"Lengthscales and signal must be above 0 and the noise at least 0: {self}."
            )

    def logarithms(self) -> Floats:
        """Returns those of the lengthscales and, last, of the noise: where a search starts."""
        return np.log([*self.lengthscales, max(self.noise_variance, SMALLEST_NOISE)])

    def to_json(self) -> dict[str, Any]:
        """Returns plain lists and numbers; JSON writes every float so that it reads back equal."""
        record = asdict(self)
        record["lengthscales"] = list(self.lengthscales)
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Hyperparameters:
        """Reads what ``to_json`` wrote.

        Raises:
            InputError: an entry is missing or unknown, or a value makes no sense.
        """
        try:
            return cls(**{**record, "lengthscales": tuple(record["lengthscales"])})
        except (KeyError, TypeError) as error:
            raise InputError(f"These are no hyperparameters: {dict(record)}.") from error
