"""What the pictures' records check about the arrays that they are given.

A record keeps its own read-only float64 copies, so nothing that happens to the caller's arrays
afterwards changes a picture. Lists are taken where arrays are named.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from planner.errors import InputError


def own_vector(
    values: ArrayLike, *, what: str, n: int | None = None, may_miss: bool = False
) -> Float[np.ndarray, " n"]:
    """Return a read-only copy of a row of numbers.

    Args:
        values: the numbers.
        what: what they are, for the message.
        n: how many there must be; None where any count will do.
        may_miss: whether NaN stands for a missing number; without it NaN is refused.

    Raises:
        InputError: not one row, not ``n`` numbers, an infinite one, or NaN where none may miss.
    """
    array = _own(values, what=what)
    if array.ndim != 1 or (n is not None and array.size != n):
        rule = "one row of numbers" if n is None else f"one row of {n} numbers"
        raise InputError(f"{what}: an array of shape {array.shape} was given, not {rule}.")
    _refuse_bad(array, what=what, may_miss=may_miss)
    return array


def own_intervals(values: ArrayLike, *, what: str, n: int) -> Float[np.ndarray, "n 2"]:
    """Return a read-only copy of ``n`` intervals, each its lower and its upper end.

    Raises:
        InputError: not of shape (n, 2), not finite, or a lower end above its upper end.
    """
    array = _own(values, what=what)
    if n == 0 and array.size == 0:
        array = array.reshape(0, 2)
    if array.shape != (n, 2):
        raise InputError(
            f"{what}: an array of shape {array.shape} was given, not {n} rows of (lower, upper)."
        )
    _refuse_bad(array, what=what, may_miss=False)
    crossed = np.flatnonzero(array[:, 0] > array[:, 1])
    if crossed.size:
        low, high = array[crossed[0]]
        raise InputError(
            f"{what}: entry {crossed[0] + 1} runs from {low:g} down to {high:g}. "
            "Give the lower end first."
        )
    return array


def own_increasing(
    settings: Float[np.ndarray, " g"], *, what: str, n: int, is_log: bool
) -> Float[np.ndarray, " g"]:
    """Return a read-only copy of settings that increase, and are positive on a log scale.

    Raises:
        InputError: they do not, are not ``n``, or are not finite.
    """
    own = own_vector(settings, what=what, n=n)
    if own.size < 2 or (np.diff(own) <= 0).any():
        raise InputError(f"{what}: give at least two, each above the one before.")
    if is_log and own[0] <= 0:
        raise InputError(f"{what}: {own[0]:g} cannot stand on a log scale. Start above 0.")
    return own


def refuse_beyond(
    array: Float[np.ndarray, "*n"], *, what: str, low: float, high: float, rule: str
) -> None:
    """Refuse numbers outside ``[low, high]``; ``rule`` says why and what to do.

    Raises:
        InputError: a number lies outside.
    """
    outside = array[(array < low) | (array > high)]
    if outside.size:
        raise InputError(f"{what}: {outside[0]:g} lies outside {low:g} to {high:g}. {rule}")


def _own(values: ArrayLike, *, what: str) -> Float[np.ndarray, "*n"]:
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what}: these are not all numbers ({error}).") from error
    array.flags.writeable = False
    return array


def _refuse_bad(array: Float[np.ndarray, "*n"], *, what: str, may_miss: bool) -> None:
    bad = np.isinf(array) if may_miss else ~np.isfinite(array)
    if bad.any():
        place = int(np.argwhere(bad)[0][0])
        value = array[tuple(np.argwhere(bad)[0])]
        remedy = (
            "Give finite numbers, or NaN where one is missing."
            if may_miss
            else ("Every entry must be a finite number; leave out what is missing.")
        )
        raise InputError(f"{what}: entry {place + 1} is {value:g}. {remedy}")
