"""Points that fill a polytope evenly, however thin it is, equations included.

| symbol | meaning | shape |
|---|---|---|
| ``y`` | a point of the unit cube | d |
| ``a, b`` | limits ``a @ y >= b``, those of the cube among them | m d, m |
| ``e, t`` | equations ``e @ y = t`` | k d, k |
| ``w`` | orthonormal directions that keep all equations | d r |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.space.base import Floats

# The solver's own tolerance is 1e-7; a ball of a smaller radius may be no ball at all.
_FLAT = 1e-6
# Rows of a unit length differ from multiples of each other by rounding only.
_SAME = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Polytope:
    """A polytope that has a point.

    Args:
        a: limits, ``m d``.
        b: limits, ``m``.
        centre: of the largest ball inside, ``d``.
        directions: ``w``, in which the polytope has a width.
    """

    a: Floats
    b: Floats
    centre: Floats
    directions: Floats

    def draw(self, n: int, *, generator: np.random.Generator) -> Floats:
        """Returns ``n`` points, evenly spread but for how far a walk from the centre leads.

        Each is the end of a walk of its own: a random direction, then a point drawn evenly from
        the chord, ``20 + 5 r`` times.

        Source: hit-and-run, Smith (Operations Research 32, 1296, 1984).
        """
        y = np.tile(self.centre, (n, 1))
        n_free = self.directions.shape[1]
        if n_free == 0:
            return y
        slopes_of = self.directions.T @ self.a.T
        slack = np.tile(np.maximum(self.a @ self.centre - self.b, 0.0), (n, 1))
        for _ in range(20 + 5 * n_free):
            ways = generator.standard_normal((n, n_free))
            ways /= np.linalg.norm(ways, axis=1, keepdims=True)
            slopes = ways @ slopes_of
            with np.errstate(divide="ignore", invalid="ignore"):
                reach = -slack / slopes
            ahead = np.where(slopes < -_SAME, reach, np.inf).min(axis=1)
            behind = np.where(slopes > _SAME, reach, -np.inf).max(axis=1)
            step = behind + generator.random(n) * (ahead - behind)
            y += step[:, None] * (ways @ self.directions.T)
            slack = np.maximum(slack + step[:, None] * slopes, 0.0)
        return y


def make_polytope(a: Floats, b: Floats, e: Floats, t: Floats) -> Polytope | None:
    """Returns the polytope of limits and equations within the unit cube; None where it is empty.

    Limits that leave no width count as equations.
    """
    n_dims = a.shape[1]
    eye = np.eye(n_dims)
    a, b = np.vstack([a, eye, -eye]), np.concatenate([b, np.zeros(n_dims), -np.ones(n_dims)])
    found = _largest_ball(a, b, e, t)
    if found is not None and found[1] < _FLAT:
        flat = [i for i in range(len(a)) if _most_slack(i, a, b, e, t) < _FLAT]
        e, t = np.vstack([e, a[flat]]), np.concatenate([t, b[flat]])
        found = _largest_ball(a, b, e, t)
    if found is None:
        return None
    return Polytope(a, b, found[0], _kernel(e))


def _largest_ball(a: Floats, b: Floats, e: Floats, t: Floats) -> tuple[Floats, float] | None:
    """Returns centre and radius of the largest ball within the plane of the equations.

    The linear programme: the largest ``r`` with ``a @ c - |w.T @ a| r >= b`` and ``e @ c = t``.
    """
    from scipy.optimize import linprog  # takes a moment to import, and many spaces do without

    w = _kernel(e)
    lengths = np.linalg.norm(a @ w, axis=1) if w.shape[1] else np.zeros(len(a))
    lengths[lengths < _SAME] = 0.0
    n_dims = a.shape[1]
    found = linprog(
        np.append(np.zeros(n_dims), -1.0),
        A_ub=np.hstack([-a, lengths[:, None]]),
        b_ub=-b,
        A_eq=np.hstack([e, np.zeros((len(e), 1))]) if len(e) else None,
        b_eq=t if len(e) else None,
        bounds=[(0, 1)] * (n_dims + 1),
    )
    if found.x is None:
        return None
    return np.asarray(found.x[:-1], dtype=np.float64), float(found.x[-1])


def _most_slack(index: int, a: Floats, b: Floats, e: Floats, t: Floats) -> float:
    """Returns by how much a point of the polytope can be inside one limit."""
    from scipy.optimize import linprog

    found = linprog(
        -a[index],
        A_ub=-a,
        b_ub=-b,
        A_eq=e if len(e) else None,
        b_eq=t if len(e) else None,
        bounds=[(0, 1)] * a.shape[1],
    )
    return 0.0 if found.x is None else float(a[index] @ found.x - b[index])


def _kernel(e: Floats) -> Floats:
    """Returns orthonormal directions that keep all equations, ``d r``."""
    if len(e) == 0:
        return np.eye(e.shape[1])
    lengths = np.linalg.norm(e, axis=1, keepdims=True)
    _, sizes, rows = np.linalg.svd(e / np.where(lengths > 0, lengths, 1.0))
    rank = int((sizes > _SAME).sum())
    return np.asarray(rows[rank:].T)
