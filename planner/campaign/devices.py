"""Sources that are devices: behind HTTP, behind an MQTT broker, or a program of one's own.

A secret never stands in a campaign file; the file says where it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, StrictInt, field_validator, model_validator

from planner.campaign.hosts import is_this_machine
from planner.campaign.secret import Secret
from planner.campaign.source_base import Duration, Part, RunnerBase
from planner.space import read_unit


class MappedParameter(Part):
    """What a device calls a parameter.

    Args:
        field: the device's name of it; without one it has the parameter's own.
        unit: what the device reads it in; without one it is the parameter's own.
        decimals: digits behind the point that the device reads; without them all are sent.
    """

    field: str | None = Field(default=None, min_length=1, max_length=128)
    unit: str | None = None
    decimals: StrictInt | None = Field(default=None, ge=0, le=15)

    @field_validator("unit", mode="before", json_schema_input_type=str | Literal[1] | None)
    @classmethod
    def _unit_is_known(cls, unit: object) -> object:
        return None if unit is None else read_unit(unit)


class MappedOutcome(Part):
    """What a device calls an outcome.

    Args:
        field: the device's name of it; without one it has the outcome's own.
        unit: what the device reports it in where it does not say so itself; without one it is the
            outcome's own.
    """

    field: str | None = Field(default=None, min_length=1, max_length=128)
    unit: str | None = None

    @field_validator("unit", mode="before", json_schema_input_type=str | Literal[1] | None)
    @classmethod
    def _unit_is_known(cls, unit: object) -> object:
        return None if unit is None else read_unit(unit)


class DeviceBase(RunnerBase):
    """What all devices have."""

    simulated: bool = Field(default=False, description="Whether no real device stands behind it.")
    map: dict[str, MappedParameter] = Field(
        default_factory=dict,
        description="What the device calls parameters, and its units; those that are not named go "
        "as they are.",
    )
    outcomes: dict[str, MappedOutcome] = Field(
        default_factory=dict,
        description="What the device calls outcomes, and its units; those that are not named come "
        "as they are.",
    )
    not_after: Duration | None = Field(
        default=None,
        description="How long after its dispatch an order may still be started, such as '10 min'; "
        "the device refuses it later.",
    )


class NetworkDevice(DeviceBase):
    """What devices have that are reached over a network."""

    ca: str | None = Field(
        default=None,
        min_length=1,
        description="File (PEM) with the authority that signed the certificate, from the campaign "
        "file's folder; without one those that the system trusts.",
    )
    certificate: str | None = Field(
        default=None,
        min_length=1,
        description="File (PEM) with the certificate that shows the other side who we are, from "
        "the campaign file's folder, for one that asks.",
    )
    key: str | None = Field(
        default=None,
        min_length=1,
        description="File (PEM) with the key of the certificate; others must not read it (600).",
    )
    insecure: bool = Field(
        default=False,
        description="Whether a plain connection to another machine is accepted: anyone on the way "
        "can read and change what is sent, the secrets with it.",
    )
    connect_timeout: Duration = Field(
        default=5.0, description="Longest time to wait for a connection, such as '5 s'."
    )
    answer_timeout: Duration = Field(
        default=10.0,
        description="Longest time to wait for an answer, such as '10 s'; then nobody knows what "
        "became of the message, and it is sent again.",
    )

    @model_validator(mode="after")
    def _shows_who_it_is(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("needs certificate and key together, or neither")
        return self


class HttpDevice(NetworkDevice):
    """A device that is an HTTP server (`PUT /jobs/{key}`), such as `planner device`."""

    kind: Literal["http"] = "http"
    url: str | None = Field(
        default=None, description="Its address, such as https://furnace.lab:8443."
    )
    urls: dict[str, str] = Field(
        default_factory=dict,
        description="Instead of url the address of each device, where identical ones share the "
        "work.",
    )
    token: Secret | None = Field(
        default=None, description="Where the bearer token is that shows the device who we are."
    )

    @model_validator(mode="before")
    @classmethod
    def _addresses_name_the_devices(cls, content: object) -> object:
        return _name_devices(content, "urls")

    @field_validator("url")
    @classmethod
    def _url_is_an_address(cls, url: str | None) -> str | None:
        return None if url is None else _check_url(url, ("https", "http"))

    @field_validator("urls")
    @classmethod
    def _urls_are_addresses(cls, urls: dict[str, str]) -> dict[str, str]:
        _refuse_the_same(urls, "url")
        return {name: _check_url(url, ("https", "http")) for name, url in urls.items()}

    @model_validator(mode="after")
    def _each_device_has_an_address(self) -> HttpDevice:
        if (self.url is None) == (not self.urls):
            raise ValueError("needs either url or urls: give one of them")
        if self.url is not None and self.devices:
            raise ValueError(
                "has several devices and one url: give urls: {NAME: URL} with one for each"
            )
        _check_devices(self.devices, self.urls, "urls")
        for url in self.addresses.values():
            _refuse_plain(url, insecure=self.insecure, secure="https")
            _refuse_unshown(url, self.certificate, secure="https")
        return self

    @property
    def addresses(self) -> dict[str | None, str]:
        """Address of each device; under None that of the only one."""
        if self.url is not None:
            return {None: self.url}
        return {name: self.urls[name] for name in self.devices}


class MqttDevice(NetworkDevice):
    """A device that speaks MQTT 5 through a broker, such as `planner device`.

    Args:
        prefix: of all topics; a device's own begin with PREFIX/NAME.
        user: under which we are known to the broker.
    """

    kind: Literal["mqtt"] = "mqtt"
    url: str = Field(
        description="Address of the broker, such as mqtts://broker.lab:8883, or plain "
        "mqtt://127.0.0.1:1883 on this machine."
    )
    prefix: str = "planner"
    topic: str | None = Field(
        default=None,
        description="What all topics of the device begin with; without one PREFIX/NAME of the "
        "source.",
    )
    topics: dict[str, str] = Field(
        default_factory=dict,
        description="Instead of topic that of each device, where identical ones share the work; "
        "without them PREFIX/NAME of the device.",
    )
    user: str | None = Field(default=None, min_length=1)
    password: Secret | None = Field(default=None, description="Where the user's password is.")

    @model_validator(mode="before")
    @classmethod
    def _topics_name_the_devices(cls, content: object) -> object:
        return _name_devices(content, "topics")

    @field_validator("url")
    @classmethod
    def _url_is_an_address(cls, url: str) -> str:
        checked = _check_url(url, ("mqtts", "mqtt"))
        if urlsplit(checked).path:
            raise ValueError(f"{url!r} has a path, and a broker has none: leave it out")
        return checked

    @field_validator("prefix", "topic")
    @classmethod
    def _topic_can_be_spoken_on(cls, topic: str | None) -> str | None:
        return None if topic is None else _check_topic(topic)

    @field_validator("topics")
    @classmethod
    def _topics_can_be_spoken_on(cls, topics: dict[str, str]) -> dict[str, str]:
        _refuse_the_same(topics, "topic")
        return {name: _check_topic(topic) for name, topic in topics.items()}

    @model_validator(mode="after")
    def _is_whole(self) -> MqttDevice:
        if self.topic is not None and self.devices:
            raise ValueError(
                "has several devices and one topic: give topics: {NAME: TOPIC} with one for each, "
                "or none for PREFIX/NAME"
            )
        if self.topics:
            _check_devices(self.devices, self.topics, "topics")
        if self.password is not None and self.user is None:
            raise ValueError("has a password and no user: add the user")
        _refuse_plain(self.url, insecure=self.insecure, secure="mqtts")
        _refuse_unshown(self.url, self.certificate, secure="mqtts")
        return self

    @property
    def bases(self) -> dict[str | None, str]:
        """What the topics of each device begin with; under None that of the only one."""
        if self.devices:
            return {name: self.topics.get(name, f"{self.prefix}/{name}") for name in self.devices}
        return {None: self.topic if self.topic is not None else f"{self.prefix}/{self.name}"}


class CommandDevice(DeviceBase):
    """A program that reads an order as JSON and writes its result as JSON.

    Args:
        repeatable: whether a run that was interrupted costs nothing to repeat, such as that of a
            simulation.
    """

    kind: Literal["command"] = "command"
    program: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=1,
        description="The program and its arguments, as in [python, measure.py]; it is run in the "
        "campaign file's folder, and never by a shell.",
    )
    grace: Duration = Field(
        default=10.0,
        description="How long a program that is to end may take to do so before it is killed, "
        "such as '10 s'.",
    )
    repeatable: bool = False

    @field_validator("program", mode="before", json_schema_input_type=list[str])
    @classmethod
    def _no_shell_splits_it(cls, program: object) -> object:
        if isinstance(program, str):
            words = ", ".join(program.split())
            if set(program) & set("|&;<>$`*?'\""):
                raise ValueError(
                    "is a line for a shell, and none reads it: put it into a script and write "
                    "[sh, script.sh]"
                )
            raise ValueError(f"is a list of the program and its arguments: write [{words}]")
        return program

    @field_validator("program")
    @classmethod
    def _words_can_be_handed_over(cls, program: tuple[str, ...]) -> tuple[str, ...]:
        if any("\0" in word for word in program):
            raise ValueError("holds a zero byte, which no argument can: delete it")
        return program

    @model_validator(mode="after")
    def _is_one(self) -> CommandDevice:
        if self.devices:
            raise ValueError(
                "is a program, which has no devices: say with 'capacity' how often it may run at "
                "once"
            )
        return self

    @property
    def shown(self) -> str:
        """What is run, in short."""
        return " ".join([Path(self.program[0]).name, *self.program[1:]])


AnyDevice = HttpDevice | MqttDevice | CommandDevice


def _name_devices(content: object, key: str) -> object:
    """Takes the devices from their addresses where they are not listed."""
    if not isinstance(content, dict) or content.get("devices"):
        return content
    named = content.get(key)
    if not isinstance(named, dict) or not named:
        return content
    return {**content, "devices": [str(name) for name in named]}


def _check_url(url: str, schemes: tuple[str, ...]) -> str:
    """Returns an address without a slash at its end.

    Raises:
        ValueError: it is none, or holds what has no place there; a password is not repeated.
    """
    example = f"{schemes[0]}://furnace.lab:{8443 if schemes[0] == 'https' else 8883}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"cannot be read as an address: write it like {example}") from error
    if "@" in parts.netloc:
        raise ValueError(
            "holds a user or a password before the host: leave them out, and say where the secret "
            "is with {env: NAME} or {file: PATH}"
        )
    if parts.query or parts.fragment:
        raise ValueError("holds a '?' or '#' part, which an address here does not have")
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"{url!r} is no address: write it like {example}")
    if not url.isascii() or any(each.isspace() for each in url):
        raise ValueError(f"{url!r} holds a space or a letter that no address has: write it anew")
    return url.rstrip("/")


def _check_topic(topic: str) -> str:
    bad = sorted(set(topic) & set("+#\0"))
    if bad or not topic or topic.startswith(("$", "/")) or topic.endswith("/"):
        raise ValueError(
            f"{topic!r} is no topic to speak on: write names with / between them, without + and #, "
            f"such as planner/furnace"
        )
    return topic


def _refuse_the_same(named: dict[str, str], what: str) -> None:
    seen: dict[str, str] = {}
    for name, each in named.items():
        if each in seen:
            raise ValueError(f"{seen[each]!r} and {name!r} have the same {what}: one device twice")
        seen[each] = name


def _check_devices(devices: tuple[str, ...], named: dict[str, str], key: str) -> None:
    missing = [name for name in devices if name not in named]
    more = [name for name in named if name not in devices]
    if missing:
        raise ValueError(f"{key} lacks {', '.join(missing)}: add it, or leave it out of devices")
    if more and devices:
        raise ValueError(f"{key} names {', '.join(more)}, which devices does not: add it there")


def _refuse_plain(url: str, *, insecure: bool, secure: str) -> None:
    parts: SplitResult = urlsplit(url)
    if parts.scheme == secure or insecure or is_this_machine(parts.hostname or ""):
        return
    raise ValueError(
        f"url {url!r} is a plain connection to another machine, where anyone on the way can read "
        f"and change what is sent: use {secure}://, or accept it with insecure: true"
    )


def _refuse_unshown(url: str, certificate: str | None, *, secure: str) -> None:
    if certificate is not None and urlsplit(url).scheme != secure:
        raise ValueError(
            f"has a certificate, and a plain connection shows it to nobody: use {secure}://"
        )
