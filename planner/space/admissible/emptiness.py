"""Whether any configuration is admissible, and how sure it is that none is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from planner.space.admissible.cells import Whole, reduce_case
from planner.space.admissible.presence import MOST_CASES, as_states
from planner.space.admissible.programme import solve
from planner.space.admissible.region import Region
from planner.space.admissible.sampling import draw_configurations
from planner.space.admissible.search import N_DESCENTS, N_POINTS
from planner.space.constraint_base import listed
from planner.space.constraints import AnyConstraint
from planner.space.knot_rules import KnotRule

_SEED = 0
_ENOUGH = 16
# More cases than this are not refuted one by one.
_MOST_REFUTED = 256


def find_emptiness(region: Region) -> str | None:
    """Returns why no configuration keeps all constraints; None where one was found.

    Raises nothing; what it says names the constraints that cannot be met together, and whether
    that is proven, found by a solver in doubles, or only the end of a search.
    """
    if not region.constraints:
        return None
    generator = np.random.default_rng(_SEED)
    if next(draw_configurations(region, _ENOUGH, generator=generator), None) is not None:
        return None
    if region.listed is not None:
        which = _in_conflict(region, _has_empty_list)
        return f"{which} {_GROUNDS['listed']}"
    if is_proven_empty(region):
        return f"{_in_conflict(region, is_proven_empty)} {_GROUNDS['exact']}"
    if solve(region.rules).outcome == "empty":
        return f"{_in_conflict(region, _has_no_solution)} {_GROUNDS['solver']}"
    if region.rules.formulas:
        formulas = listed(f"'{formula}'" for formula in region.rules.formulas)
        return f"No configuration was found that keeps {formulas}. {_GROUNDS['search']}"
    return f"No configuration was found that keeps {_named(region.constraints)}. {_GROUNDS['end']}"


_GROUNDS = {
    "listed": "Every combination of settable values was looked at.",
    "exact": "That is proven in exact arithmetic, for all settable values.",
    "solver": (
        "A solver of mixed-integer programmes (HiGHS) found that no settable values meet them; it "
        "computes with a tolerance of a millionth."
    ),
    "search": (
        f"That is a search and no proof: {N_POINTS:,} points that keep the other constraints, and "
        f"{N_DESCENTS} descents from those that came nearest."
    ),
    "end": (
        "That is no proof: points were drawn within the constraints and rounded to what can be "
        "set, and a solver of mixed-integer programmes (HiGHS) was stopped before it found any."
    ),
}


def _in_conflict(region: Region, is_empty: Callable[[Region], bool]) -> str:
    """Names constraints that cannot be met together, none of which can be left out of them."""
    kept = list(region.constraints)
    for constraint in region.constraints:
        fewer = [each for each in kept if each is not constraint]
        if is_empty(Region(region.parameters, tuple(fewer), region.held)):
            kept = fewer
    if len(kept) == 1:
        return f"No configuration within the bounds keeps {_named(kept)}."
    return f"No configuration keeps {_named(kept)} together."


def _named(constraints: Sequence[AnyConstraint]) -> str:
    return listed(
        f"'{each.in_words().removesuffix('.') if isinstance(each, KnotRule) else each}'"
        for each in constraints
    )


def _has_empty_list(region: Region) -> bool:
    found = region.listed
    return found is not None and next(region.admissible(found), None) is None


def _has_no_solution(region: Region) -> bool:
    return bool(region.constraints) and solve(region.rules).outcome == "empty"


def is_proven_empty(region: Region) -> bool:
    """Tells whether exact arithmetic shows that sums and counts cannot be kept together.

    Each case of which components are present is refuted by the ends of its values, by the
    divisibility of its equations, or by a combination of its limits that contradicts the bounds
    (Farkas). False where that is too much to look at, or does not suffice.
    """
    source = region.cases
    if source.n_cases > MOST_CASES:
        return False
    cases = source.draw(generator=np.random.default_rng(_SEED))
    if len(cases) > _MOST_REFUTED:
        return False
    for case in cases:
        whole = reduce_case(region.rules, as_states(source, case))
        if whole is not None and not _is_refuted(whole):
            return False
    return True


def _is_refuted(whole: Whole) -> bool:
    """Looks for multipliers that add the limits up to a contradiction, and checks them exactly.

    The least ``s`` by which all limits ``row @ k <= limit + s`` must be loosened; its dual
    multipliers are the combination.
    """
    from scipy.optimize import linprog

    rows = whole.as_upper_limits()
    if not rows:
        return False
    a = np.array([row for row, _ in rows], dtype=np.float64)
    b = np.array([limit for _, limit in rows], dtype=np.float64)
    sizes = np.maximum(np.abs(a).max(axis=1), 1.0)
    scale = np.maximum(np.array(whole.most, dtype=np.float64), 1.0)
    n_dims = len(whole.most)
    found = linprog(
        np.append(np.zeros(n_dims), 1.0),
        A_ub=np.hstack([a * scale / sizes[:, None], -np.ones((len(a), 1))]),
        b_ub=b / sizes,
        bounds=[(0, most / size) for most, size in zip(whole.most, scale, strict=True)]
        + [(0, None)],
    )
    if found.x is None:
        return False
    multipliers = [
        Fraction(max(0.0, -float(each)) / float(size))
        for each, size in zip(found.ineqlin.marginals, sizes, strict=True)
    ]
    sums = [
        sum((m * row[j] for m, (row, _) in zip(multipliers, rows, strict=True)), Fraction(0))
        for j in range(n_dims)
    ]
    least = sum(
        (min(Fraction(0), each * most) for each, most in zip(sums, whole.most, strict=True))
    )
    limit = sum((m * each for m, (_, each) in zip(multipliers, rows, strict=True)), Fraction(0))
    return least > limit
