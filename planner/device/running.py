"""From a device's file to a running device."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planner.campaign.secret import Secret, check_private, read_secret, show_identity
from planner.device.acts import FunctionAct, ProgramAct, find_function
from planner.device.agent import Agent, Point
from planner.device.config import (
    SECRETS,
    DeviceSpec,
    FunctionSection,
    HttpSection,
    MqttSection,
    ProgramSection,
)
from planner.device.contract import Act
from planner.device.journal import Journal
from planner.device.line import GoodLine, Line
from planner.device.readings import Readings
from planner.device.virtual.act import VirtualDevice
from planner.device.virtual.record import PhysicalRecord
from planner.device.virtual.spec import VirtualAct
from planner.device.virtual.troubles import BadLine, Crashes
from planner.errors import InputError
from planner.rng import derive_seed
from planner.trials import Answer

if TYPE_CHECKING:
    from planner.device.http_server import HttpServer
    from planner.device.mqtt import MqttClient


def journal_path(spec: DeviceSpec, *, folder: Path) -> Path:
    """Returns where the device's memory lies."""
    return folder / (spec.journal or f"{spec.device}.journal")


@dataclass(frozen=True, slots=True)
class _Mover:
    """What moves the device, and what goes wrong with it."""

    act: Act
    line: Line
    passing: Callable[[Point, str], None]


def _never(_point: Point, _key: str) -> None:
    return


def make_mover(spec: DeviceSpec, *, folder: Path) -> _Mover:
    """Returns what a device's file names as its act.

    Raises:
        InputError: there is no such function.
    """
    section = spec.act
    match section:
        case FunctionSection():
            function = find_function(section.function, folder=folder)
            act = FunctionAct(function, is_adjustable=section.adjustable)
            return _Mover(act, GoodLine(), _never)
        case ProgramSection():
            program = ProgramAct(section.program, folder=folder, limit_s=section.time_limit)
            return _Mover(program, GoodLine(), _never)
    return _make_virtual(section, name=spec.device, folder=folder)


def _make_virtual(section: VirtualAct, *, name: str, folder: Path) -> _Mover:
    path = folder / (section.record or f"{name}.acts")
    record = PhysicalRecord(path, boot_id=uuid.uuid4().hex[:12])
    crashes = Crashes(section.faults, path=path.with_suffix(".crashes"), seed=section.seed)
    device = VirtualDevice(section, record=record, passing=crashes.passing)
    line = BadLine(section.faults, seed=derive_seed(section.seed, "line", crashes.count()))
    return _Mover(device, line, crashes.passing)


class Device:
    """A device's agent with all the ways to reach it.

    Args:
        spec: of its file.
        folder: of its file, from which paths are meant.
        hear_link: is told what becomes of the link to a broker, and which readings could not be
            kept, from another thread.

    Raises:
        InputError: a secret, a certificate or the act cannot be used.
        HeldByAnother: it runs already.
        MissingPackage: MQTT is asked for, and paho-mqtt is not installed.
    """

    def __init__(
        self,
        spec: DeviceSpec,
        *,
        folder: Path,
        hear_link: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._hear_link = hear_link
        self._spec = spec
        self._folder = folder
        self._journal = Journal(journal_path(spec, folder=folder))
        try:
            self._build()
        except BaseException:
            self._journal.close()
            raise

    def _build(self) -> None:
        spec = self._spec
        mover = make_mover(spec, folder=self._folder)
        takers = [name for name in ("http", "mqtt") if getattr(spec, name) is not None]
        self._readings = Readings(
            self._journal,
            takers=takers,
            at_most=spec.keep_readings,
            hear_dropped=lambda n: self._hear_link(_say_dropped(n, spec.keep_readings)),
        )
        self.agent = Agent(
            self._journal,
            mover.act,
            fields=spec.fields,
            keep_reading=self._readings.add,
            is_simulated=spec.simulated or isinstance(spec.act, VirtualAct),
            passing=mover.passing,
        )
        self._http = self._make_http(spec.http, mover.line) if spec.http else None
        self._mqtt = self._make_mqtt(spec.mqtt, mover.line) if spec.mqtt else None

    def _make_http(self, section: HttpSection, line: Line) -> HttpServer:
        from planner.device.http import make_app
        from planner.device.http_server import HttpServer

        certificate = None
        if section.certificate is not None and section.key is not None:
            key = self._folder / section.key
            check_private(key, what="the key of the device")
            certificate = str(self._folder / section.certificate), str(key)
        app = make_app(
            self.agent,
            name=self._spec.device,
            readings=self._readings,
            token=self._secret(section.token, SECRETS["token"]),
            clear_token=self._secret(section.clear_token, SECRETS["clear_token"]),
            rate=section.rate,
            line=line,
        )
        return HttpServer(
            app,
            host=section.host,
            port=section.port,
            certificate=certificate,
            clients=str(self._folder / section.clients) if section.clients is not None else None,
        )

    def _make_mqtt(self, section: MqttSection, line: Line) -> MqttClient:
        from planner.device.mqtt import MqttClient

        return MqttClient(
            self.agent,
            base=f"{section.prefix}/{self._spec.device}",
            readings=self._readings,
            clear_token=self._secret(section.clear_token, SECRETS["clear_token"]),
            rate=section.rate,
            line=line,
            hear_link=self._hear_link,
        )

    def _secret(self, secret: Secret | None, what: str) -> str | None:
        if secret is None:
            return None
        return read_secret(secret, what=what, folder=self._folder).get_secret_value()

    def listen(self, hear: Callable[[Answer], None]) -> None:
        """Has ``hear`` told whatever becomes of a job; it must return at once."""
        self.agent.listeners.append(hear)

    def start(self) -> list[str]:
        """Begins to work.

        Returns:
            Where the device can be reached.

        Raises:
            Refused: its port is taken.
        """
        places = [self._http.start()] if self._http is not None else []
        self._readings.start()
        self.agent.start()
        if self._mqtt is not None and self._spec.mqtt is not None:
            places.append(self._start_mqtt(self._mqtt, self._spec.mqtt))
        return places

    def _start_mqtt(self, client: MqttClient, section: MqttSection) -> str:
        client.start(
            host=section.host,
            port=section.port,
            user=self._secret(section.user, SECRETS["user"]),
            password=self._secret(section.password, SECRETS["password"]),
            tls=_trust(section, folder=self._folder) if section.has_tls else None,
        )
        return f"{section.url}, topics {section.prefix}/{self._spec.device}/..."

    def close(self, *, wait_s: float | None = None) -> bool:
        """Takes nothing more, waits for the job that is under way, and ends.

        Returns:
            Whether it had ended in that time.
        """
        has_ended = self.agent.close(wait_s=wait_s)
        if has_ended:
            self._readings.close()
        if self._mqtt is not None:
            self._mqtt.close()
        if self._http is not None:
            self._http.close()
        if has_ended:
            self._journal.close()
        return has_ended


def _say_dropped(n: int, at_most: int) -> str:
    what = "1 reading was dropped" if n == 1 else f"{n:,} readings were dropped"
    return (
        f"{what} that nobody had fetched: {at_most:,} are kept (keep_readings). The planner counts "
        f"them as missing."
    )


def _trust(section: MqttSection, *, folder: Path) -> ssl.SSLContext:
    ca = section.ca
    try:
        trust = ssl.create_default_context(cafile=str(folder / ca) if ca is not None else None)
    except OSError as error:
        raise InputError(f"The authority {ca} cannot be read: {error}. Check its path.") from error
    if section.certificate is None or section.key is None:
        return trust
    certificate, key = folder / section.certificate, folder / section.key
    return show_identity(trust, certificate, key, what="the device")
