"""Two devices that say of themselves what a test makes them say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from planner.errors import LabUnavailable
from planner.labs import Adjustment, Answer, Order, Setting
from planner.trials import Heartbeat
from tests.loop.scripted_lab import ScriptedLab, done


@dataclass
class Devices(ScriptedLab):
    """Two devices; ``shut`` says what is wrong with one of them: silent, hanging, or its state."""

    devices: tuple[str | None, ...] = ("left", "right")
    shut: dict[str, str] = field(default_factory=dict)
    simulated: bool = False
    clock: Callable[[str | None], datetime | None] = lambda _: datetime.now(UTC)
    wake: threading.Event = field(default_factory=threading.Event)
    n_beats: int = 0

    def heartbeat(self, device: str | None = None) -> Heartbeat:
        self.n_beats += 1
        what = self.shut.get(device or "", "ready")
        if what == "hanging":
            self.wake.wait(30)
        if what in ("silent", "hanging"):
            raise LabUnavailable(f"{device} does not answer.")
        return Heartbeat(
            boot_id=f"boot of {device}",
            sequence=self.n_beats,
            at=self.clock(device),
            state=what,  # type: ignore[arg-type]
            simulated=self.simulated,
        )

    def submit(self, order: Order) -> Answer:
        if order.device in self.shut:
            raise LabUnavailable(f"{order.device} does not take orders.")
        return super().submit(order)

    def adjust(
        self,
        key: str,
        *,
        number: int,
        digest: str,
        parameters: Mapping[str, Setting],
        token: int,
        ledger: str,
        device: str | None = None,
    ) -> Adjustment:
        return Adjustment(number=number, state="refused")

    def stop(self, *, by: str, reason: str, device: str | None = None) -> Heartbeat:
        return self.heartbeat(device)

    def clear(
        self, *, clear_token: str, by: str, reason: str, device: str | None = None
    ) -> Heartbeat:
        return self.heartbeat(device)

    release = clear

    def wait_for_news(self, timeout_s: float) -> bool:
        return self.wake.wait(timeout_s)


def devices(**how: object) -> Devices:
    return Devices(lambda order, _n: done(order, **{"yield": 50.0}), **how)  # type: ignore[arg-type]
