"""Names of machines in a campaign file: whether one can be, and whether it is this one."""

from __future__ import annotations

import ipaddress
import re

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_LONGEST = 253  # characters of a name (RFC 1035)


def check_host(host: str) -> str:
    """Returns the name of a machine, or its address.

    Raises:
        ValueError: no machine can be called so.
    """
    if _is_address(host):
        return host
    try:
        name = host.encode("idna").decode("ascii").removesuffix(".")
    except UnicodeError:  # an empty label, or one that is too long
        name = ""
    labels = name.split(".")
    if len(name) > _LONGEST or not all(_LABEL.fullmatch(each) for each in labels):
        shown = host if len(host) <= 80 else f"{host[:77]}..."
        raise ValueError(f"{shown!r} cannot be the name of a machine: write one such as mail.lab")
    return host


def is_this_machine(host: str) -> bool:
    """Tells whether a host is this machine itself, so that nobody is on the way."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
