"""What an emergency stop has to reach: every device that a campaign of the ledger has spoken to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from planner.campaign import CampaignSpec, CommandDevice
from planner.campaign.addresses import addresses_of
from planner.errors import PlannerError
from planner.ledger import Ledger
from planner.ledger.entries import CampaignAmended, CampaignOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStop:
    """What became of the stop of one device.

    Args:
        source: its source.
        device: which of the source's devices; None for the only one.
        address: where it is; empty for what has none.
        campaign: for which its programs run, where each campaign has its own.
        is_stopped: whether the device itself has confirmed it, and nothing is under way there.
        said: its word, or why there is none.
    """

    source: str
    device: str | None = None
    address: str = ""
    campaign: str | None = None
    is_stopped: bool = False
    said: str = ""

    @property
    def named(self) -> str:
        """The device, in words."""
        name = self.source if self.device is None else f"{self.source}, {self.device}"
        at = f" at {self.address}" if self.address else ""
        whose = f" of campaign {self.campaign}" if self.campaign else ""
        return f"{name}{at}{whose}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How the devices of a source are reached."""

    spec: CampaignSpec
    folder: Path

    @property
    def what(self) -> tuple[object, ...]:
        """Returns what tells these devices from others, whichever campaign names them."""
        source = self.spec.source
        if isinstance(source, CommandDevice):  # each campaign's programs are its own
            return source.name, self.spec.campaign, self.folder.resolve()
        return source.name, tuple(addresses_of(source).items()) or source.model_dump_json()


def reaches(ledger: Ledger) -> tuple[tuple[Reach, ...], tuple[DeviceStop, ...]]:
    """Returns how each source that was ever spoken to is reached, and those of unreadable files."""
    found, lost = [], []
    for row in ledger.reaches():
        kinds = {"campaign opened", "campaign amended"}
        try:
            entry = next(ledger.read(row.campaign, after=row.spec_sequence - 1, kinds=kinds))
            assert isinstance(entry.record, CampaignOpened | CampaignAmended)
            spec = CampaignSpec.model_validate(entry.record.spec)
        except (PlannerError, ValueError, StopIteration) as error:
            said = f"the file of campaign {row.campaign!r} cannot be read any more: {error}"
            lost += [
                DeviceStop(source=row.source, device=name or None, address=address, said=said)
                for name, address in (row.addresses or {"": ""}).items()
            ]
        else:
            found.append(Reach(spec=spec, folder=Path(row.folder)))
    return tuple(found), tuple(lost)


def each_once(kept: Iterable[Reach], also: Iterable[Reach]) -> tuple[Reach, ...]:
    """Returns what is to be reached without repeats; where two say the same, ``also`` counts."""
    return tuple({each.what: each for each in (*kept, *also)}.values())
