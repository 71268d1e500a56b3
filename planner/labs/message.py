"""The exact message that an order becomes, for a person to read before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from planner.campaign import CampaignSpec
from planner.errors import InputError
from planner.space import Configuration, Contextual
from planner.trials import ORDERS, Order, Setting, digest_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What would be sent.

    Args:
        action: ``PUT`` with an address, ``publish`` with a topic, or ``run`` with a program.
        to: the address, topic or program.
        headers: or properties, with secrets masked.
        body: JSON.
    """

    action: str
    to: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes

    def in_words(self) -> str:
        """Returns the message as text."""
        lines = [f"{self.action} {self.to}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        pretty = json.dumps(json.loads(self.body), indent=2, ensure_ascii=False)
        return "\n".join([*lines, "", pretty])


def write_body(order: Order) -> bytes:
    """Returns an order as it travels."""
    return ORDERS.dump_json(order)


def draft_order(
    spec: CampaignSpec, configuration: Configuration, *, device: str | None = None
) -> Order:
    """Returns the order that a configuration would become; trial and run are 0.

    Args:
        spec: the campaign.
        configuration: all that is set.
        device: which of the source's devices is meant, where it has several.

    Raises:
        InputError: a parameter that is set has no value.
    """
    is_set = [name for name, each in spec.scalars.items() if not isinstance(each, Contextual)]
    missing = [name for name in is_set if name not in configuration]
    if missing:
        raise InputError(
            f"{', '.join(missing)} {'has' if len(missing) == 1 else 'have'} no value. Give each as "
            f"NAME=VALUE."
        )
    sent = {name: configuration[name] for name in is_set}
    profiles = {name: each.table(configuration) for name, each in spec.profiles.items()}
    return Order(
        key=f"{spec.campaign}/0/0",
        digest=digest_order(sent, units=spec.units, profiles=profiles),
        parameters={
            name: Setting(value=value, unit=spec.units[name]) for name, value in sent.items()
        },
        profiles=profiles,
        device=device,
    )
