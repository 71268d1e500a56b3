"""An analytic gradient against central differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def assert_gradient(
    function: Callable[[np.ndarray], tuple[float, np.ndarray]], theta: np.ndarray
) -> None:
    """Compares in every direction.

    With a step of 1e-5 the values, of size 1e2, leave rounding of 1e-14 * 1e2 / 1e-5 = 1e-7, and
    third derivatives of up to 1e3 leave 1e-7; both are allowed five times.
    """
    value, gradient = function(theta)
    assert np.isfinite(value)
    for index in range(len(theta)):
        step = np.zeros_like(theta)
        step[index] = 1e-5
        slope = (function(theta + step)[0] - function(theta - step)[0]) / 2e-5
        assert abs(slope - gradient[index]) < 1e-6 + 1e-5 * np.abs(gradient).max(), index
