"""Alerts: what people are told of while they are away, and by which ways."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StringConstraints,
    field_validator,
    model_validator,
)

from planner.campaign.secret import Secret

AlertKind = Literal[
    "in doubt",
    "held",
    "overdue",
    "heartbeat lost",
    "interlock open",
    "repeated failure",
    "stock low",
    "coverage alarm",
    "campaign done",
]
ALERT_KINDS: tuple[AlertKind, ...] = get_args(AlertKind)


def _check_address(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>,]{1,64}@[^\s@<>,]{1,255}", text):
        raise ValueError(f"{text!r} is no e-mail address: write one such as anna@lab.org")
    return text


_Address = Annotated[str, AfterValidator(_check_address)]
_WayName = Annotated[str, StringConstraints(pattern=r"^[^\W\d_]\w{0,63}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CommandWay(_Part):
    """A program of your own that reads the alert as JSON.

    Args:
        run: the program and its arguments, from the campaign file's folder; no shell reads them.
    """

    kind: Literal["command"]
    run: tuple[str, ...] = Field(min_length=1)


class WebhookWay(_Part):
    """An address that takes the alert as JSON by HTTPS.

    Args:
        url: the address; plain http only to this machine.
        secret: with which the message is signed (HMAC-SHA256, header `X-Planner-Signature`).
        ca: file (PEM) with the authority that signed the server's certificate.
        insecure: whether plain http to another machine is accepted.
    """

    kind: Literal["webhook"]
    url: str
    secret: Secret | None = None
    ca: str | None = None
    insecure: bool = False

    @model_validator(mode="after")
    def _is_safe(self) -> WebhookWay:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url is no address: write one such as https://chat.lab/hooks/bench")
        if parts.username or parts.password:
            raise ValueError(
                "url holds a name or a password: take them out, and sign with 'secret'"
            )
        if parts.scheme == "http" and not (self.insecure or is_this_machine(parts.hostname)):
            raise ValueError(
                "url is plain http, which anyone on the way can read: write https, or say "
                "'insecure: true'"
            )
        return self


class MailWay(_Part):
    """E-mail by a server that takes it from you.

    Args:
        host: of the server.
        port: of the server; 587 with starttls, 465 with tls, 25 with none.
        security: starttls and tls both encrypt; none only to this machine.
        sender: address of the sender.
        to: addresses of the receivers.
        user: under which to log in, if that is needed.
        password: of the user.
        ca: file (PEM) with the authority that signed the server's certificate.
        insecure: whether mail without encryption to another machine is accepted.
    """

    kind: Literal["mail"]
    host: str = Field(min_length=1)
    port: StrictInt | None = Field(default=None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: _Address
    to: tuple[_Address, ...] = Field(min_length=1)
    user: str | None = None
    password: Secret | None = None
    ca: str | None = None
    insecure: bool = False

    @model_validator(mode="after")
    def _is_safe(self) -> MailWay:
        if (self.user is None) != (self.password is None):
            raise ValueError("has only one of user and password: give both or none")
        if self.security == "none" and not (self.insecure or is_this_machine(self.host)):
            raise ValueError(
                "sends without encryption, which anyone on the way can read: leave 'security' "
                "out, or say 'insecure: true'"
            )
        return self


Way = Annotated[CommandWay | WebhookWay | MailWay, Field(discriminator="kind")]
AnyWay = CommandWay | WebhookWay | MailWay


class Alerts(_Part):
    """What people are told of while they are away, and by which ways.

    Args:
        ways: each alert is sent by all of them.
        kinds: of alerts that are sent; without it all of them.
        at_most: messages an hour of one kind by one way; what is beyond is joined into one.
        late_after: a run is overdue when it takes longer than the source's duration by this factor.
        stock_below: stock is low when less than this share of what was counted is left.
    """

    ways: dict[_WayName, Way] = Field(min_length=1)
    kinds: tuple[AlertKind, ...] = ALERT_KINDS
    at_most: StrictInt = Field(default=6, ge=1)
    late_after: StrictFloat = Field(default=1.5, gt=1)
    stock_below: StrictFloat = Field(default=0.2, gt=0, lt=1)

    @field_validator("kinds")
    @classmethod
    def _listed_once(cls, kinds: tuple[AlertKind, ...]) -> tuple[AlertKind, ...]:
        if len(set(kinds)) != len(kinds):
            raise ValueError("a kind is listed twice: leave one out")
        return kinds


def is_this_machine(host: str) -> bool:
    """Tells whether a host is this machine itself, so that nobody is on the way."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
