"""The emergency stop: every device of a ledger is told at once, and nothing more is dispatched.

It goes past queue, lease, approval and role. It is no safety device: it travels over the lab's
network, through programs that may be dead. A lab keeps its hardware interlocks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from planner.campaign import CampaignSpec, CommandDevice
from planner.campaign.addresses import addresses_of
from planner.errors import PlannerError
from planner.labs import DeviceLab, Lab, open_lab
from planner.labs.command import clear_programs, home_of
from planner.ledger import Ledger
from planner.loop.dispatch.reaching import DeviceStop, Reach, each_once, reaches

PATIENCE_S = 20.0  # an adapter's own time limits, as long as nobody sets them, end sooner
_LOOK_S = 0.2

OpenLab = Callable[[CampaignSpec, Path], Lab]


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
    patience_s: float = PATIENCE_S,
) -> Emergency:
    """Stops all devices of a ledger, at once, and latches the stop.

    Each device is told in a thread of its own, while the ledger is written: none waits for another.

    Args:
        ledger: whose campaigns dispatch no more; None where it cannot be opened.
        by: who stops.
        reason: why.
        also: sources that are to be stopped although nothing was sent to them yet.
        open_it: makes the lab of a source.
        patience_s: how long the devices are waited for, all together.

    Returns:
        What became of each device, also of one that has not answered in time.
    """
    until_s = time.monotonic() + patience_s
    kept, told, trouble = _known(ledger)
    known = each_once(kept, also)
    stops = [_Stop(each, by=by, reason=reason, until_s=until_s) for each in known]
    threads = [
        threading.Thread(target=each.tell, args=(open_it,), name=f"stop {each}", daemon=True)
        for each in stops
    ]
    for thread in threads:
        thread.start()
    trouble = _latch(ledger, by=by, reason=reason) or trouble
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))
    told += [one for each in stops for one in each.devices(patience_s)]
    return Emergency(devices=_sorted(told), trouble=trouble)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What an emergency stop that was cleared had stopped, in words.

    Args:
        programs: which may be started again.
        devices: which somebody has to clear where they stand.
    """

    programs: tuple[str, ...]
    devices: tuple[str, ...]


def clear_all(ledger: Ledger, *, by: str, reason: str, also: Sequence[Reach] = ()) -> Cleared:
    """Takes the emergency stop off the ledger, and off programs, which have no bench of their own.

    Programs first: who is interrupted in between types it again.

    Args:
        ledger: whose campaigns dispatch again.
        by: who clears it.
        reason: why.
        also: sources that may have been stopped although nothing was sent to them.

    Raises:
        Refused: nothing is stopped.
    """
    kept, lost = reaches(ledger)
    known = each_once(kept, also)
    stops = [_Stop(each, by=by, reason=reason, until_s=0.0) for each in known]
    programs = {
        one.named
        for each in stops
        if isinstance(each.reach.spec.source, CommandDevice)
        and clear_programs(home_of(each.reach.spec, folder=each.reach.folder))
        for one in each.devices(0.0)
    }
    if ledger.latch() is not None or not programs:
        ledger.clear_stop(by=by, reason=reason)
    devices = (*lost, *(one for each in stops for one in each.devices(0.0)))
    places = {each.named for each in devices if each.campaign is None}
    return Cleared(programs=tuple(sorted(programs)), devices=tuple(sorted(places)))


def _known(ledger: Ledger | None) -> tuple[tuple[Reach, ...], list[DeviceStop], str]:
    """Returns what is to be reached, what is not known how to, and why that may not be all."""
    if ledger is None:
        return (), [], ""
    try:
        kept, lost = reaches(ledger)
    except PlannerError as error:
        return (), [], f"which devices there are cannot be read: {error}"
    return kept, list(lost), ""


def _sorted(told: Sequence[DeviceStop]) -> tuple[DeviceStop, ...]:
    """Returns one a device; where it was told twice, the worse of its words."""
    found: dict[tuple[str, str, str, str], DeviceStop] = {}
    for each in sorted(told, key=lambda each: not each.is_stopped):
        key = (each.source, each.campaign or "", each.device or "", each.address)
        found.setdefault(key, each)
    return tuple(found[key] for key in sorted(found))


def _latch(ledger: Ledger | None, *, by: str, reason: str) -> str:
    """Latches the stop, and returns why that is not possible, if it is not."""
    if ledger is None:
        return "the ledger cannot be opened"
    try:
        ledger.latch_stop(by=by, reason=reason)
    except PlannerError as error:
        return str(error)
    return ""


@dataclass(slots=True)
class _Stop:
    """The stop of one source's devices; what is known of them grows while they answer."""

    reach: Reach
    by: str
    reason: str
    until_s: float
    said: dict[str | None, DeviceStop] = field(default_factory=dict)
    meant: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        self.meant = self.reach.spec.source.devices or (None,)

    def __str__(self) -> str:
        return self.reach.spec.source.name

    def devices(self, patience_s: float) -> list[DeviceStop]:
        """Returns what is known by now of each device, in their order."""
        silent = f"no answer within {patience_s:g} s"
        said = dict(self.said)
        return [said.get(each) or self._about(each, said=silent) for each in self.meant]

    def tell(self, open_it: OpenLab) -> None:
        """Tells all devices, each in a thread of its own, and waits for them."""
        try:
            lab = open_it(self.reach.spec, self.reach.folder)
        except Exception as error:
            self._keep_all(str(error))
            return
        try:
            if isinstance(lab, DeviceLab):
                self._tell_each(lab)
            else:
                self._keep_all("its adapter knows no stop; stop it at the device")
        finally:
            lab.close()

    def _tell_each(self, lab: DeviceLab) -> None:
        self.meant = lab.devices
        threads = [
            threading.Thread(target=self._tell_one, args=(lab, each), daemon=True)
            for each in lab.devices
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _tell_one(self, lab: DeviceLab, device: str | None) -> None:
        try:
            heard = lab.stop(by=self.by, reason=self.reason, device=device)
            while heard.current_key is not None and time.monotonic() < self.until_s:
                said = f"it was told ({heard.state}), and run {heard.current_key} has not ended yet"
                self.said[device] = self._about(device, said=said)
                time.sleep(_LOOK_S)
                heard = lab.heartbeat(device)
        except Exception as error:  # an adapter's own, too: the others are told all the same
            known = self.said.get(device)
            said = str(error) if known is None else f"{known.said}; then: {error}"
            self.said[device] = self._about(device, said=said)
            return
        if heard.current_key is None:
            is_stopped = heard.state in ("stopped", "locked")
            about = self._about(device, said=heard.reason)
            self.said[device] = replace(about, is_stopped=is_stopped)

    def _keep_all(self, said: str) -> None:
        self.said.update({each: self._about(each, said=said) for each in self.meant})

    def _about(self, device: str | None, *, said: str) -> DeviceStop:
        source, campaign = self.reach.spec.source, self.reach.spec.campaign
        return DeviceStop(
            source=source.name,
            device=device,
            address=addresses_of(source).get(device or "", ""),
            campaign=campaign if isinstance(source, CommandDevice) else None,
            said=said,
        )
