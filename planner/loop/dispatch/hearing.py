"""Hearing: every device of a source is asked about itself, and one that is silent holds up none.

Each is asked in a thread of its own; what has not answered soon is asked no second time meanwhile.
What a device says of its being real is compared with the campaign file, and its clock with ours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from planner.campaign import is_simulated
from planner.campaign.sources import Runner
from planner.clock import Clock
from planner.errors import PlannerError, Refused
from planner.labs import DeviceLab, Lab
from planner.loop.dispatch.clocks import find_offset, why_not_by_clock
from planner.trials import Heartbeat

_SOON_S = 0.25  # a good device answers in milliseconds
_PATIENT_S = 60.0  # longer than adapters wait for an answer
_SHUT = ("locked", "stopped", "offline")


@dataclass(slots=True)
class _Call:
    """One question to one device."""

    done: threading.Event = field(default_factory=threading.Event)
    beat: Heartbeat | None = None
    offset: timedelta | None = None


class Hearing:
    """What the devices of a source last said of themselves.

    ``heard`` has the last word of each that answered when it was asked last; ``silent`` names the
    others. ``ahead`` says how far the clock of each is ahead of ours, where it tells the time.

    Args:
        lab: of the source.
        source: of the campaign.
        clock: ours.
    """

    def __init__(self, lab: Lab, *, source: Runner, clock: Clock) -> None:
        self._lab = lab
        self._source = source
        self._clock = clock
        self._calls: dict[str | None, _Call] = {}
        self.heard: dict[str | None, Heartbeat] = {}
        self.ahead: dict[str | None, timedelta | None] = {}
        self.silent: frozenset[str | None] = frozenset()

    def listen(self, *, is_patient: bool = False) -> dict[str | None, Heartbeat]:
        """Asks all devices, and returns what came since.

        Args:
            is_patient: whether to wait for all; otherwise a slow answer comes with a later call.
        """
        if not isinstance(self._lab, DeviceLab):
            return {}
        for device in self._lab.devices:
            if device not in self._calls:
                self._calls[device] = _ask(self._lab, device, self._clock)
        until = time.monotonic() + (_PATIENT_S if is_patient else _SOON_S)
        for call in self._calls.values():
            call.done.wait(max(0.0, until - time.monotonic()))
        return self._take()

    @property
    def closed(self) -> frozenset[str | None]:
        """Devices that get no order while another does; none where that is true of all or none."""
        return self._while_others_do(self.silent | self.shut.keys())

    @property
    def shut(self) -> Mapping[str | None, str]:
        """Why each device that was heard gets no order; those that do are left out."""
        found = {device: self._why_shut(device, beat) for device, beat in self.heard.items()}
        return {device: why for device, why in found.items() if why}

    @property
    def locked(self) -> str:
        """Why none of the devices gets an order; empty where one does, or none was heard.

        One that is offline is out of reach, which is another matter.
        """
        is_any = any(each.state == "offline" for each in self.heard.values())
        if is_any or len(self.shut) < len(self.heard):
            return ""
        return "; ".join(self.shut.values())

    def _why_shut(self, device: str | None, beat: Heartbeat) -> str:
        if beat.state not in _SHUT:
            return why_not_by_clock(self._source, device, self.ahead.get(device))
        who = "the device" if device is None else repr(device)
        return f"{who} is {beat.state}{f' ({beat.reason})' if beat.reason else ''}"

    @property
    def left_alone(self) -> frozenset[str | None]:
        """Devices that are silent while another is not: waiting for them would hold it up."""
        return self._while_others_do(self.silent)

    def _while_others_do(self, devices: frozenset[str | None]) -> frozenset[str | None]:
        every = self._lab.devices if isinstance(self._lab, DeviceLab) else ()
        return devices if len(devices) < len(every) else frozenset()

    def _take(self) -> dict[str | None, Heartbeat]:
        answered = {device: each for device, each in self._calls.items() if each.done.is_set()}
        come = {device: each.beat for device, each in answered.items() if each.beat is not None}
        for device in answered:
            del self._calls[device]
            self.heard.pop(device, None)
        self.heard.update(come)
        self.ahead.update({device: each.offset for device, each in answered.items()})
        self.silent = (self.silent | answered.keys()) - come.keys()
        return come


def _ask(lab: DeviceLab, device: str | None, clock: Clock) -> _Call:
    call = _Call()

    def ask() -> None:
        try:
            asked = clock.now()
            beat = lab.heartbeat(device)
            call.offset = find_offset(beat, asked=asked, answered=clock.now())
            call.beat = beat
        except PlannerError:
            call.beat = None
        finally:
            call.done.set()

    threading.Thread(target=ask, name=f"heartbeat {device or ''}", daemon=True).start()
    return call


def check_reality(source: Runner, device: str | None, beat: Heartbeat) -> None:
    """Accepts a device that is as real as the campaign file says.

    Raises:
        Refused: it is not; nothing may be sent to it.
    """
    if beat.simulated == is_simulated(source):
        return
    who = f"The device of source {source.name!r}" if device is None else f"Device {device!r}"
    if beat.simulated:
        raise Refused(
            f"{who} says that it is simulated, and the campaign file says that source "
            f"{source.name!r} is real. Nothing was sent to it: its results would be taken for the "
            f"lab's. Connect the real device, or write 'simulated: true' under the source."
        )
    raise Refused(
        f"{who} says that it is real, and the campaign file says that source {source.name!r} is "
        f"simulated. Nothing was sent to it: it would move. Connect the simulated device (its own "
        f"file says 'simulated: true'), or take that line out of the campaign file's source."
    )
