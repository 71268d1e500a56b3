"""Where the devices of a source are reached, written so that the same place reads the same."""

from __future__ import annotations

from urllib.parse import urlsplit

from planner.campaign.devices import HttpDevice, MqttDevice
from planner.campaign.sources import Runner

_PORTS = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883}


def addresses_of(source: Runner) -> dict[str, str]:
    """Returns the address of each device, by its name; that of the only one under no name.

    What is reached by no address (a program, an adapter of another package) has none. Two names of
    one machine are two addresses: nobody is asked what a name stands for.
    """
    match source:
        case HttpDevice():
            return {name or "": _plain(url) for name, url in source.addresses.items()}
        case MqttDevice():
            broker = _plain(source.url)
            return {name or "": f"{broker}/{base}" for name, base in source.bases.items()}
        case _:
            return {}


def _plain(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or _PORTS[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path.rstrip('/')}"
