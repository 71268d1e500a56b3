"""Whether an order may be done here, and when: its time, its fields, the device's own limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from planner.device.authority import reject
from planner.device.contract import Rejected
from planner.device.limits import Field, fit_order
from planner.errors import UnitError, UnknownName, ValueOutOfRange
from planner.trials import Order


def find_fault(order: Order, fields: Mapping[str, Field], *, now: datetime) -> str:
    """Returns why an order is refused for good; empty where it may be done.

    Args:
        order: as it came.
        fields: of the device.
        now: by its clock.

    Raises:
        Rejected: it cannot be read here: a person has to mend what sent it.
    """
    if order.not_after is not None:
        if order.not_after.tzinfo is None:
            reject(order.key, "bad message", "not_after has no time zone. Write it in UTC.")
        if now > order.not_after:
            return f"it was to begin by {order.not_after.isoformat()}, which has passed"
    try:
        fit_order(order, fields)
    except ValueOutOfRange as error:
        return str(error)
    except (UnknownName, UnitError) as error:
        reject(order.key, "bad message", str(error))
    return ""


def find_fault_again(order: Order, fields: Mapping[str, Field], *, now: datetime) -> str:
    """As before it was taken: it may have waited too long, or the limits are other ones since."""
    try:
        return find_fault(order, fields, now=now)
    except Rejected as rejected:
        return rejected.rejection.reason
