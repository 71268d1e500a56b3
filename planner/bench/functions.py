"""Test functions with a known optimum, over their whole space, with and without noise.

A race on one of them is scored by its true values: regret is what the best configuration so far
lacks to the optimum, in units of the function's median over its space less the optimum. With the
replay ``repeat`` an answer carries Gaussian noise of a twentieth of the function's deviation over
its space; with ``means`` it carries none.

Source: BoTorch's synthetic test functions; those whose optimum lies in the middle of their usual
bounds are given bounds that are not even, as a planner may begin in the middle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from botorch.test_functions.synthetic import (
    Ackley,
    Branin,
    Hartmann,
    Levy,
    Rosenbrock,
    SyntheticTestFunction,
)
from scipy.stats import qmc

from planner.acquisition import Situation, choose
from planner.bench.courses import Place, described_parameter
from planner.bench.racing import N_SHARED_STARTS, Asks, Chooser, Race, Replay, Rules
from planner.campaign import Minimise
from planner.errors import UnknownName
from planner.rng import derive_seed, make_generator
from planner.space import Continuous, Floats, SearchSpace

NOISE_SHARE = 0.05  # of the function's deviation over its space
_N_SAMPLES = 4096  # of the space, a power of 2 as Sobol's sequence wants
_ACKLEY = (-10.0, 25.0)
_LEVY = (-6.0, 10.0)


@dataclass(frozen=True, eq=False)
class Problem:
    """A function to be minimised.

    Args:
        name: of the problem.
        function: on its own scale.
        n_trials: of a race.
    """

    name: str
    function: SyntheticTestFunction
    n_trials: int

    @property
    def d(self) -> int:
        """Number of parameters."""
        return int(self.function.dim)

    @cached_property
    def space(self) -> SearchSpace:
        """A box."""
        return SearchSpace(
            tuple(
                Continuous(name=f"x{i + 1}", low=a, high=b, resolution=(b - a) / 1e9)
                for i, (a, b) in enumerate(zip(*self.bounds.tolist(), strict=True))
            )
        )

    @cached_property
    def bounds(self) -> Floats:
        """Lower and upper bounds, ``2 d``."""
        bounds = self.function.bounds
        assert isinstance(bounds, torch.Tensor)
        return np.asarray(bounds.numpy(), dtype=np.float64)

    @property
    def optimum(self) -> float:
        """The smallest value."""
        return float(self.function.optimal_value)

    def values(self, points: Floats) -> Floats:
        """Returns the true values, ``n d`` to ``n``."""
        x = torch.from_numpy(np.asarray(points, dtype=np.float64))
        return np.asarray(self.function.evaluate_true(x).numpy(), dtype=np.float64)

    @cached_property
    def sampled(self) -> Floats:
        """Values all over the space, for its median and its deviation."""
        low, high = self.bounds
        unit = qmc.Sobol(self.d, seed=0).random(_N_SAMPLES)
        return self.values(low + unit * (high - low))

    @property
    def noise_sd(self) -> float:
        """Of an answer with noise."""
        return NOISE_SHARE * float(self.sampled.std())

    @property
    def regret_scale(self) -> float:
        """The median less the optimum: a regret of 1 is that of a median configuration."""
        return float(np.median(self.sampled)) - self.optimum

    @cached_property
    def digest(self) -> str:
        """Hash of what it is."""
        content = [self.name, self.bounds.tolist(), self.sampled[:8].tolist()]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]

    def course(self, replay: Replay) -> ProblemCourse:
        """Returns what a peer is raced on."""
        return ProblemCourse(self, replay)


class ProblemCourse:
    """A function, with or without noise, as a course."""

    def __init__(self, problem: Problem, replay: Replay) -> None:
        self._problem = problem
        self._replay = replay

    @property
    def name(self) -> str:
        """The problem's."""
        return self._problem.name

    def start(self, *, seed: int) -> Sequence[Place]:
        """Returns five configurations, each parameter drawn evenly between its bounds."""
        generator = make_generator(derive_seed(seed, "start", self.name))
        low, high = self._problem.bounds
        drawn = low + generator.random((N_SHARED_STARTS, self._problem.d)) * (high - low)
        return [tuple(float(each) for each in point) for point in drawn]

    def answer(self, place: Place, *, nth: int, seed: int) -> float:
        """Returns the value; its noise is that of the trial's number, whoever tries."""
        assert isinstance(place, tuple)
        value = float(self._problem.values(np.array([place]))[0])
        if self._replay == "means":
            return value
        generator = make_generator(derive_seed(seed, "noise", self.name, nth))
        return value + self._problem.noise_sd * float(generator.standard_normal())

    def read_place(self, said: object, *, taken: Sequence[Place]) -> Place:
        """Returns the values; the same ones may be tried twice."""
        low, high = self._problem.bounds
        if not isinstance(said, list) or len(said) != self._problem.d:
            raise ValueError(f"It chose {said!r}, which is no list of {self._problem.d} values.")
        for value, a, b in zip(said, low, high, strict=True):
            room = 1e-6 * (b - a)  # what rounding in single precision leaves
            if not isinstance(value, int | float) or not a - room <= value <= b + room:
                raise ValueError(f"It chose {value!r}, which is not between {a:g} and {b:g}.")
        return tuple(float(value) for value in np.clip(said, low, high))

    def described(self) -> Mapping[str, Any]:
        """Returns the parameters; there are no candidates."""
        return {
            "is_maximised": False,
            "parameters": [described_parameter(each) for each in self._problem.space.parameters],
            "rows": None,
        }


def known_problems() -> dict[str, Problem]:
    """Returns the problems by name, from 2 to 20 dimensions."""
    problems = [
        Problem("branin_2", _double(Branin()), 40),
        Problem("rosenbrock_2", _double(Rosenbrock(dim=2)), 40),
        Problem("hartmann_3", _double(Hartmann(dim=3)), 40),
        Problem("levy_4", _double(Levy(dim=4, bounds=[_LEVY] * 4)), 60),
        Problem("hartmann_6", _double(Hartmann(dim=6)), 60),
        Problem("rosenbrock_6", _double(Rosenbrock(dim=6)), 60),
        Problem("ackley_10", _double(Ackley(dim=10, bounds=[_ACKLEY] * 10)), 100),
        Problem("levy_10", _double(Levy(dim=10, bounds=[_LEVY] * 10)), 100),
        Problem("ackley_20", _double(Ackley(dim=20, bounds=[_ACKLEY] * 20)), 100),
        Problem("rosenbrock_20", _double(Rosenbrock(dim=20)), 100),
    ]
    return {problem.name: problem for problem in problems}


def named_problems(names: Sequence[str]) -> list[Problem]:
    """Returns problems by name; ``all`` stands for all of them.

    Raises:
        UnknownName: there is none of a name.
    """
    known = known_problems()
    unknown = [name for name in names if name != "all" and name not in known]
    if unknown:
        raise UnknownName(
            f"There is no test function {unknown[0]!r}. Known are {', '.join(known)}; all stands "
            f"for all of them."
        )
    return list(known.values()) if "all" in names else [known[name] for name in names]


def play_problem(problem: Problem, rules: Rules, *, seed: int, chooser: Chooser = choose) -> Race:
    """Plays one race of the planner itself.

    Args:
        problem: to minimise.
        rules: of the race.
        seed: of its start, its noise and its choices.
        chooser: the policy.
    """
    course = problem.course(rules.replay)
    points = list(course.start(seed=seed)) if rules.start == "random" else []
    kinds = ["start"] * len(points)
    outcomes = [course.answer(point, nth=nth, seed=seed) for nth, point in enumerate(points)]
    asks = Asks(chooser)
    while len(points) < (rules.n_trials or problem.n_trials):
        tried = [dict(zip(problem.space.names, point, strict=True)) for point in points]  # type: ignore[arg-type]
        situation = Situation(
            space=problem.space,
            objective=Minimise(outcome="value"),
            x=problem.space.encode(tried),
            y=np.array(outcomes),
            settings=rules.settings,
        )
        pick = asks.ask(situation, seed=derive_seed(seed, "ask", len(points)))
        points.append(tuple(float(pick.configuration[name]) for name in problem.space.names))
        kinds.append(pick.kind)
        outcomes.append(course.answer(points[-1], nth=len(outcomes), seed=seed))
        asks.hear(pick, outcomes[-1])
    return Race.model_validate(
        {
            "pool": problem.name,
            "seed": seed,
            "rows": (),
            "points": tuple(points),
            "kinds": tuple(kinds),
            "ask_cpu_s": tuple(asks.cpu_s),
            "ask_wall_s": tuple(asks.wall_s),
        }
    )


def _double(function: SyntheticTestFunction) -> SyntheticTestFunction:
    return function.double()
