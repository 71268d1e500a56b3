"""Real devices to talk to: processes of the command, brokers, and those who ask them."""

from __future__ import annotations

import json
import queue
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.free_ports import free_port

PATIENCE_S = 30.0
LEDGER = "ledger-1"
VIRTUAL = {
    "kind": "virtual",
    "outcomes": {"yield": {"formula": "2 * temperature", "unit": "percent", "sd": 0.5}},
}
TEMPERATURE = {"temperature": {"low": 20, "high": 100, "unit": "degC"}}


def wait_for(fact: Callable[[], Any], what: str) -> Any:
    """Polls until the fact is there; a real process takes its time."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := fact():
            return found
        time.sleep(0.005)
    raise AssertionError(f"waited {PATIENCE_S:g} s for {what}")


def write_device(folder: Path, name: str = "furnace", **sections: Any) -> Path:
    """Writes a device's file: a virtual one over HTTP, but for what is said otherwise."""
    whole = {"device": name, "fields": TEMPERATURE, "act": VIRTUAL, "http": {"port": 0}, **sections}
    whole = {key: value for key, value in whole.items() if value is not None}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(whole))
    return path


def make_order(key: str = "c/1/1", temperature: float = 60.0, **words: Any) -> dict[str, Any]:
    return {
        "key": key,
        "digest": "d1",
        "parameters": {"temperature": {"value": temperature, "unit": "degC"}},
        "token": 1,
        "ledger": LEDGER,
        **words,
    }


class Program:
    """The command as a process of its own."""

    def __init__(self, file: Path, *, may_be_silent: bool = False) -> None:
        self.file = file
        self.errors = file.with_suffix(".errors")
        with self.errors.open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "planner.cli", "device", str(file), "--json"],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        assert first or may_be_silent, f"it said nothing: {self.errors.read_text()}"
        self.places: list[str] = json.loads(first)["places"] if first else []

    def kill(self) -> None:
        self.process.kill()
        self.wait()

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextmanager
def program(file: Path) -> Iterator[Program]:
    running = Program(file)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()


class Broker:
    """A real mosquitto on a free port."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = free_port()
        self.config = folder / "mosquitto.conf"
        self.url = f"mqtt://127.0.0.1:{self.port}"
        listener = f"listener {self.port} 127.0.0.1\nset_tcp_nodelay true\n"
        self.config.write_text(listener + "\n".join(lines or ("allow_anonymous true",)) + "\n")
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", str(self.config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._answers, "mosquitto")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Asker:
    """One who asks a device over MQTT, as a planner does."""

    def __init__(self, port: int, base: str, *, prepare: Callable[[Client], None] | None = None):
        self.base = base
        self.pushed: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self._answers: dict[bytes, queue.SimpleQueue[dict[str, Any]]] = {}
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        self._client.on_socket_open = lambda _c, _d, opened: opened.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        if prepare is not None:
            prepare(self._client)
        self._topic = f"{base}/answers/{uuid.uuid4().hex}"
        subscribed: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._client.on_connect = lambda client, *_: client.subscribe(
            [(self._topic, 1), *((f"{base}/{each}", 1) for each in ("news", "status", "readings"))]
        )
        self._client.on_subscribe = lambda *_: subscribed.put(True)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        subscribed.get(timeout=PATIENCE_S)

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        words = json.loads(message.payload)
        if message.topic == self._topic:
            self._answers[message.properties.CorrelationData].put(words)
        else:
            self.pushed.put((message.topic.removeprefix(f"{self.base}/"), words))

    def send(self, payload: bytes) -> queue.SimpleQueue[dict[str, Any]]:
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = self._topic
        properties.CorrelationData = uuid.uuid4().bytes
        answers = self._answers.setdefault(properties.CorrelationData, queue.SimpleQueue())
        self._client.publish(f"{self.base}/orders", payload, qos=1, properties=properties)
        return answers

    def ask(self, kind: str, **words: Any) -> dict[str, Any]:
        return self.send(json.dumps({"kind": kind, **words}).encode()).get(timeout=PATIENCE_S)

    def pushed_on(self, last: str, is_wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            topic, words = self.pushed.get(timeout=max(0.01, deadline - time.monotonic()))
            if topic == last and is_wanted(words):
                return words

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
