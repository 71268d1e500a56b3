"""Candidates of a space without a table: raw samples, gradient ascent, and a search of neighbours.

The encoded cube is searched as if numbers were continuous and each category's choice fixed. What is
found there is moved to what the lab can set, scored again, and its neighbours (other choices, the
next level of an integer) are tried until none is better.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from planner.acquisition.candidates import Found, Score, are_among, score_in_blocks
from planner.acquisition.start import distance_weights, place
from planner.space import (
    Categorical,
    Configuration,
    Discrete,
    Floats,
    Integer,
    SearchSpace,
    Value,
)

_RAW_SAMPLES = 1024
_SPREAD_SAMPLES = 512
_CLIMBS = 6
_MOST_STEPS = 100
_MOST_ROUNDS = 20
# All choices together are tried where there are no more combinations than this.
_FEW_COMBINATIONS = 32


@dataclass(frozen=True, slots=True, eq=False)
class OpenCandidates:
    """All admissible configurations of a space that has no table.

    Args:
        space: without rows.
    """

    space: SearchSpace

    def best(self, score: Score, *, taken: Floats, seed: int) -> Found | None:
        """Returns the best configuration that samples, ascent and neighbours lead to."""
        raw = self.space.sample(max(_RAW_SAMPLES, 4 * len(taken)), seed=seed)
        encoded = self.space.encode(raw)
        scores = score_in_blocks(score, encoded)
        starts = self._starts(encoded, scores, taken=taken, score=score)
        climbed = [self.space.snap(x) for x in self._climb(score, starts)]
        tops = [self._walk(score, each, taken=taken) for each in climbed if each is not None]
        pool = [*tops, *raw]
        x = self.space.encode(pool)
        values = np.concatenate([score_in_blocks(score, x[: len(tops)]), scores])
        values[are_among(x, taken)] = -np.inf
        index = int(np.argmax(values))
        if np.isneginf(values[index]):
            return None
        return Found(configuration=pool[index], row=None, x=x[index], score=float(values[index]))

    def spread(self, n: int, *, taken: Floats, seed: int) -> list[Found]:
        """Chooses, of scrambled Sobol points, those nearest to cluster centres."""
        pool = self.space.sample(max(_SPREAD_SAMPLES, 4 * len(taken)), seed=seed)
        x = self.space.encode(pool)
        left = np.flatnonzero(~are_among(x, taken))
        weights = distance_weights(self.space)
        chosen = place(x[left] * weights, taken * weights, n, seed=seed)
        return [
            Found(configuration=pool[index], row=None, x=x[index])
            for index in (int(left[place_]) for place_ in chosen)
        ]

    def _starts(self, x: Floats, scores: Floats, *, taken: Floats, score: Score) -> Floats:
        """Returns the best samples, the best of each combination, and the best taken before."""
        order = np.argsort(-scores, kind="stable")
        chosen = list(order[:_CLIMBS])
        category_columns = self._category_columns()
        combinations: dict[bytes, int] = {}
        for index in order:
            combinations.setdefault(x[index][category_columns].tobytes(), int(index))
        if 1 < len(combinations) <= _FEW_COMBINATIONS:
            chosen += combinations.values()
        starts = x[list(dict.fromkeys(chosen))]
        if len(taken) == 0:
            return starts
        # a narrow peak beside the best so far is easily missed by samples of the whole space
        best_taken = taken[np.argsort(-score_in_blocks(score, taken), kind="stable")[:2]]
        return np.vstack([starts, np.clip(best_taken, 0.0, 1.0)])

    def _climb(self, score: Score, starts: Floats) -> Floats:
        """Returns where gradient ascent leads from each start, with the choices kept."""
        # late: tables do without
        from botorch.generation.gen import gen_candidates_scipy

        rules = [
            (torch.arange(len(weights)), torch.from_numpy(weights), float(limit))
            for weights, limit in self.space.linear_rules()
        ]
        groups = np.split(starts, len(starts)) if rules else [starts]
        tops = []
        for group in groups:
            initial = torch.from_numpy(group)[:, None, :]
            is_fixed = torch.zeros(initial.shape[-1], dtype=torch.bool)
            is_fixed[self._category_columns()] = True
            lower = torch.where(is_fixed, initial, torch.zeros_like(initial))
            upper = torch.where(is_fixed, initial, torch.ones_like(initial))
            with warnings.catch_warnings():
                # an ascent that ends early still gives a point, which is scored like all others
                warnings.simplefilter("ignore")
                found, _ = gen_candidates_scipy(
                    initial_conditions=initial,
                    acquisition_function=lambda x: score(x[:, 0, :]),  # type: ignore[arg-type]
                    lower_bounds=lower[0, 0] if rules else lower,
                    upper_bounds=upper[0, 0] if rules else upper,
                    inequality_constraints=rules or None,
                    options={"maxiter": _MOST_STEPS},
                    use_parallel_mode=False,
                )
            tops.append(found[:, 0, :].detach().numpy())
        return np.vstack(tops)

    def _walk(self, score: Score, top: dict[str, Value], *, taken: Floats) -> dict[str, Value]:
        """Moves to the best neighbour that is not taken, until none is better."""
        for _ in range(_MOST_ROUNDS):
            options = [top, *self._neighbours(top)]
            x = self.space.encode(options)
            values = score_in_blocks(score, x)
            values[are_among(x, taken)] = -np.inf
            best = int(np.argmax(values))
            if best == 0 or np.isneginf(values[best]):
                break
            top = options[best]
        return top

    def _neighbours(self, configuration: dict[str, Value]) -> Iterator[dict[str, Value]]:
        """Yields admissible configurations that differ in one choice or by one level."""
        for parameter in self.space.parameters:
            value = configuration[parameter.name]
            others: tuple[Value, ...] = ()
            if isinstance(parameter, Categorical):
                others = tuple(choice for choice in parameter.choices if choice != value)
            elif isinstance(parameter, Integer):
                around = (int(value) - 1, int(value) + 1)
                others = tuple(i for i in around if parameter.low <= i <= parameter.high)
            elif isinstance(parameter, Discrete):
                at = parameter.values.index(float(value))
                others = parameter.values[max(0, at - 1) : at] + parameter.values[at + 1 : at + 2]
            for other in others:
                neighbour = {**configuration, parameter.name: other}
                if all(rule.is_met(neighbour) for rule in self.space.constraints):
                    yield neighbour

    def _category_columns(self) -> list[int]:
        return [
            column
            for column, index in enumerate(self.space.columns)
            if isinstance(self.space.parameters[index], Categorical)
        ]


def enumerate_small(space: SearchSpace, *, at_most: int) -> SearchSpace | None:
    """Returns the space with all its configurations as rows; None where there are too many.

    A small finite space is then scored exactly; nothing is made up for a large one.
    """
    levels: list[tuple[Value, ...]] = []
    count = 1
    for parameter in space.parameters:
        if isinstance(parameter, Categorical):
            values: tuple[Value, ...] = parameter.choices
        elif isinstance(parameter, Discrete):
            values = parameter.values
        elif isinstance(parameter, Integer) and parameter.high - parameter.low < at_most:
            values = tuple(range(int(parameter.low), int(parameter.high) + 1))
        else:
            return None
        levels.append(values)
        count *= len(values)
        if count > at_most:
            return None
    rows: list[Configuration] = [
        dict(zip(space.names, chosen, strict=True)) for chosen in itertools.product(*levels)
    ]
    admissible = tuple(row for row in rows if all(rule.is_met(row) for rule in space.constraints))
    return SearchSpace(space.parameters, space.constraints, rows=admissible)
