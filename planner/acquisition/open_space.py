"""Candidates of a space without a table: raw samples, gradient ascent, and a search of neighbours.

The encoded cube is searched as if numbers were continuous, within the linear rules, and with each
category's choice fixed, and what is absent held at 0. What is found there is moved to what the lab
can set and all rules allow, scored again, and its neighbours (other choices, the next level of an
integer, amounts exchanged within a mixture, another component in the place of one) are tried until
none is better.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch

from planner.acquisition.candidates import (
    Found,
    Score,
    are_among,
    chosen_columns,
    score_in_blocks,
)
from planner.acquisition.start import distance_weights, place
from planner.acquisition.tops import Rule, count_tops
from planner.errors import InputError
from planner.space import Categorical, Continuous, Floats, SearchSpace, Value
from planner.trials import Search

_RAW_SAMPLES = 1024
_SPREAD_SAMPLES = 512
_CLIMBS = 6
_MOST_STEPS = 100
_MOST_ROUNDS = 20
# All choices together are tried where there are no more combinations than this.
_FEW_COMBINATIONS = 32
# Under linear rules each ascent is one of its own, and each neighbourhood is large.
_MOST_RULED_CLIMBS = 12
_MOST_RULED_WALKS = 4
# Where the top of an ascent breaks a formula, these shares of the way to it are tried.
_SHARES_OF_THE_WAY = (1.0, 0.9, 0.75, 0.5, 0.25)
# What counts as absent: encoded numbers are 0 but for rounding.
_ABSENT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class OpenCandidates:
    """All admissible configurations of a space that has no table.

    Args:
        space: without rows.
        measured: encoded configurations, the best of which the search begins beside; all that is
            taken where it is None.
    """

    space: SearchSpace
    measured: Floats | None = None

    def best(self, score: Score, *, taken: Floats, seed: int) -> Found | None:
        """Returns the best configuration that samples, ascent and neighbours lead to."""
        raw, encoded = self._sample(_RAW_SAMPLES, taken=taken, seed=seed)
        scores = score_in_blocks(score, encoded)
        starts = self._starts(encoded, scores, taken=taken, score=score)
        ascents = self._climb(score, starts)
        climbed = self._snapped(starts, ascents.tops)
        tops = [self._walk(score, each, taken=taken) for each in self._worth(score, climbed)]
        pool = [*tops, *climbed, *raw] if self._is_ruled else [*tops, *raw]
        x = self.space.encode(pool)
        values = np.concatenate([score_in_blocks(score, x[: len(pool) - len(raw)]), scores])
        values[self._are_taken(x, taken)] = -np.inf
        index = int(np.argmax(values))
        if np.isneginf(values[index]):
            return None
        return Found(
            configuration=pool[index],
            row=None,
            x=x[index],
            score=float(values[index]),
            search=self._search(score, ascents, scores),
        )

    def _search(self, score: Score, ascents: _Ascents, scores: Floats) -> Search:
        """Returns how well the ascents went, beside how scores differ over the space."""
        limits, equations = self._linear_rules()
        known = scores[np.isfinite(scores)]
        n_at_top = count_tops(
            score,
            ascents.tops,
            lower=ascents.lower,
            upper=ascents.upper,
            limits=limits,
            equations=equations,
            spread=float(known.std()) if len(known) else 0.0,
        )
        said = ", ".join(ascents.said) or f"after {_MOST_STEPS} steps, or where these gained little"
        return Search(
            n_scored=len(scores),
            n_ascents=len(ascents.tops),
            n_at_top=n_at_top,
            said=said if n_at_top < len(ascents.tops) else "",
        )

    def spread(self, n: int, *, taken: Floats, seed: int) -> list[Found]:
        """Chooses, of scrambled Sobol points, those nearest to cluster centres."""
        pool, x = self._sample(_SPREAD_SAMPLES, taken=taken, seed=seed)
        left = np.flatnonzero(~self._are_taken(x, taken))
        weights = distance_weights(self.space)
        chosen = place(x[left] * weights, taken * weights, n, seed=seed)
        return [
            Found(configuration=pool[index], row=None, x=x[index])
            for index in (int(left[place_]) for place_ in chosen)
        ]

    def _sample(self, n: int, *, taken: Floats, seed: int) -> tuple[list[dict[str, Value]], Floats]:
        """Returns samples and their encodings, more of them where most of the space is taken."""
        most, enough = max(n, 4 * len(taken)), n // 2
        while True:
            raw = list(self.space.sample(n, seed=seed))
            x = self.space.encode(raw)
            n_free = len(x) - int(self._are_taken(x, taken).sum())
            if n >= most or n_free >= enough:
                return raw, x
            n = min(most, 2 * n)

    @property
    def _is_ruled(self) -> bool:
        return bool(self.space.constraints)

    def _are_taken(self, x: Floats, taken: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        columns = chosen_columns(self.space)
        return are_among(x[:, columns], taken[:, columns])

    def _snapped(self, starts: Floats, tops: Floats) -> list[dict[str, Value]]:
        """Returns what can be set next to each top, or on the way to it."""
        shares = _SHARES_OF_THE_WAY if "expression" in self.space.constraint_kinds else (1.0,)
        found = []
        for start, top in zip(starts, tops, strict=True):
            points = (start + share * (top - start) for share in shares)
            settable = (self.space.snap(point) for point in points)
            nearest = next((each for each in settable if each is not None), None)
            if nearest is not None:
                found.append(nearest)
        return found

    def _worth(self, score: Score, climbed: list[dict[str, Value]]) -> list[dict[str, Value]]:
        """Returns the tops whose neighbours are looked at: under constraints the best few."""
        if not self._is_ruled or not climbed:
            return climbed
        order = np.argsort(-score_in_blocks(score, self.space.encode(climbed)), kind="stable")
        return [climbed[index] for index in order[:_MOST_RULED_WALKS]]

    def _starts(self, x: Floats, scores: Floats, *, taken: Floats, score: Score) -> Floats:
        """Returns the best samples, the best of each combination, and the best taken before."""
        order = np.argsort(-scores, kind="stable")
        chosen = list(order[:_CLIMBS])
        category_columns = self._category_columns()
        combinations: dict[bytes, int] = {}
        for index in order:
            absent = self._absent(x[index])
            key = x[index][category_columns].tobytes() + absent.tobytes()
            combinations.setdefault(key, int(index))
        if 1 < len(combinations) <= _FEW_COMBINATIONS:
            chosen += combinations.values()
        starts = x[list(dict.fromkeys(chosen))]
        if self._has_sums:
            starts = starts[:_MOST_RULED_CLIMBS]
        known = taken if self.measured is None else self.measured
        if len(known) == 0:
            return starts
        # a narrow peak beside the best so far is easily missed by samples of the whole space
        best_taken = known[np.argsort(-score_in_blocks(score, known), kind="stable")[:2]]
        best_taken = np.clip(best_taken, 0.0, 1.0)
        held = self._held_columns()
        best_taken[:, held] = x[0, held]
        return np.vstack([starts, best_taken])

    @property
    def _has_sums(self) -> bool:
        rules = self.space.encoded_rules
        return bool(rules.limits or rules.equations)

    def _linear_rules(self) -> tuple[list[Rule], list[Rule]]:
        """Returns the limits and the equations that hold something back."""
        rules = self.space.encoded_rules
        limits = [(weights, limit) for weights, limit in rules.limits if weights.any()]
        equations = [(w, limit) for w, limit in independent(rules.equations) if w.any()]
        return limits, equations

    def _climb(self, score: Score, starts: Floats) -> _Ascents:
        """Returns where gradient ascent leads from each start, with the choices kept."""
        # late: tables do without
        from botorch.exceptions.warnings import OptimizationWarning
        from botorch.generation.gen import gen_candidates_scipy

        limits, equations = (
            [
                (torch.arange(len(weights)), torch.from_numpy(weights), float(limit))
                for weights, limit in part
            ]
            for part in self._linear_rules()
        )
        groups = np.split(starts, len(starts)) if self._has_sums else [starts]
        tops, said = [], set()
        boxes = [self._box(group) for group in groups]
        for group, box in zip(groups, boxes, strict=True):
            initial = torch.from_numpy(group)[:, None, :]
            lower, upper = (torch.from_numpy(each)[:, None, :] for each in box)
            with warnings.catch_warnings(record=True) as warned:
                # an ascent that ends early still gives a point, which is scored like all others
                warnings.simplefilter("always")
                try:
                    found, _ = gen_candidates_scipy(
                        initial_conditions=initial,
                        acquisition_function=lambda x: score(x[:, 0, :]),  # type: ignore[arg-type]
                        lower_bounds=lower[0, 0] if self._has_sums else lower,
                        upper_bounds=upper[0, 0] if self._has_sums else upper,
                        inequality_constraints=limits or None,
                        equality_constraints=equations or None,
                        options={"maxiter": _MOST_STEPS},
                        use_parallel_mode=False,
                    )
                except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
                    # its start is scored all the same
                    found = initial
                    said.add("where a covariance could not be factored")
            if any(each.category is OptimizationWarning for each in warned):
                # a line search that fails, in SciPy's own words "ABNORMAL" and others
                said.add("where no step uphill was found, as at an edge")
            top = found[:, 0, :].detach().numpy()
            tops.append(np.where(np.isfinite(top), top, group))
        return _Ascents(
            tops=np.vstack(tops),
            lower=np.vstack([low for low, _ in boxes]),
            upper=np.vstack([high for _, high in boxes]),
            said=tuple(sorted(said)),
        )

    def _box(self, starts: Floats) -> tuple[Floats, Floats]:
        """Returns the bounds of each ascent: choices stay, and so does what is held or absent."""
        fixed = self._category_columns() + self._held_columns()
        lower, upper = np.zeros_like(starts), np.ones_like(starts)
        for row, start in enumerate(starts):
            absent = self._absent(start)
            upper[row, absent] = 0.0
        for column, index in enumerate(self.space.columns):
            parameter = self.space.parameters[index]
            if isinstance(parameter, Continuous) and parameter.optional:
                present = starts[:, column] > _ABSENT
                lower[present, column] = parameter.low / parameter.high
        lower[:, fixed] = upper[:, fixed] = starts[:, fixed]
        return lower, upper

    def _absent(self, x: Floats) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Returns the columns of components that may be absent, and are."""
        counted = {index for rule in self.space.region.rules.counts for index in rule.indices}
        return np.array(
            [
                column
                for column, index in enumerate(self.space.columns)
                if x[column] <= _ABSENT and self._may_be_absent(index, counted)
            ],
            dtype=np.intp,
        )

    def _may_be_absent(self, index: int, counted: set[int]) -> bool:
        parameter = self.space.parameters[index]
        is_optional = isinstance(parameter, Continuous) and parameter.optional
        encodes_zero = not isinstance(parameter, Continuous) or parameter.origin == 0
        return is_optional or (index in counted and encodes_zero)

    def _walk(self, score: Score, top: dict[str, Value], *, taken: Floats) -> dict[str, Value]:
        """Moves to the best neighbour that is not taken, until none is better."""
        for _ in range(_MOST_ROUNDS):
            options = [top, *self.space.neighbours(top)]
            x = self.space.encode(options)
            values = score_in_blocks(score, x)
            values[self._are_taken(x, taken)] = -np.inf
            best = int(np.argmax(values))
            if best == 0 or np.isneginf(values[best]):
                break
            top = options[best]
        return top

    def _category_columns(self) -> list[int]:
        return [
            column
            for column, index in enumerate(self.space.columns)
            if isinstance(self.space.parameters[index], Categorical)
        ]

    def _held_columns(self) -> list[int]:
        return [
            column
            for column, index in enumerate(self.space.columns)
            if self.space.parameters[index].name in self.space.held
        ]


@dataclass(frozen=True, slots=True, eq=False)
class _Ascents:
    """Where ascents ended, ``k d``, each within its bounds; in clauses where any failed."""

    tops: Floats
    lower: Floats
    upper: Floats
    said: tuple[str, ...]


def independent(equations: list[tuple[Floats, float]]) -> list[tuple[Floats, float]]:
    """Returns equations that say the same, none of which follows from the others.

    Ascents within them fail where one is written twice, or is the sum of two others.
    """
    if len(equations) < 2:
        return equations
    weights = np.array([each for each, _ in equations])
    left, sizes, right = np.linalg.svd(weights, full_matrices=False)
    kept = sizes > _ABSENT * sizes.max()
    limits = left.T @ np.array([limit for _, limit in equations])
    return [
        (row, float(limit / size))
        for row, limit, size in zip(right[kept], limits[kept], sizes[kept], strict=True)
    ]


def enumerate_small(space: SearchSpace, *, at_most: int) -> SearchSpace | None:
    """Returns the space with all its configurations as rows; None where there are too many.

    A small finite space is then scored exactly; nothing is made up for a large one.

    Raises:
        InputError: no configuration is admissible.
    """
    listed = space.region.listed
    if listed is None:
        return None
    rows = tuple(space.region.admissible(listed))
    if not rows:
        raise InputError(f"{space.find_emptiness()} Loosen the constraints or widen the bounds.")
    if len(rows) > at_most:
        return None
    return SearchSpace(space.parameters, rows=rows, held=space.held)
