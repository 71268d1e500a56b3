"""The contract with a source: what is sent, what may be answered, what may be sent again.

An order carries the key of its run. A source of class *keyed* answers a key that it knows with
its state and acts once; the classes say what may be repeated after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from pydantic import ConfigDict, TypeAdapter

from planner.space import ProfileTable, Value
from planner.trials import Artifact, DeviceState, StoredCurve


class DeliveryClass(StrEnum):
    """What may be sent again when the answer is not known."""

    KEYED = "keyed"  # send again freely until answered
    TWO_PHASE = "two-phase"  # the first phase again freely, the second only after asking
    FIRE_AND_OBSERVE = "fire and observe"  # once; no answer means in doubt


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
        not_after: the device refuses the order after this.
    """

    key: str
    digest: str
    parameters: dict[str, Setting]
    profiles: dict[str, ProfileTable] = field(default_factory=dict)
    device: str | None = None
    token: int = 0
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A curve or distribution as a source reports it.

    Args:
        x: places on the axis; for a distribution the values.
        y: what was measured there; for a distribution the weights.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]


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

    value: float | str | Series | Attachment | StoredCurve | Artifact | None
    unit: str | None = None
    sd: float | None = None
    x_unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run brought.

    Args:
        outcomes: by name.
        achieved: what was really set, where the source reports it.
    """

    # JSON knows no NaN: it travels as text, so that a bad value is kept as it was
    __pydantic_config__ = ConfigDict(ser_json_inf_nan="strings")

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
    """

    key: str
    state: DeviceState
    result: Result | None = None
    reason: str = ""
    failure: Literal["machine", "process"] = "machine"


class Lab(Protocol):
    """A source of trials, as the planner sees it.

    ``delivery`` is its class. ``is_repeatable`` says that repeating a run costs nothing and gives
    the same draw. ``is_person`` says that only a person can bring its results.
    """

    delivery: DeliveryClass
    is_repeatable: bool
    is_person: bool

    def submit(self, order: Order) -> Answer:
        """Hands an order over and returns the source's acknowledgement.

        Raises:
            LabUnavailable: the order provably did not leave.
            Unanswered: it may have arrived; nothing is known.
        """
        ...

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Asks for the state of runs; a key that the source does not know is left out.

        Raises:
            LabUnavailable: the source cannot be reached.
        """
        ...

    def abort(self, key: str) -> Answer:
        """Asks to end a run; the answer says what became of it."""
        ...

    def close(self) -> None:
        """Ends what the adapter holds open; what runs at the device runs on."""
        ...


ORDERS: TypeAdapter[Order] = TypeAdapter(Order)
RESULTS: TypeAdapter[Result] = TypeAdapter(Result)
