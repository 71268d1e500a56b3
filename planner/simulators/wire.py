"""Results as JSON lines, between the pool and its workers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from planner.simulators.contract import (
    Course,
    Curve,
    Diagnostics,
    Given,
    SimulatorResult,
    Status,
    Yielded,
)


def to_line(message: Mapping[str, Any]) -> bytes:
    """One message as one line; NaN and infinities are kept, which strict JSON has no word for."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def written_result(result: SimulatorResult) -> dict[str, Any]:
    """A result as what JSON can hold; numbers of any library become Python's."""
    told = result.diagnostics
    residual = told.balance_residual
    return {
        "status": str(result.status),
        "values": {name: _written_value(value) for name, value in result.values.items()},
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
        values={name: _read_value(value) for name, value in written["values"].items()},
        diagnostics=Diagnostics(**written["diagnostics"]),
    )


def written_input(given: Given) -> float | dict[str, Any]:
    """An input as what JSON can hold."""
    if not isinstance(given, Course):
        return float(given)
    return {
        "times": [float(time) for time in given.times],
        "values": [float(value) for value in given.values],
        "is_stepped": bool(given.is_stepped),
    }


def read_input(written: float | Mapping[str, Any]) -> Given:
    """The inverse of `written_input`."""
    if not isinstance(written, Mapping):
        return written
    return Course(
        times=tuple(written["times"]),
        values=tuple(written["values"]),
        is_stepped=written["is_stepped"],
    )


def _written_value(value: Yielded) -> float | str | dict[str, list[float]]:
    if isinstance(value, Curve):
        return {"x": [float(x) for x in value.x], "y": [float(y) for y in value.y]}
    return value if isinstance(value, str) else float(value)


def _read_value(written: Any) -> Yielded:
    if isinstance(written, Mapping):
        return Curve(x=tuple(written["x"]), y=tuple(written["y"]))
    return written if isinstance(written, str) else float(written)
