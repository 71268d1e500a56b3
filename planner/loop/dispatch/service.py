"""Taking a source, or one of its devices, out of service and back."""

from __future__ import annotations

from planner.errors import InputError, UnknownName
from planner.ledger.entries import ServiceSet
from planner.ledger.replay import CampaignState
from planner.loop.sessions.session import Session


def set_service(session: Session, device: str | None, *, in_service: bool, reason: str) -> str:
    """Enters that nothing is to be dispatched to a device, or that it may be again.

    Runs that are open there are left alone.

    Args:
        session: whose campaign.
        device: None for all of the source.
        in_service: whether it is back.
        reason: why, in words.

    Returns:
        What was done, in words; entering the same twice does nothing and says so.

    Raises:
        UnknownName: the source has no such device.
        InputError: the reason is missing.
    """
    state = session.refresh()
    source = state.spec.source
    what = f"Source {source.name!r}" if device is None else f"Device {device!r} of {source.name!r}"
    # one that was taken out and is not in the file any more can still be brought back
    if device is not None and device not in (*source.devices, *state.out_of_service):
        known = ", ".join(source.devices) or "none, so leave the name out"
        raise UnknownName(f"Source {source.name!r} has no device {device!r}. It has {known}.")
    if not reason.strip():
        raise InputError(f"{what}: say why it goes out of service or comes back (--reason).")
    if in_service is (device not in state.out_of_service):
        word = "in" if in_service else "out of"
        return f"{what} is {word} service already; nothing was changed."
    session.write(
        [ServiceSet(source=source.name, device=device, in_service=in_service, reason=reason)]
    )
    if not in_service:
        return f"{what} is out of service: nothing is dispatched to it; what runs there runs on."
    if None in session.state.out_of_service:
        return f"{what} is back; all of source {source.name!r} is out of service as before."
    return f"{what} is in service again."


def service_facts(state: CampaignState) -> list[dict[str, str | bool | None]]:
    """Returns each device, or the source where it has none, and whether it is in service."""
    source, out = state.spec.source, state.out_of_service
    return [
        {
            "source": source.name,
            "device": name,
            "in_service": None not in out and name not in out,
            "reason": out.get(name, out.get(None, "")),
        }
        for name in source.devices or (None,)
    ]
