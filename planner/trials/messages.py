"""What planner and device write to each other about a run, word for word as JSON.

The planner sends an *order* under the key of its run; the device sends *answers*, its own word for
a key, and a *rejection* where it does not take an order: then it has kept nothing and done nothing.
On the wire parameters have the device's own names and units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    WrapSerializer,
)

from planner.space import ProfileTable, Value
from planner.trials.states import DeviceState
from planner.trials.values import Artifact, StoredCurve


def _write_value(value: Any, write: SerializerFunctionWrapHandler) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return write(value)


def _read_value(value: Any) -> Any:
    return float(value) if value in ("NaN", "Infinity", "-Infinity") else value


# JSON knows no NaN: it travels as text, so that a bad value is kept as it was. pydantic's setting
# for this (ser_json_inf_nan) is not obeyed where a field has a choice of types.
_WRITTEN = WrapSerializer(_write_value, when_used="json")
_Number = Annotated[float, _WRITTEN]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The value of one parameter with its unit."""

    value: Value
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked of a source.

    Args:
        key: ``campaign/trial/run``.
        digest: hash of the parameters; the same key with another digest is a conflict.
        parameters: by name; those that are set, each knot of a profile by itself.
        profiles: by name, for parameters that are programmes in time, the table to follow.
        device: which of the source's devices is meant, where it has several.
        token: fencing token of the device's lease; a device refuses a lower one than it has seen.
        ledger: id of the ledger that gives the order; a device obeys only one.
        not_after: the device refuses the order after this.
    """

    key: str
    digest: str
    parameters: dict[str, Setting]
    profiles: dict[str, ProfileTable] = field(default_factory=dict)
    device: str | None = None
    token: int = 0
    ledger: str = ""
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A curve or distribution as a source reports it.

    Args:
        x: places on the axis; for a distribution the values.
        y: what was measured there; for a distribution the weights.
    """

    x: tuple[_Number, ...]
    y: tuple[_Number, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file as a source reports it.

    Args:
        name: of the file, without a folder.
        content: its bytes; in JSON as base64 text.
        media_type: such as image/tiff.
    """

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    name: str
    content: bytes
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One value as a source reports it, before any check.

    Args:
        value: a number, a name, a curve, a file, or whatever else the source sent; what is large
            is kept as an artifact from the moment it arrives, and then referred to by its hash.
        unit: as reported; None means the unit that the campaign states.
        sd: standard deviation of its error, in the same unit, where the source knows it.
        x_unit: of a curve's axis; None means the unit that the campaign states.
    """

    value: Annotated[
        float | str | Series | Attachment | StoredCurve | Artifact | None,
        _WRITTEN,
        BeforeValidator(_read_value),
    ]
    unit: str | None = None
    sd: _Number | None = None
    x_unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run brought.

    Args:
        outcomes: by name.
        achieved: what was really set, where the source reports it.
    """

    outcomes: dict[str, Reported]
    achieved: dict[str, Reported] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A source's own word for a key.

    Args:
        state: the device's state of the run.
        result: with the state ``done``.
        reason: why it failed, was refused or aborted.
        failure: whether the machine failed (may be tried again) or the process (an observation
            that this configuration does not work).
        boot_id: of the device's program, where it has one.
        began: when it started, by the device's clock, where it says so.
        ended: when it ended, likewise.
        ledger: id of the ledger whose order it was, where the device keeps that; what it did for
            another ledger is no answer to this one.
    """

    key: str
    state: DeviceState
    result: Result | None = None
    reason: str = ""
    failure: Literal["machine", "process"] = "machine"
    boot_id: str = ""
    began: datetime | None = None
    ended: datetime | None = None
    ledger: str = ""


RejectionKind = Literal[
    "stale token",
    "other ledger",
    "locked",
    "too often",
    "other order",
    "unknown key",
    "bad message",
    "not allowed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A device's word that it has not taken an order, has kept nothing of it and does nothing.

    Args:
        key: of the order; empty where it could not be read.
        error: which rule it broke. ``stale token``: a driver with a higher one has been heard;
            ``other ledger``: the device obeys another, or did the key for another; ``locked``: it
            is stopped, in local control or in maintenance, and the same order may be sent again
            later; ``other order``: it knows the key for an order with another digest; ``unknown
            key``: it was asked about an order that it never took; ``bad message``: it cannot be
            read, or asks for what this device does not have; ``not allowed``: the sender has not
            shown who it is.
        reason: in words, for a person.
        token: the highest that the device has heard, where the token was too low.
    """

    key: str = ""
    error: RejectionKind
    reason: str
    token: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A device's word about itself.

    Args:
        boot_id: another one after each start of the device's program.
        sequence: counts its heartbeats from 1 since then.
        at: when, by the device's clock; None where it has none.
        state: whether it would take an order now.
        current_key: of the run that is under way, if one is.
        reason: why it is locked or stopped.
        simulated: whether no real device stands behind it.
        ledger: id of the ledger that it obeys; empty before its first order.
    """

    boot_id: str
    sequence: int
    at: datetime | None = None
    state: Literal["ready", "busy", "locked", "stopped", "offline"]
    current_key: str | None = None
    reason: str = ""
    simulated: bool = False
    ledger: str = ""


ORDERS: TypeAdapter[Order] = TypeAdapter(Order)
RESULTS: TypeAdapter[Result] = TypeAdapter(Result)
ANSWERS: TypeAdapter[Answer] = TypeAdapter(Answer)
REJECTIONS: TypeAdapter[Rejection] = TypeAdapter(Rejection)
HEARTBEATS: TypeAdapter[Heartbeat] = TypeAdapter(Heartbeat)
