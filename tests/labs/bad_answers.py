"""What devices may answer wrongly, by adapter, and what the planner says of it at run time.

``python -m tests.labs.bad_answers`` writes what is said now to approved_answers.txt, for a person
to read through before it is committed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import get_args

from planner.errors import PlannerError
from planner.labs.replies import explain
from planner.trials import DeviceState, Rejection
from planner.trials.messages import RejectionKind
from tests.labs.bad_peers import (
    answer_of,
    by_guarded_broker,
    by_mqtt,
    by_tls,
    say,
    send,
    show,
)
from tests.labs.furnaces import open_furnace, order
from tests.labs.honest_device import HonestDevice, HttpFace

APPROVED = Path(__file__).with_name("approved_answers.txt")
_PATIENCE = "connect_timeout: 0.5 s\nanswer_timeout: 0.5 s"
_KEY = order().key


def _saying(status: int, body: bytes, *, length: int | None = None) -> Callable[..., bool]:
    """Returns a fault: this answer instead of the device's own, cut off where it is too short."""

    def say(handler: BaseHTTPRequestHandler, _status: int, _body: bytes) -> bool:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.send_header("Connection", "close")  # or the next request may run into its end
        handler.end_headers()
        handler.wfile.write(body)
        return True

    return say


BY_HTTP: dict[str, Callable[..., bool]] = {
    "no JSON": _saying(200, b"<html>hello</html>"),
    "JSON of another kind": _saying(200, b"[1, 2]"),
    "no state": _saying(200, json.dumps({"key": _KEY}).encode()),
    "a state that there is not": _saying(200, answer_of(state="resting")),
    "a number where text should be": _saying(200, answer_of(reason=7)),
    "another key": _saying(200, answer_of(key="other/1/1")),
    "half an answer": _saying(200, answer_of()[:20], length=len(answer_of())),
    "nothing": _saying(200, b""),
    "an error of the server": _saying(500, b"oops"),
    "a gateway that gave up": _saying(504, b""),
    "no such address": _saying(404, b"not here"),
    "too many requests": _saying(429, b""),
    "too large": _saying(413, b""),
    "no right": _saying(401, b""),
    "a redirection": _saying(302, b""),
}

# programs, and what their source says besides
PROGRAMS = {
    "writes nothing": "",
    "writes no JSON": "print('warm up done')",
    "writes text before its result": "print('ready'); print('{\"outcomes\": {\"Y\": 1}}')",
    "breaks off": 'print(\'{"outcomes": {"Y"\')',
    "writes no text": "import os; os.write(1, b'\\xff\\xfe')",
    "writes a hundred thousand brackets": "print('[' * 100_000)",
    "writes no outcomes": "print('{\"yield\": 3}')",
    "writes a list of outcomes": "print('{\"outcomes\": [3]}')",
    "writes without end": "while True: print('x' * 100_000)",
    "ends with an error": "import sys; sys.exit('the valve is stuck')",
    "ends with an error and no word": "import sys; sys.exit(3)",
    "is killed": "import os; os.kill(os.getpid(), 9)",
    "hangs": "import time; time.sleep(1000)",
    "hangs and does not listen": (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)"
    ),
    "says that the process failed": 'print(\'{"failed": "process", "reason": "it melted"}\')',
    "says that it failed and no more": "print('{\"failed\": true}')",
}
_LIMITS = "time_limit: 0.5 s\ngrace: 0.5 s"


def say_all(folder: Path) -> str:
    """Everything that is said, with titles."""
    parts = [
        *_rejections(),
        *_by_http(folder),
        *by_tls(folder),
        *by_mqtt(folder),
        *by_guarded_broker(folder),
        *_by_program(folder),
        *_no_program(folder),
        *_out_of_reach(folder),
    ]
    return "\n".join(f"== {title}\n{_plain(said, folder)}\n" for title, said in parts)


def _rejections() -> Iterator[tuple[str, str]]:
    for kind in get_args(RejectionKind):
        rejection = Rejection(key=_KEY, error=kind, reason="its own words.\nin two lines", token=7)
        yield f"keyed devices: rejected, {kind}", show(explain(rejection, who="furnace at URL"))


def _by_http(folder: Path) -> Iterator[tuple[str, str]]:
    face = HttpFace(HonestDevice(), token="")
    with face.serving() as url:
        lab = open_furnace(f"kind: http\nurl: {url}\n{_PATIENCE}", folder)
        for title, fault in BY_HTTP.items():
            face.fault = fault
            yield f"http: {title}", send(lab, order()).replace(url, "URL")
        lab.close()


def _by_program(folder: Path) -> Iterator[tuple[str, str]]:
    for number, (title, text) in enumerate(PROGRAMS.items(), start=1):
        (folder / "measure.py").write_text(text)
        limits = _LIMITS if title.startswith("hangs") else ""
        program = f"kind: command\nprogram: [{sys.executable}, -I, -S, measure.py]\n{limits}"
        lab = open_furnace(program, folder)
        sent = order(number)
        lab.submit(sent)
        while (answer := lab.poll([sent.key])[sent.key]).state is DeviceState.STARTED:
            lab.wait_for_news(0.1)
        lab.close()
        yield f"command: {title}", say(answer)


def _no_program(folder: Path) -> Iterator[tuple[str, str]]:
    (folder / "plain.txt").write_text("no program")
    for title, name in (("is not there", "no-such-program"), ("may not be run", "./plain.txt")):
        try:
            open_furnace(f"kind: command\nprogram: [{name}]", folder)
        except PlannerError as error:
            yield f"command: {title}", show(error)


def _out_of_reach(folder: Path) -> Iterator[tuple[str, str]]:
    for kind, where in (("http", "http://127.0.0.1:9"), ("mqtt", "mqtt://127.0.0.1:9")):
        lab = open_furnace(f"kind: {kind}\nurl: {where}\n{_PATIENCE}", folder)
        yield f"{kind}: nobody is there", send(lab, order())
        lab.close()


def _plain(text: str, folder: Path) -> str:
    """Returns the text without what differs from machine to machine."""
    words = text.replace(str(folder.resolve()), "FOLDER").replace(str(folder), "FOLDER")
    return words.partition(", and whether process")[0]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        APPROVED.write_text(say_all(Path(name)), encoding="utf-8")
