"""The emergency stop: every device of a ledger is told at once, and nothing more is dispatched.

It goes past queue, lease, approval and role. It is no safety device: it travels over the lab's
network, through programs that may be dead. A lab keeps its hardware interlocks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from planner.campaign import CampaignSpec
from planner.errors import PlannerError
from planner.labs import DeviceLab, Lab, open_lab
from planner.ledger import Ledger
from planner.ledger.entries import CampaignAmended, CampaignOpened

PATIENCE_S = 15.0  # an adapter's own time limits end sooner

OpenLab = Callable[[CampaignSpec, Path], Lab]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStop:
    """What became of the stop of one device.

    Args:
        source: its source.
        device: which of the source's devices; None for the only one.
        is_stopped: whether the device itself has confirmed it.
        said: its word, or why there is none.
    """

    source: str
    device: str | None = None
    is_stopped: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How the devices of a source are reached."""

    spec: CampaignSpec
    folder: Path


def reaches(ledger: Ledger) -> tuple[Reach, ...]:
    """Returns how each source that was ever spoken to is reached."""
    found = []
    for row in ledger.devices():
        if row.device is not None:
            continue  # reached with its source
        kinds = {"campaign opened", "campaign amended"}
        for entry in ledger.read(row.campaign, kinds=kinds):
            record = entry.record
            assert isinstance(record, CampaignOpened | CampaignAmended)
            content = record.spec
        found.append(Reach(spec=CampaignSpec.model_validate(content), folder=Path(row.folder)))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """What became of an emergency stop.

    Args:
        devices: each of them.
        trouble: why the ledger does not keep campaigns from dispatching; empty where it does.
    """

    devices: tuple[DeviceStop, ...]
    trouble: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether every device has confirmed it, and nothing more is dispatched."""
        return not self.trouble and all(each.is_stopped for each in self.devices)


def stop_all(
    ledger: Ledger | None,
    *,
    by: str,
    reason: str,
    also: Sequence[Reach] = (),
    open_it: OpenLab = lambda spec, folder: open_lab(spec, folder=folder),
) -> Emergency:
    """Stops all devices of a ledger, at once, and latches the stop.

    The devices are told while the ledger is written: neither waits for the other.

    Args:
        ledger: whose campaigns dispatch no more; None where it cannot be opened.
        by: who stops.
        reason: why.
        also: sources that are to be stopped although nothing was sent to them yet.
        open_it: makes the lab of a source.

    Returns:
        What became of each device, also of one that has not answered in time.
    """
    kept = reaches(ledger) if ledger is not None else ()
    known = {each.spec.source.name: each for each in (*also, *kept)}
    said: dict[str, list[DeviceStop]] = {}

    def tell(name: str, reach: Reach) -> None:
        said[name] = _stop_source(reach, by=by, reason=reason, open_it=open_it)

    threads = [
        threading.Thread(target=tell, args=each, name=f"stop {each[0]}", daemon=True)
        for each in known.items()
    ]
    for thread in threads:
        thread.start()
    trouble = _latch(ledger, by=by, reason=reason)
    for thread in threads:
        thread.join(PATIENCE_S)
    silent = f"no answer within {PATIENCE_S:g} s"
    devices = tuple(
        one
        for name in sorted(known)
        for one in said.get(name, [DeviceStop(source=name, said=silent)])
    )
    return Emergency(devices=devices, trouble=trouble)


def _latch(ledger: Ledger | None, *, by: str, reason: str) -> str:
    """Latches the stop, and returns why that is not possible, if it is not."""
    if ledger is None:
        return "the ledger cannot be opened"
    try:
        ledger.latch_stop(by=by, reason=reason)
    except PlannerError as error:
        return str(error)
    return ""


def _stop_source(reach: Reach, *, by: str, reason: str, open_it: OpenLab) -> list[DeviceStop]:
    name = reach.spec.source.name
    try:
        lab = open_it(reach.spec, reach.folder)
    except PlannerError as error:
        return [DeviceStop(source=name, said=str(error))]
    try:
        if not isinstance(lab, DeviceLab):
            return [
                DeviceStop(source=name, said="its adapter knows no stop; stop it at the device")
            ]
        return [_stop_device(lab, name, device, by=by, reason=reason) for device in lab.devices]
    finally:
        lab.close()


def _stop_device(
    lab: DeviceLab, source: str, device: str | None, *, by: str, reason: str
) -> DeviceStop:
    told = DeviceStop(source=source, device=device)
    try:
        heard = lab.stop(by=by, reason=reason, device=device)
    except PlannerError as error:
        return replace(told, said=str(error))
    return replace(told, is_stopped=heard.state in ("stopped", "locked"), said=heard.reason)
