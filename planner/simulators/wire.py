"""Results as JSON lines, between the pool and its workers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from planner.simulators.contract import Diagnostics, SimulatorResult, Status


def to_line(message: Mapping[str, Any]) -> bytes:
    """One message as one line; NaN and infinities are kept, which strict JSON has no word for."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def written_result(result: SimulatorResult) -> dict[str, Any]:
    """A result as what JSON can hold; numbers of any library become Python's."""
    told = result.diagnostics
    residual = told.balance_residual
    return {
        "status": str(result.status),
        "values": {name: float(value) for name, value in result.values.items()},
        "diagnostics": {
            "converged": bool(told.converged),
            "n_steps": int(told.n_steps),
            "balance_residual": None if residual is None else float(residual),
            "message": str(told.message),
        },
    }


def read_result(written: Mapping[str, Any]) -> SimulatorResult:
    """The inverse of `written_result`."""
    return SimulatorResult(
        status=Status(written["status"]),
        values=written["values"],
        diagnostics=Diagnostics(**written["diagnostics"]),
    )
