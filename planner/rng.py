"""Seeds that follow from names, so that any draw can be made again."""

from __future__ import annotations

import hashlib
import json

import numpy as np

_BITS = 63  # torch takes seeds below 2**63


def derive_seed(root: int, *words: str | int) -> int:
    """Returns a seed that depends on all its arguments and on nothing else.

    Args:
        root: seed of the campaign.
        words: what the seed is for, such as ``("ask", 17)``.

    Returns:
        An integer in ``[0, 2**63)``.
    """
    text = json.dumps([root, *words])  # tells 17 from "17", and where each word ends
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - _BITS)


def make_generator(seed: int) -> np.random.Generator:
    """Returns numpy's default generator for this seed."""
    return np.random.default_rng(seed)
