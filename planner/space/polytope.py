"""Points inside linear rules, for spaces where few points of the unit cube meet them.

| symbol | meaning | shape |
|---|---|---|
| ``p`` | points of the unit cube | n d |
| ``c`` | centre of the largest ball inside the rules | d |
| ``a, b`` | rules ``a @ x >= b`` | k d, k |
"""

from __future__ import annotations

import numpy as np

from planner.space.base import Floats


def find_centre(a: Floats, b: Floats) -> Floats | None:
    """Returns the centre of the largest ball inside the unit cube and the rules.

    The linear programme: the largest ``r`` with ``a @ c - |a| r >= b`` and ``r <= c <= 1 - r``.

    Returns:
        Shape ``d``; None where no point meets all rules.
    """
    from scipy.optimize import linprog

    n_dims = a.shape[1]
    eye, ones = np.eye(n_dims), np.ones((n_dims, 1))
    norms = np.linalg.norm(a, axis=1, keepdims=True)
    upper = np.vstack([np.hstack([-a, norms]), np.hstack([eye, ones]), np.hstack([-eye, ones])])
    limit = np.concatenate([-b, np.ones(n_dims), np.zeros(n_dims)])
    goal = np.append(np.zeros(n_dims), -1.0)
    found = linprog(goal, A_ub=upper, b_ub=limit, bounds=[(0, 1)] * n_dims + [(0, None)])
    return None if found.x is None else np.asarray(found.x[:-1], dtype=np.float64)


def pull_inside(
    points: Floats, *, centre: Floats, a: Floats, b: Floats, generator: np.random.Generator
) -> Floats:
    """Moves points that break a rule towards the centre, to where the rules hold.

    A point goes to ``c + t u^(1/d) (p - c)``, with ``t`` the way to the nearest rule and ``u``
    uniform, so that the inside is filled and not its surface alone; others stay.
    """
    ways = points - centre
    slack, slope = np.maximum(a @ centre - b, 0.0), ways @ a.T
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(slope < 0, slack / -slope, np.inf).min(axis=1)
    share = generator.random(len(points)) ** (1 / points.shape[1])
    return centre + np.where(reach < 1, reach * share, 1.0)[:, None] * ways
