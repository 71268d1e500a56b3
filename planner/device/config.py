"""The file of a device: its name, its limits, what moves it, and how it is reached."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from planner.campaign.document import Document, dotted, load_document
from planner.campaign.hosts import is_this_machine
from planner.campaign.secret import Secret
from planner.device.limits import Field as DeviceField
from planner.device.virtual.spec import Faults, VirtualAct
from planner.errors import CampaignFileError, Mistake

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


# what the secrets of a device are, for messages
SECRETS = {
    "token": "the token of those who may give orders",
    "clear_token": "the token of those who may clear the device",
    "user": "the device's name at the broker",
    "password": "the device's password at the broker",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FunctionSection(_Part):
    """An act that is a Python function.

    Args:
        function: MODULE:FUNCTION; the module lies beside the file, or is installed.
        adjustable: whether it asks its control for adjustments.
    """

    kind: Literal["function"]
    function: str = Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    adjustable: bool = False


class ProgramSection(_Part):
    """An act that is a program.

    Args:
        program: with its arguments, as a list; no shell reads it.
        time_limit: seconds that it may take.
    """

    kind: Literal["program"]
    program: tuple[str, ...] = Field(min_length=1)
    time_limit: float | None = Field(default=None, gt=0)


class HttpSection(_Part):
    """The device as an HTTP server.

    Args:
        host: address to listen on.
        port: 0 means any that is free.
        token: what a planner must show.
        clear_token: what a person must show to clear or release the device.
        certificate: of TLS, a PEM file.
        key: of the certificate, a PEM file that others must not read (600).
        clients: PEM file of who signs the certificates of those that may connect; without it none
            is asked for.
        insecure: whether plain HTTP beyond this machine is meant.
        rate: most requests a second; a stop always gets through.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    token: Secret | None = None
    clear_token: Secret | None = None
    certificate: Path | None = None
    key: Path | None = None
    clients: Path | None = None
    insecure: bool = False
    rate: float = Field(default=200.0, ge=1)

    @model_validator(mode="after")
    def _is_safe(self) -> HttpSection:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("needs certificate and key together, or neither")
        if self.clients is not None and self.certificate is None:
            raise ValueError("asks clients for certificates without one of its own: add it")
        if is_this_machine(self.host):
            return self
        if self.token is None:
            raise ValueError(f"listens on {self.host}, beyond this machine: give it a token")
        if self.certificate is None and not self.insecure:
            raise ValueError(
                f"listens on {self.host}, beyond this machine, without TLS: give certificate and "
                f"key, or write insecure: true"
            )
        return self


class MqttSection(_Part):
    """The device as a client of an MQTT broker.

    Args:
        url: of the broker, such as mqtts://broker.lab:8883; plain mqtt:// on this machine only.
        prefix: of all topics.
        user: name at the broker.
        password: at the broker.
        ca: PEM file of who signs the broker's certificate, which is always verified; without it
            the system's authorities are asked.
        certificate: PEM file that shows the broker which device it is, for one that asks.
        key: of the certificate, a PEM file that others must not read (600).
        insecure: whether plain MQTT beyond this machine is meant.
        clear_token: what a person must send to clear or release the device.
        rate: most messages a second; a stop always gets through.
    """

    url: str = Field(pattern=r"^mqtts?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")
    prefix: str = Field(default="planner", pattern=r"^[^#+\s/][^#+\s]*$")
    user: Secret | None = None
    password: Secret | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    insecure: bool = False
    clear_token: Secret | None = None
    rate: float = Field(default=1_000.0, ge=1)

    @model_validator(mode="after")
    def _is_safe(self) -> MqttSection:
        if not (self.has_tls or self.insecure or is_this_machine(self.host)):
            raise ValueError(
                f"speaks to {self.host}, beyond this machine, without TLS: write mqtts://, or "
                f"insecure: true"
            )
        if (self.certificate is None) != (self.key is None):
            raise ValueError("needs certificate and key together, or neither")
        if self.certificate is not None and not self.has_tls:
            raise ValueError("has a certificate, and plain MQTT shows it to nobody: write mqtts://")
        if self.port > 65535:
            raise ValueError(f"has port {self.port}: it must be at most 65535")
        return self

    @property
    def has_tls(self) -> bool:
        """Whether the line is encrypted."""
        return self.url.startswith("mqtts:")

    @property
    def host(self) -> str:
        """Of the broker."""
        return self._address[0]

    @property
    def port(self) -> int:
        """Of the broker; by default 8883 with TLS and 1883 without."""
        return int(self._address[2] or (8883 if self.has_tls else 1883))

    @property
    def _address(self) -> tuple[str, str, str]:
        return self.url.partition("://")[2].partition(":")


class DeviceSpec(_Part):
    """A device.

    Args:
        device: its name.
        about: for people.
        journal: its memory, a file; by default NAME.journal beside this one.
        fields: what can be set, within which limits.
        act: what moves it.
        http: how it is reached over HTTP.
        mqtt: how it is reached over MQTT.
        keep_readings: how many readings of its sensors are kept while nobody fetches them.
        simulated: whether no real device stands behind it; a virtual act always is.
    """

    device: str = Field(pattern=f"^{_NAME.pattern}$")
    about: str = ""
    journal: Path | None = None
    fields: dict[str, DeviceField] = Field(default_factory=dict)
    act: Annotated[FunctionSection | ProgramSection | VirtualAct, Field(discriminator="kind")]
    http: HttpSection | None = None
    mqtt: MqttSection | None = None
    keep_readings: int = Field(default=2_500_000, ge=1_000)
    simulated: bool = False

    @model_validator(mode="after")
    def _is_reached(self) -> DeviceSpec:
        if self.http is None and self.mqtt is None:
            raise ValueError("cannot be reached: add http: {port: 8080} or mqtt: {url: ...}")
        return self


def read_device(path: Path) -> DeviceSpec:
    """Reads and checks a device's file.

    Raises:
        CampaignFileError: with all mistakes, each with its line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        mistake = Mistake(0, "", f"cannot be read: {why}; check the path, and that it is text")
        raise CampaignFileError(str(path), [mistake]) from error
    document = load_document(text, path=str(path))
    if not isinstance(document.content, dict):
        words = "is no mapping of names; begin with 'device: NAME', then act, then http or mqtt"
        raise CampaignFileError(str(path), [Mistake(0, "", words)])
    try:
        spec = DeviceSpec.model_validate(document.content)
    except ValidationError as error:
        mistakes = [*document.mistakes, *_find_mistakes(error, document)]
        raise CampaignFileError(str(path), mistakes) from error
    if document.mistakes:
        raise CampaignFileError(str(path), document.mistakes)
    return spec


_PARTS = (DeviceSpec, DeviceField, FunctionSection, ProgramSection, HttpSection, MqttSection)
_KNOWN = [name for part in (*_PARTS, VirtualAct, Faults) for name in part.model_fields]


def _find_mistakes(error: ValidationError, document: Document) -> Iterator[Mistake]:
    for detail in error.errors():
        place = detail["loc"]
        # pydantic puts the kind of the act below it, which a file does not have
        location = (place[0], *place[2:]) if place[:1] == ("act",) else place
        yield Mistake(document.line(location), dotted(location), _say(detail["type"], detail))


def _say(kind: str, detail: Any) -> str:
    value = detail["input"]
    match kind:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden":
            near = difflib.get_close_matches(str(detail["loc"][-1]), _KNOWN, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "check its spelling and indentation"
            return f"is not known here: {hint}"
        case "value_error":
            return str(detail["ctx"]["error"])
        case "union_tag_invalid":
            return f"{value.get('kind')!r} is no kind of act: write function, program or virtual"
        case "union_tag_not_found":
            return "has no kind: write function, program or virtual"
        case "string_pattern_mismatch" if detail["loc"][-1] == "function":
            return f"{value!r} is no function: write MODULE:FUNCTION, such as furnace:perform"
        case "string_pattern_mismatch" if detail["loc"][-1] == "url":
            return f"{value!r} is no broker: write mqtts://HOST:PORT, or mqtt:// on this machine"
    message = str(detail["msg"])
    return f"{value!r:.60}: {message[:1].lower()}{message[1:]}"
