"""Who a server is, and who we are to it: certificates, made ready when they are needed."""

from __future__ import annotations

import ssl
from pathlib import Path

from planner.campaign import HttpDevice, MqttDevice
from planner.campaign.secret import show_identity
from planner.errors import InputError


def make_trust(source: HttpDevice | MqttDevice, *, folder: Path) -> ssl.SSLContext:
    """Returns what decides whether a server is the one that it says it is; it is always asked.

    Where the source has a certificate, the server is shown it.

    Raises:
        InputError: the file of the authority or of the certificate cannot be used, or others may
            read the key.
    """
    trust = _trust(source, folder)
    if source.certificate is None or source.key is None:
        return trust
    certificate, key = folder / source.certificate, folder / source.key
    return show_identity(trust, certificate, key, what=f"source {source.name!r}")


def _trust(source: HttpDevice | MqttDevice, folder: Path) -> ssl.SSLContext:
    if source.ca is None:
        return ssl.create_default_context()
    path = folder / source.ca
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or error
        raise InputError(
            f"The certificate of the authority that source {source.name!r} names, {path}, cannot "
            f"be read: {why}. Give a PEM file, which begins with BEGIN CERTIFICATE."
        ) from error
