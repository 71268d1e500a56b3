"""Alerts: what people are told of while they are away, and by which ways."""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictFloat,
    StrictInt,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from planner.campaign.hosts import check_host, is_this_machine
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
    "late result",
]
ALERT_KINDS: tuple[AlertKind, ...] = get_args(AlertKind)


def _check_address(text: str) -> str:
    if not re.fullmatch(r"[^\s@<>,]{1,64}@[^\s@<>,]{1,255}", text):
        raise ValueError(f"{text!r} is no e-mail address: write one such as anna@lab.org")
    check_host(text.rpartition("@")[2])
    return text


def _check_word(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a zero byte, which no program can be given: take it out")
    return text


def check_hook(url: str, *, insecure: bool = False) -> str:
    """Returns an address to which alerts may be sent; it is not repeated, for it may be a secret.

    Args:
        url: the address.
        insecure: whether plain http to another machine is accepted.

    Raises:
        ValueError: it is none, or anyone on the way could read it.
    """
    example = "write one such as https://chat.lab/hooks/bench"
    try:
        parts = urlsplit(url)
        _ = parts.port
        check_host(parts.hostname or "localhost")
    except ValueError as error:
        raise ValueError(f"has a host or a port that cannot be: {example}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"is no address: {example}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a name or a password: take them out, and sign with 'secret'")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(f"holds a space or a letter that no address has: {example}")
    if parts.scheme == "http" and not (insecure or is_this_machine(parts.hostname)):
        raise ValueError(
            "is plain http, which anyone on the way can read: write https, or say 'insecure: true'"
        )
    return url


_Address = Annotated[str, AfterValidator(_check_address)]
_Word = Annotated[str, AfterValidator(_check_word)]
_Host = Annotated[str, AfterValidator(check_host)]
_WayName = Annotated[str, StringConstraints(pattern=r"^[^\W\d_]\w{0,63}$")]


def _kind_of_url(content: object) -> str:
    return "secret" if isinstance(content, dict | Secret) else "plain"


# told apart at once, so that a mistake is said of the one that is meant
_Url = Annotated[
    Annotated[str, Tag("plain")] | Annotated[Secret, Tag("secret")], Discriminator(_kind_of_url)
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class CommandWay(_Part):
    """A program of your own that reads the alert as JSON.

    Args:
        run: the program and its arguments, from the campaign file's folder; no shell reads them.
    """

    kind: Literal["command"]
    run: tuple[_Word, ...] = Field(min_length=1)


class WebhookWay(_Part):
    """An address that takes the alert as JSON by HTTPS.

    Args:
        url: the address, or where it is kept, for one that is a secret itself; plain http only to
            this machine.
        secret: with which the message is signed (HMAC-SHA256, header `X-Planner-Signature`).
        ca: file (PEM) with the authority that signed the server's certificate.
        insecure: whether plain http to another machine is accepted.
    """

    kind: Literal["webhook"]
    url: _Url
    secret: Secret | None = None
    ca: str | None = None
    insecure: bool = False

    @model_validator(mode="after")
    def _is_safe(self) -> WebhookWay:
        if isinstance(self.url, str):
            try:
                check_hook(self.url, insecure=self.insecure)
            except ValueError as error:
                raise ValueError(f"url {error}") from None
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
    host: _Host
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
