"""A small honest device for tests of adapters: it keeps its word, over HTTP and over MQTT.

What it is asked is answered by one object; a server and a client of a broker carry it. Each has
faults that a test switches on.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

Json = dict[str, Any]
STATUS = {
    "stale token": 409,
    "other ledger": 409,
    "other order": 409,
    "locked": 423,
    "too often": 429,
    "unknown key": 404,
    "bad message": 422,
    "not allowed": 401,
}
RESULT = {
    "outcomes": {"Y": {"value": 0.815, "unit": "1"}},
    "achieved": {"T_SP": {"value": 973.4, "unit": "K"}},
}


@dataclass
class HonestDevice:
    """Takes orders, performs each once, and answers with the state that it keeps."""

    result: Json | None = field(default_factory=lambda: dict(RESULT))
    finishes: bool = True
    jobs: dict[str, Json] = field(default_factory=dict)
    acts: list[str] = field(default_factory=list)
    heard: list[Json] = field(default_factory=list)
    adjusted: dict[tuple[str, int], str] = field(default_factory=dict)
    token: int = 0
    ahead_s: float = 0.0  # its clock
    is_simulated: bool = True
    stopped: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def hear(self, kind: str, content: Json) -> Json:
        """Answers a message of this kind, in the words of the MQTT wire."""
        with self.lock:
            self.heard.append({"kind": kind, **content})
            if content.get("token", self.token) < self.token:
                return self._reject("stale token", content, token=self.token)
            self.token = max(self.token, content.get("token", 0))
            return getattr(self, f"_{kind}")(content)

    def _start(self, order: Json) -> Json:
        key = order["key"]
        if key not in self.jobs:
            if self.stopped:
                return self._reject("locked", order)
            self.jobs[key] = {"digest": order["digest"], "state": "started"}
            self.acts.append(key)
            if self.finishes:
                self.finish(key)
        elif self.jobs[key]["digest"] != order["digest"]:
            return self._reject("other order", order)
        return {"answers": [self.answer(key)]}

    def finish(self, key: str) -> None:
        with self.lock:
            self.jobs[key].update(state="done", result=self.result)

    def answer(self, key: str) -> Json:
        job = self.jobs[key]
        return {"key": key, "state": job["state"], "result": job.get("result")}

    def _ask(self, content: Json) -> Json:
        return {"answers": [self.answer(key) for key in content["keys"] if key in self.jobs]}

    def _abort(self, content: Json) -> Json:
        if content["key"] not in self.jobs:
            return self._reject("unknown key", content)
        job = self.jobs[content["key"]]
        job["state"] = "aborted" if job["state"] == "started" else job["state"]
        return {"answers": [self.answer(content["key"])]}

    def _adjust(self, content: Json) -> Json:
        place = content["key"], content["number"]
        if self.adjusted.setdefault(place, content["digest"]) != content["digest"]:
            return self._reject("other order", content)
        return {"adjustment": {"number": content["number"], "state": "taken", "reason": ""}}

    def _status(self, _: Json) -> Json:
        beat: Json = {
            "boot_id": "boot 1",
            "sequence": len(self.heard),
            "at": (datetime.now(UTC) + timedelta(seconds=self.ahead_s)).isoformat(),
            "state": "stopped" if self.stopped else "ready",
            "reason": self.stopped,
            "simulated": self.is_simulated,
        }
        return {"heartbeat": beat}

    def _stop(self, content: Json) -> Json:
        self.stopped = content["reason"]
        return self._status({})

    def _clear(self, content: Json) -> Json:
        if content.get("clear_token") != "a person's":
            return self._reject("not allowed", content)
        self.stopped = ""
        return self._status({})

    def _release(self, content: Json) -> Json:
        return self._clear(content)

    def _reject(self, error: str, content: Json, **more: object) -> Json:
        words = {"error": error, "reason": f"it is {error}", "key": content.get("key", "")}
        return {"rejection": {**words, **more}}


Fault = Callable[[BaseHTTPRequestHandler, int, bytes], bool]


class HttpFace:
    """The device as a server.

    ``fault`` is handed the request's handler and what would be answered, and says whether it has
    taken the answer upon itself; the device has heard the request by then.
    """

    def __init__(self, device: HonestDevice, *, token: str = "s3cret-token") -> None:
        self.device, self.token = device, token
        self.fault: Fault | None = None
        self.headers: list[Json] = []
        self.paths: list[str] = []
        face = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                n_bytes = int(self.headers.get("Content-Length") or 0)
                content = json.loads(self.rfile.read(n_bytes) or b"{}")
                face.headers.append(dict(self.headers))
                face.paths.append(self.path)
                status, body = face.reply(self.command, self.path, dict(self.headers), content)
                if face.fault is not None and face.fault(self, status, body):
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = _serve  # noqa: N815  the server's names

            def log_message(self, *_: object) -> None:
                return

        self._handler = Handler

    def reply(self, method: str, path: str, headers: Json, content: Json) -> tuple[int, bytes]:
        shown = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
        shown = shown.removeprefix("Bearer ")
        parts = path.strip("/").split("/")
        if parts[0] in ("clear", "release"):
            content["clear_token"] = shown
        elif shown != self.token:
            said = {"rejection": {"error": "not allowed", "reason": "no token of this device"}}
            return 401, json.dumps(said["rejection"]).encode()
        kind, content = self._kind(method, parts, content)
        said = self.device.hear(kind, content)
        if "rejection" in said:
            return STATUS[said["rejection"]["error"]], json.dumps(said["rejection"]).encode()
        whole = said["answers"][0] if kind in ("start", "abort") else next(iter(said.values()))
        return 200, json.dumps(said if kind == "ask" else whole).encode()

    @staticmethod
    def _kind(method: str, parts: list[str], content: Json) -> tuple[str, Json]:
        if parts[0] != "jobs":
            return parts[0], content
        if parts[1] == "ask":
            return "ask", content
        key = unquote(parts[1])
        if parts[-1] == "abort":
            return "abort", {"key": key, **content}
        if "adjustments" in parts:
            return "adjust", {"key": key, "number": int(parts[-1]), **content}
        assert content["key"] == key
        return "start", content

    @contextmanager
    def serving(self, trust: ssl.SSLContext | None = None) -> Iterator[str]:
        """Serves until the block ends; yields the address."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler)
        server.daemon_threads = True
        if trust is not None:
            server.socket = trust.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        scheme = "https" if trust is not None else "http"
        try:
            yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class MqttFace:
    """The device as a client of a broker, with a session that outlasts a cut.

    ``fault`` is handed the reply, and returns the payloads that are sent for it: none, or several.
    """

    def __init__(self, device: HonestDevice, *, port: int, base: str) -> None:
        self.device, self.base = device, base
        self.fault: Callable[[bytes], list[bytes]] = lambda reply: [reply]
        self.subscribed = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"device-{base}", protocol=MQTTv5
        )
        self._client.reconnect_delay_set(0.05, 0.2)
        self._client.will_set(f"{base}/status", self._beat("offline"), qos=1, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_message = self._on_message
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600
        self._client.connect("127.0.0.1", port, clean_start=False, properties=properties)
        self._client.loop_start()
        assert self.subscribed.wait(5)

    def tell(self, key: str) -> None:
        """Says by itself what became of a key."""
        news = {"answers": [self.device.answer(key)]}
        self._client.publish(f"{self.base}/news", json.dumps(news).encode(), qos=1)

    def vanish(self) -> None:
        """Ends without a word: the broker tells the last will."""
        self._client.loop_stop()
        self._client._sock_close()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _beat(self, state: str) -> bytes:
        beat = self.device._status({})["heartbeat"]
        return json.dumps({**beat, "state": state}).encode()

    def _on_connect(self, client: Client, *_: object) -> None:
        client.subscribe(f"{self.base}/orders", qos=1)
        client.publish(f"{self.base}/status", self._beat("ready"), qos=1, retain=True)

    def _on_message(self, client: Client, _: object, message: Any) -> None:
        content = json.loads(message.payload)
        reply = self.device.hear(content.pop("kind"), content)
        for payload in self.fault(json.dumps(reply).encode()):
            properties = Properties(PacketTypes.PUBLISH)
            properties.CorrelationData = message.properties.CorrelationData
            client.publish(message.properties.ResponseTopic, payload, qos=1, properties=properties)
