"""Which ledger a real device is driven from: one that all campaigns at it share.

The lease of a source, its tokens and the emergency stop reach as far as the ledger. Two campaigns
with a ledger each would both be first in line at the same device.
"""

from __future__ import annotations

import os
from pathlib import Path

from planner.campaign import is_simulated
from planner.campaign.devices import CommandDevice, HttpDevice, MqttDevice
from planner.campaign.sources import Adapter, Runner
from planner.errors import InputError, Refused
from planner.ledger import are_one_place

DATABASE_VARIABLE = "PLANNER_DATABASE_URL"


def shared_ledger(lab: str | None = None, *, folder: Path = Path()) -> str | None:
    """Returns the place of the ledger that campaigns share; None where nothing names one.

    Args:
        lab: as the campaign file names it; None where it does not.
        folder: of the campaign file.

    Raises:
        InputError: the environment names another than the file, or none that can be read.
    """
    named = os.environ.get(DATABASE_VARIABLE) or None
    if lab is None:
        return named
    place = lab if "://" in lab else str((folder / Path(lab).expanduser()).resolve())
    if named is None or are_one_place(named, place):
        return named or place  # the variable may know the password
    raise InputError(
        f"The campaign file says 'lab: {lab}', and {DATABASE_VARIABLE} names another ledger. What "
        f"is recorded in one is not seen in the other: unset the variable, or take the line out."
    )


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
        f"emergency stop reaches all: name it in the campaign file, such as "
        f"'lab: /srv/lab/ledger.db' or 'lab: postgresql://planner@server/lab', or in "
        f"{DATABASE_VARIABLE}. Where nothing real stands behind the source, write "
        f"'simulated: true' under it."
    )


def check_ledger(source: Runner, *, is_shared: bool) -> None:
    """Accepts a ledger from which the source may be driven.

    Raises:
        Refused: it is a campaign's own, and the source is a real device.
    """
    why = why_not_driven(source, is_shared=is_shared)
    if why:
        raise Refused(f"{why} Nothing was sent.")
