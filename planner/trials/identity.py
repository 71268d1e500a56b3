"""The identity of a run: its key, and the digest of what it asks for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from planner.space import Configuration

PROTOCOL_VERSION = 1


def make_key(campaign: str, trial: int, run: int) -> str:
    """Returns the key of a run, ``campaign/trial/run``, minted by the planner at approval."""
    return f"{campaign}/{trial}/{run}"


def digest_order(configuration: Configuration, *, units: Mapping[str, str]) -> str:
    """Returns a hash of the parameters with their units and the protocol's version.

    Args:
        configuration: what is asked for.
        units: by parameter.
    """
    asked = {name: [value, units[name]] for name, value in configuration.items()}
    return digest_json({"protocol": PROTOCOL_VERSION, "parameters": asked})


def digest_json(content: object) -> str:
    """Returns the SHA-256 of the canonical JSON text of ``content``, in hexadecimal."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()
