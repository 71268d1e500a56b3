"""Two devices as most are: they know no keys of ours, and forget or only log what they did.

``two_phase``: ``POST /prepare`` gives a handle of the device's own, ``POST /begin/HANDLE`` lets it
move, and would let it move again; ``GET /handles/HANDLE`` says what became of it, until the program
ends: then all handles are forgotten. ``fire_and_observe``: ``POST /run`` moves at once or says that
it is busy; ``GET /log`` is what the device wrote down of its acts, with no key in it.

The key in an order is for the record of physical acts alone, which is the judge's.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from planner.device.virtual.record import PhysicalRecord, append_line, read_record

Said = tuple[int, object]


def measure(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the device finds: half the temperature and the flow."""
    found = parameters["temperature"]["value"] / 2 + parameters["flow"]["value"]
    return {"yield": {"value": found, "unit": "percent"}}


class Mover:
    """Acts, one order after the other, and writes each act into the judge's record.

    Args:
        path: of the record.
        duration_s: of an act.
    """

    def __init__(self, path: Path, *, duration_s: float) -> None:
        self._record = PhysicalRecord(path, boot_id=uuid.uuid4().hex[:12])
        self._duration_s = duration_s
        self._waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def add(self, job: dict[str, Any]) -> None:
        """Queue what moves next; its state is told in it."""
        job["state"] = "waiting"
        self._waiting.put(job)

    def _work(self) -> None:
        while True:
            job = self._waiting.get()
            job["state"] = "moving"
            parameters = job["order"]["parameters"]
            plain = {name: each["value"] for name, each in parameters.items()}
            self._record.write("begun", job["order"]["key"], parameters=plain)
            job.get("note", lambda _: None)("moving")
            time.sleep(self._duration_s)
            outcomes = measure(parameters)
            values = {name: each["value"] for name, each in outcomes.items()}
            key = job["order"]["key"]
            self._record.write("ended", key, how="done", parameters=plain, outcomes=values)
            job["outcomes"] = outcomes
            job.get("note", lambda _: None)("done")
            job["state"] = "done"


class TwoPhase:
    """Prepares, and begins what is prepared; remembers until it ends."""

    def __init__(self, mover: Mover) -> None:
        self._mover = mover
        self._jobs: dict[str, dict[str, Any]] = {}

    def post(self, path: str, content: Any) -> Said:
        if path == "/prepare":
            handle = uuid.uuid4().hex
            self._jobs[handle] = {"order": content, "state": "prepared"}
            return 200, {"handle": handle}
        job = self._jobs.get(path.removeprefix("/begin/"))
        if job is None:
            return 404, {"error": "no such handle"}
        self._mover.add(job)
        return 200, {"state": job["state"]}

    def get(self, path: str) -> Said:
        job = self._jobs.get(path.removeprefix("/handles/"))
        if job is None:
            return 404, {"error": "no such handle"}
        return 200, {"state": job["state"], "outcomes": job.get("outcomes")}


class FireAndObserve:
    """Moves at once and keeps a log of its own on its disk."""

    def __init__(self, mover: Mover, log: Path) -> None:
        self._mover = mover
        self._log = log
        self._lock = threading.Lock()
        self._is_busy = False
        self._n = len(read_record(log))
        self._boot = uuid.uuid4().hex[:12]

    def post(self, _path: str, content: Any) -> Said:
        with self._lock:
            if self._is_busy:
                return 409, {"error": "busy"}
            self._is_busy = True
        job: dict[str, Any] = {"order": content}
        job["note"] = lambda state: self._note(job, state)
        self._mover.add(job)
        return 202, {}

    def get(self, _path: str) -> Said:
        return 200, {"boot": self._boot, "acts": read_record(self._log)}

    def _note(self, job: dict[str, Any], state: str) -> None:
        line = {
            "state": state,
            "boot": self._boot,
            "parameters": job["order"]["parameters"],
            "outcomes": job.get("outcomes"),
        }
        append_line(self._log, json.dumps(line))
        if state == "done":
            self._is_busy = False


def serve(face: str, record: str, port: str, duration_s: str) -> None:
    """Serve until killed."""
    mover = Mover(Path(record), duration_s=float(duration_s))
    device: TwoPhase | FireAndObserve
    if face == "two_phase":
        device = TwoPhase(mover)
    else:
        device = FireAndObserve(mover, Path(record).with_suffix(".log"))
    QuietServer(("127.0.0.1", int(port)), _make_handler(device)).serve_forever()


class QuietServer(ThreadingHTTPServer):
    """Says nothing of who hung up before it was answered."""

    def handle_error(self, *_: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)  # type: ignore[arg-type]


def _make_handler(device: TwoPhase | FireAndObserve) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:  # the line was cut in the middle of it
                self.close_connection = True
                return
            self._say(*device.post(self.path, json.loads(body) if body else None))

        def do_GET(self) -> None:
            self._say(*device.get(self.path))

        def _say(self, status: int, content: object) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
