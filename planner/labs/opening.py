"""From a source of the campaign file to the lab behind it."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from planner.campaign import (
    Adapter,
    CampaignSpec,
    CommandDevice,
    HttpDevice,
    MqttDevice,
    Person,
    ReplayedTable,
    SimulatedProcess,
)
from planner.errors import LabUnavailable, UnknownName
from planner.labs.command import CommandLab, home_of
from planner.labs.contract import Lab
from planner.labs.mqtt import open_mqtt
from planner.labs.person import PersonLab
from planner.labs.replay import ReplayLab
from planner.labs.simulated import SimulatorLab

GROUP = "planner.labs"


def open_lab(spec: CampaignSpec, *, folder: Path) -> Lab:
    """Returns the lab of the campaign's source.

    Args:
        spec: the campaign.
        folder: of the campaign file, where relative paths start.

    Raises:
        InputError: the source cannot be set up as the file describes it.
        LabUnavailable: it cannot be reached.
    """
    source = spec.source
    match source:
        case ReplayedTable():
            return ReplayLab(source, spec, folder=folder)
        case SimulatedProcess():
            return SimulatorLab(source, spec)
        case Person():
            return PersonLab()
        case Adapter():
            return _open_adapter(source, spec)
        case HttpDevice():
            from planner.labs.http import open_http  # a client takes a tenth of a second to import

            return open_http(source, spec, folder=folder)
        case MqttDevice():
            return open_mqtt(source, spec, folder=folder)
        case CommandDevice():
            return CommandLab(source, spec, folder=folder, home=home_of(spec, folder=folder))


def _open_adapter(source: Adapter, spec: CampaignSpec) -> Lab:
    offers = {point.name: point for point in entry_points(group=GROUP)}
    if source.adapter not in offers:
        known = ", ".join(sorted(offers)) or "none is installed"
        raise UnknownName(
            f"Source {source.name!r} asks for the adapter {source.adapter!r}; known: {known}. "
            f"A package offers one by an entry point in the group {GROUP!r}."
        )
    try:
        make = offers[source.adapter].load()
    except (ImportError, AttributeError) as error:
        raise LabUnavailable(
            f"The adapter {source.adapter!r} of source {source.name!r} cannot be loaded: {error}."
        ) from error
    lab: Lab = make(source, spec)
    return lab
