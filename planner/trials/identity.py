"""The identity of a run: its key, and the digest of what it asks for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from planner.space import Configuration, ProfileTable

PROTOCOL_VERSION = 1


def make_key(campaign: str, trial: int, run: int) -> str:
    """Returns the key of a run, ``campaign/trial/run``, minted by the planner at approval."""
    return f"{campaign}/{trial}/{run}"


def digest_order(
    configuration: Configuration,
    *,
    units: Mapping[str, str],
    profiles: Mapping[str, ProfileTable] | None = None,
) -> str:
    """Returns a hash of what is sent: parameters with their units, and the protocol's version.

    Args:
        configuration: what is asked for.
        units: by parameter.
        profiles: tables to follow, by name.
    """
    asked = {name: [value, units[name]] for name, value in configuration.items()}
    sent: dict[str, object] = {"protocol": PROTOCOL_VERSION, "parameters": asked}
    if profiles:
        sent["profiles"] = {name: table.model_dump() for name, table in profiles.items()}
    return digest_json(sent)


def digest_json(content: object) -> str:
    """Returns the SHA-256 of the canonical JSON text of ``content``, in hexadecimal."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()
