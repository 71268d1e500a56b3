"""From real points to whole ones that keep equations exactly.

All whole solutions of ``e @ k = t`` are ``start + basis @ z`` with whole ``z``: a lattice. A point
is rounded within this lattice, so that the remainder of a sum always goes where it may go; what
then breaks a limit is moved along the lattice's short vectors.

| symbol | meaning | shape |
|---|---|---|
| ``k`` | whole steps of the parameters | d |
| ``basis`` | short whole vectors that keep all equations | d r |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.space.base import Floats

Wholes = NDArray[Any]

_MOST_MOVES = 200
# Pairs of short vectors are tried as moves too where there are no more vectors than this.
_MOST_PAIRED = 8
# Vectors are swapped where the next one is shorter than this share (Lovasz).
_LOVASZ = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class WholeSolutions:
    """All whole solutions of some equations.

    Args:
        start: one of them, ``d``.
        basis: reduced, ``d r``.
    """

    start: Wholes
    basis: Wholes


def solve_whole(
    e: Sequence[Sequence[int]], t: Sequence[int], *, scales: Floats
) -> WholeSolutions | None:
    """Returns all whole solutions of ``e @ k = t``; None where there is none, which is a proof.

    Args:
        e: whole coefficients, ``m d``.
        t: whole right-hand sides, ``m``.
        scales: how large a step of each variable is, ``d``, above 0; basis vectors are short so.
    """
    n = len(scales)
    columns = [[row[j] for row in e] + [int(i == j) for i in range(n)] for j in range(n)]
    n_rows, pivot = len(e), 0
    values: list[int] = []
    for row in range(n_rows):
        _eliminate(columns, row, first=pivot)
        known = sum(
            value * column[row] for value, column in zip(values, columns[:pivot], strict=True)
        )
        rest = t[row] - known
        factor = columns[pivot][row] if pivot < n else 0
        if factor == 0:
            if rest != 0:
                return None
            continue
        if rest % factor:
            return None
        values.append(rest // factor)
        pivot += 1
    start = [
        sum(value * column[n_rows + i] for value, column in zip(values, columns, strict=False))
        for i in range(n)
    ]
    basis = _reduce([column[n_rows:] for column in columns[pivot:]], scales)
    return WholeSolutions(np.array(start, dtype=object), _as_matrix(basis, n))


def _eliminate(columns: list[list[int]], row: int, *, first: int) -> None:
    """Leaves one column from ``first`` on that is not 0 in this row, by Euclid's algorithm."""
    while True:
        left = [j for j in range(first, len(columns)) if columns[j][row]]
        if not left:
            return
        smallest = min(left, key=lambda j: abs(columns[j][row]))
        columns[first], columns[smallest] = columns[smallest], columns[first]
        if len(left) == 1:
            return
        lead = columns[first]
        for j in range(first + 1, len(columns)):
            times = columns[j][row] // lead[row]
            if times:
                columns[j] = [x - times * y for x, y in zip(columns[j], lead, strict=True)]


def _reduce(vectors: list[list[int]], scales: Floats) -> list[list[int]]:
    """Returns a basis of short vectors, nearly at right angles.

    Source: Lenstra, Lenstra and Lovasz (Mathematische Annalen 261, 515, 1982); in doubles, as
    what comes out is exact however well it is reduced.
    """
    vectors = [list(vector) for vector in vectors]
    at = 1
    for _ in range(100 * (len(vectors) + 1) ** 2):
        if at >= len(vectors):
            break
        orthogonal = _gram_schmidt(vectors[: at + 1], scales)
        scaled = np.array(vectors[at], dtype=np.float64) * scales
        for j in range(at - 1, -1, -1):
            length = float(orthogonal[j] @ orthogonal[j])
            times = round(float(scaled @ orthogonal[j]) / length) if length > 0 else 0
            if times:
                vectors[at] = [x - times * y for x, y in zip(vectors[at], vectors[j], strict=True)]
                scaled = np.array(vectors[at], dtype=np.float64) * scales
        before, here = orthogonal[at - 1], orthogonal[at]
        overlap = float(scaled @ before) / max(float(before @ before), 1e-300)
        if here @ here >= (_LOVASZ - overlap**2) * (before @ before):
            at += 1
        else:
            vectors[at - 1], vectors[at] = vectors[at], vectors[at - 1]
            at = max(at - 1, 1)
    return vectors


def _gram_schmidt(vectors: list[list[int]], scales: Floats) -> list[Floats]:
    orthogonal: list[Floats] = []
    for vector in vectors:
        rest = np.array(vector, dtype=np.float64) * scales
        for each in orthogonal:
            length = each @ each
            if length > 0:
                rest = rest - (rest @ each / length) * each
        orthogonal.append(rest)
    return orthogonal


def _as_matrix(vectors: list[list[int]], n: int) -> Wholes:
    matrix = np.array(vectors, dtype=object).reshape(len(vectors), n).T
    fits = all(abs(x) < 2**31 for vector in vectors for x in vector)
    return matrix.astype(np.int64) if fits else matrix


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Limits of whole points: ``0 <= k <= most`` and ``low <= g @ k <= high``.

    In doubles: they guide the moves, and what comes out is checked exactly by whoever asks.

    Args:
        most: ``d``.
        g: rows of a length of about 1, ``m d``.
        low: ``m``; minus infinity for none.
        high: ``m``.
    """

    most: Floats
    g: Floats
    low: Floats
    high: Floats

    def breaches(self, k: Floats) -> Floats:
        """Returns by how much points, ``... d``, break the limits; 0 where they keep them."""
        total = (np.maximum(-k, 0.0) + np.maximum(k - self.most, 0.0)).sum(axis=-1)
        if len(self.g):
            sums = k @ self.g.T
            # a thousandth of a step is rounding
            low, high = self.low - sums - 1e-3, sums - self.high - 1e-3
            total = total + (np.maximum(low, 0.0) + np.maximum(high, 0.0)).sum(axis=-1)
        return np.asarray(total)


def round_within(points: Floats, solutions: WholeSolutions, limits: Limits) -> Wholes:
    """Returns whole points near real ones that keep equations exactly, and limits where found.

    Args:
        points: in steps, ``n d``.
        solutions: of the equations.
        limits: that the moves try to keep.
    """
    basis = solutions.basis.astype(np.float64)
    scale = 1.0 / np.maximum(limits.most, 1.0)
    offset = points - solutions.start.astype(np.float64)
    z, *_ = np.linalg.lstsq(basis * scale[:, None], (offset * scale).T, rcond=None)
    whole = np.rint(z).astype(np.int64)
    if basis.shape[1] == 0:
        return np.tile(solutions.start, (len(points), 1))
    start = solutions.start
    if solutions.basis.dtype != object and all(abs(x) < 2**52 for x in start):
        start = start.astype(np.int64)
    k = (solutions.basis @ whole).T + start
    return _move_inside(k, _moves(solutions.basis), limits)


def _moves(basis: Wholes) -> Wholes:
    """Returns short vectors of the lattice, both ways, ``v d``."""
    vectors = list(basis.T)
    if len(vectors) <= _MOST_PAIRED:
        pairs = [(a, b) for i, a in enumerate(vectors) for b in vectors[:i]]
        vectors += [a + b for a, b in pairs] + [a - b for a, b in pairs]
    matrix = np.array(vectors)
    return np.vstack([matrix, -matrix])


def _move_inside(k: Wholes, moves: Wholes, limits: Limits) -> Wholes:
    """Moves each point by the vector that mends most, until nothing is to be mended."""
    real_moves = moves.astype(np.float64)
    breaches = limits.breaches(k.astype(np.float64))
    active = np.flatnonzero(breaches > 0)
    for _ in range(_MOST_MOVES):
        if len(active) == 0:
            break
        options = k[active].astype(np.float64)[:, None, :] + real_moves[None, :, :]
        after = limits.breaches(options)
        best = after.argmin(axis=1)
        gains = after[np.arange(len(active)), best] < breaches[active] - 1e-9
        moved = active[gains]
        k[moved] = k[moved] + moves[best[gains]]
        breaches[moved] = after[gains, best[gains]]
        active = moved[breaches[moved] > 0]
    return k
