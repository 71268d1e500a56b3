"""What a device's file means, in words, for a person who is about to start it."""

from __future__ import annotations

from pathlib import Path

from planner.campaign.secret import Secret, read_secret
from planner.device.config import (
    SECRETS,
    DeviceSpec,
    FunctionSection,
    HttpSection,
    MqttSection,
    ProgramSection,
)
from planner.device.limits import Field
from planner.device.running import journal_path, make_mover
from planner.device.virtual.spec import Faults, VirtualAct


def describe(spec: DeviceSpec, *, folder: Path) -> list[str]:
    """Returns what the device will do, a sentence each, after trying what can be tried.

    Raises:
        InputError: the act or a secret cannot be used.
    """
    make_mover(spec, folder=folder)
    for secret, what in _secrets(spec):
        read_secret(secret, what=what, folder=folder)
    title = f"Device {spec.device}: {spec.about}" if spec.about else f"Device {spec.device}"
    sentences = [title, *_act(spec.act), *_fields(spec.fields)]
    if spec.http is not None:
        sentences.append(_http(spec.http))
    if spec.mqtt is not None:
        sentences.append(_mqtt(spec.mqtt, spec.device))
    sentences.append(_clearing(spec))
    return [*sentences, f"Its memory is {journal_path(spec, folder=folder)}."]


def _act(act: FunctionSection | ProgramSection | VirtualAct) -> list[str]:
    match act:
        case FunctionSection():
            return [f"For each job it calls {act.function}."]
        case ProgramSection():
            limit = f", which may take {act.time_limit:g} s" if act.time_limit else ""
            return [f"For each job it starts {' '.join(act.program)}{limit}."]
    names = ", ".join(act.outcomes)
    said = f"It is virtual: nothing moves; {names} by formula, in {act.duration:g} s."
    set_faults = act.faults.model_dump(exclude_defaults=True)
    faults = ", ".join(f"{name} {value}" for name, value in set_faults.items())
    return [said, f"Faults: {faults}."] if act.faults != Faults() else [said]


def _fields(fields: dict[str, Field]) -> list[str]:
    if not fields:
        return ["It has no limits of its own: orders go to the act as they are."]
    return [
        f"{name}: {', '.join(field.choices)}."
        if field.choices is not None
        else f"{name}: {field.low:g} to {field.high:g} {field.unit}."
        for name, field in fields.items()
    ]


def _http(section: HttpSection) -> str:
    scheme = "https" if section.certificate is not None else "http"
    port = f"port {section.port}" if section.port else "a free port"
    who = "whoever shows its token" if section.token else "any program on this machine"
    return f"It serves {scheme} on {section.host}, {port}, for {who}."


def _mqtt(section: MqttSection, name: str) -> str:
    return f"It takes part at the broker {section.url}, as {section.prefix}/{name}."


def _clearing(spec: DeviceSpec) -> str:
    has_token = any(
        section is not None and section.clear_token is not None
        for section in (spec.http, spec.mqtt)
    )
    how = "with the clear_token, or here with --clear" if has_token else "here, with --clear"
    return f"After a stop a person clears it {how}."


def _secrets(spec: DeviceSpec) -> list[tuple[Secret, str]]:
    http, mqtt = spec.http, spec.mqtt
    named: list[tuple[str, Secret | None]] = []
    if http is not None:
        named += [("token", http.token), ("clear_token", http.clear_token)]
    if mqtt is not None:
        named += [("user", mqtt.user), ("password", mqtt.password)]
        named += [("clear_token", mqtt.clear_token)]
    return [(secret, SECRETS[name]) for name, secret in named if secret is not None]
