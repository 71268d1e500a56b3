"""Which ledger a real device is driven from: one that all campaigns at it share.

The lease of a source, its tokens and the emergency stop reach as far as the ledger. Two campaigns
with a ledger each would both be first in line at the same device.
"""

from __future__ import annotations

from planner.campaign import is_simulated
from planner.campaign.devices import CommandDevice, HttpDevice, MqttDevice
from planner.campaign.sources import Adapter, Runner
from planner.errors import Refused


def why_not_driven(source: Runner, *, is_shared: bool) -> str:
    """Returns why a source is not driven from this ledger, and what to do; empty where it may be.

    What costs nothing to repeat, and what only a person does, needs no lease.

    Args:
        source: of the campaign.
        is_shared: whether the ledger is one that campaigns share.
    """
    is_device = isinstance(source, HttpDevice | MqttDevice | CommandDevice | Adapter)
    is_repeatable = isinstance(source, CommandDevice) and source.repeatable
    if is_shared or not is_device or is_simulated(source) or is_repeatable:
        return ""
    return (
        f"Source {source.name!r} is a real device, and this campaign keeps a ledger of its own. "
        f"Campaigns that use a device share one ledger, so that one at a time drives it and an "
        f"emergency stop reaches all: name it in PLANNER_DATABASE_URL, such as "
        f"sqlite:////srv/lab/ledger.db or postgresql://planner@server/lab. Where nothing real "
        f"stands behind the source, write 'simulated: true' under it."
    )


def check_ledger(source: Runner, *, is_shared: bool) -> None:
    """Accepts a ledger from which the source may be driven.

    Raises:
        Refused: it is a campaign's own, and the source is a real device.
    """
    why = why_not_driven(source, is_shared=is_shared)
    if why:
        raise Refused(f"{why} Nothing was sent.")
