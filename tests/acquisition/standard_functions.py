"""Functions whose minimum is known, and campaigns that look for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.acquisition import Settings, Situation, choose
from planner.campaign.objectives import Minimise
from planner.space import Continuous, SearchSpace

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Standard:
    """A function to be minimised.

    Args:
        name: as in the literature.
        value: of one point, shape ``d``.
        bounds: of each coordinate.
        minimum: its lowest value.
        n_trials: budget of a campaign.
    """

    name: str
    value: Callable[[Floats], float]
    bounds: tuple[tuple[float, float], ...]
    minimum: float
    n_trials: int

    def space(self) -> SearchSpace:
        """The search space, coordinates named x0, x1 and so on."""
        return SearchSpace(
            parameters=tuple(
                Continuous(name=f"x{i}", low=low, high=high)
                for i, (low, high) in enumerate(self.bounds)
            )
        )

    def scaled_regret(self, best: float) -> float:
        """How far a value lies above the minimum, in units of what a random point leaves."""
        return (best - self.minimum) / (self.typical() - self.minimum)

    def typical(self) -> float:
        """Median over the space."""
        low, high = np.array(self.bounds).T
        points = low + (high - low) * np.random.default_rng(0).random((4000, len(low)))
        return float(np.median([self.value(point) for point in points]))


def branin(x: Floats) -> float:
    a, b = x
    bowl = b - 5.1 / (4 * math.pi**2) * a**2 + 5 / math.pi * a - 6
    return float(bowl**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10)


HARTMANN_WEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])


def hartmann3(x: Floats) -> float:
    a = np.array([[3.0, 10, 30], [0.1, 10, 35], [3.0, 10, 30], [0.1, 10, 35]])
    p = 1e-4 * np.array(
        [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]
    )
    return -float(HARTMANN_WEIGHTS @ np.exp(-(a * (x - p) ** 2).sum(axis=1)))


def hartmann6(x: Floats) -> float:
    a = np.array(
        [
            [10, 3, 17, 3.5, 1.7, 8],
            [0.05, 10, 17, 0.1, 8, 14],
            [3, 3.5, 1.7, 10, 17, 8],
            [17, 8, 0.05, 10, 0.1, 14],
        ]
    )
    p = 1e-4 * np.array(
        [
            [1312, 1696, 5569, 124, 8283, 5886],
            [2329, 4135, 8307, 3736, 1004, 9991],
            [2348, 1451, 3522, 2883, 3047, 6650],
            [4047, 8828, 8732, 5743, 1091, 381],
        ]
    )
    return -float(HARTMANN_WEIGHTS @ np.exp(-(a * (x - p) ** 2).sum(axis=1)))


def ackley(x: Floats) -> float:
    root = math.sqrt(float(np.mean(x**2)))
    return (
        -20 * math.exp(-0.2 * root)
        - math.exp(float(np.mean(np.cos(2 * math.pi * x))))
        + 20
        + math.e
    )


def levy(x: Floats) -> float:
    w = 1 + (x - 1) / 4
    first = math.sin(math.pi * w[0]) ** 2
    middle = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return float(first + middle.sum() + last)


def styblinski_tang(x: Floats) -> float:
    return float(np.sum(x**4 - 16 * x**2 + 5 * x) / 2)


STANDARD = (
    Standard("Branin", branin, ((-5, 10), (0, 15)), 0.397887, 25),
    Standard("Hartmann 3", hartmann3, ((0, 1),) * 3, -3.86278, 30),
    Standard("Hartmann 6", hartmann6, ((0, 1),) * 6, -3.32237, 50),
    Standard("Ackley", ackley, ((-2, 3),) * 2, 0.0, 40),
    Standard("Levy", levy, ((-10, 10),) * 2, 0.0, 40),
    Standard("Styblinski-Tang", styblinski_tang, ((-5, 5),) * 2, -78.33234, 30),
)


def random_search(function: Standard, seed: int) -> float:
    """Returns the lowest value of ``n_trials`` random points."""
    low, high = np.array(function.bounds).T
    points = low + (high - low) * np.random.default_rng(seed).random((function.n_trials, len(low)))
    return min(function.value(point) for point in points)


def campaign(function: Standard, seed: int, settings: Settings) -> float:
    """Returns the lowest value that the policy finds in ``n_trials``."""
    return float(trials(function, seed, settings)[1].min())


def trials(function: Standard, seed: int, settings: Settings) -> tuple[Floats, Floats]:
    """Returns what the policy tries in ``n_trials``, encoded, ``n d``, and its values, ``n``."""
    space = function.space()
    x, y, memo = np.empty((0, space.n_columns)), np.empty(0), None
    while len(y) < function.n_trials:
        now = Situation(
            space=space,
            objective=Minimise(outcome="y"),
            x=x,
            y=y,
            memo=memo,
            settings=settings,
        )
        chosen = choose(now, q=1, seed=seed + len(y))
        memo = chosen.memo
        pick = chosen.picks[0]
        value = function.value(np.array([float(v) for v in pick.configuration.values()]))
        x, y = np.vstack([x, pick.x]), np.append(y, value)
    return x, y
