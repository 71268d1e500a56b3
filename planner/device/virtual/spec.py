"""What a device's file says of a virtual device, and which faults it has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from planner.space.expressions import Expression


def _check_formula(text: str) -> str:
    Expression.parse(text)
    return text


Formula = Annotated[str, AfterValidator(_check_formula)]
Chance = Annotated[float, Field(ge=0, le=1)]
CrashPoint = Literal["before accept", "accepted", "started", "acting", "acted", "ended"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class VirtualOutcome(_Part):
    """One thing that the device measures at the end of an act.

    Args:
        formula: of the settings, in the device's units.
        unit: as it is reported.
        sd: standard deviation of its noise, drawn from a seed that follows from the key.
    """

    formula: Formula
    unit: str | None = None
    sd: float = Field(default=0.0, ge=0)


class VirtualSensor(_Part):
    """One thing that the device reads during an act.

    Args:
        formula: of the settings, and of ``elapsed``, the share of the act that is over.
        unit: as it is reported.
    """

    formula: Formula
    unit: str


class Crash(_Part):
    """The program kills itself, as a power cut would.

    Args:
        at: where it passes: before the order is kept, when it is kept and not yet answered, when
            ``started`` is kept and nothing has moved, during the act, when the act is over and the
            result not kept, when the result is kept and not yet told.
        times: at most so often.
        chance: each time it passes.
    """

    at: CrashPoint
    times: int = Field(default=1, ge=1)
    chance: Chance = 1.0


class Faults(_Part):
    """What goes wrong; without any of it the device is a good one.

    Args:
        latency: seconds by which an act takes longer, at most; drawn for each.
        drift: by outcome, what is added with each act that the device has performed.
        noise: factor on the standard deviations.
        lost: chance that an answer never leaves.
        doubled: chance that it leaves twice, where the protocol can do so.
        late: chance that it leaves late.
        late_by: seconds.
        crashes: points at which the program kills itself.
        wrong_units: by outcome, the unit that is reported instead of its own.
        nan: chance that an outcome is no number.
        stuck_after: acts after which sensors say the same for ever.
        beats: heartbeats after which none leaves.
        silence: seconds until they leave again; None means never.
    """

    latency: float = Field(default=0.0, ge=0)
    drift: dict[str, float] = Field(default_factory=dict)
    noise: float = Field(default=1.0, ge=0)
    lost: Chance = 0.0
    doubled: Chance = 0.0
    late: Chance = 0.0
    late_by: float = Field(default=0.5, ge=0)
    crashes: tuple[Crash, ...] = ()
    wrong_units: dict[str, str] = Field(default_factory=dict)
    nan: Chance = 0.0
    stuck_after: int | None = Field(default=None, ge=0)
    beats: int | None = Field(default=None, ge=0)
    silence: float | None = Field(default=None, gt=0)


class VirtualAct(_Part):
    """An act that moves nothing and says what a formula says.

    Args:
        outcomes: by name.
        sensors: by name; read ten times an act.
        duration: seconds that an act takes.
        infeasible: formula of the settings; where it is above 0 the process fails.
        record: file of physical acts, kept apart from the journal; by default NAME.acts.
        seed: root of all draws.
        faults: what goes wrong.
    """

    kind: Literal["virtual"]
    outcomes: dict[str, VirtualOutcome] = Field(min_length=1)
    sensors: dict[str, VirtualSensor] = Field(default_factory=dict)
    duration: float = Field(default=0.0, ge=0)
    infeasible: Formula | None = None
    record: Path | None = None
    seed: int = Field(default=0, ge=0)
    faults: Faults = Faults()
