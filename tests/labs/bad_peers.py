"""Brokers and servers that answer wrongly, hang up, or let nobody in, for the approved texts."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from planner.errors import PlannerError
from planner.labs import Answer, DeviceLab, Order
from tests.labs.broker import Broker
from tests.labs.furnaces import open_furnace, order
from tests.labs.honest_device import HonestDevice, HttpFace, MqttFace

PATIENCE = "connect_timeout: 2 s\nanswer_timeout: 0.5 s"
TRIES_S = 10.0
_KEY = order().key
BASE = "planner/furnace"

BY_MQTT = {
    "nothing": b"",
    "half an answer": b'{"answers": [{"key": "growth/1/1", "sta',
    "no text": b"\xff\xfe\x00",
    "a word": b'"done"',
    "a list": b"[]",
    "an object with nothing in it": b"{}",
    "no answers": b'{"answers": []}',
    "another key": b'{"answers": [{"key": "growth/9/1", "state": "done"}]}',
    "a state that there is not": b'{"answers": [{"key": "growth/1/1", "state": "finished"}]}',
    "no heartbeat": b'{"heartbeat": null}',
    "a hundred thousand brackets": b"[" * 100_000,
}


def send(lab: DeviceLab, sent: Order) -> str:
    """Sends an order and returns what is said."""
    try:
        return say(lab.submit(sent))
    except PlannerError as error:
        return show(error)


def show(error: PlannerError) -> str:
    return f"{type(error).__name__}: {error}"


def say(answer: Answer) -> str:
    return f"answered {answer.state}, {answer.failure}: {answer.reason}"


def by_mqtt(folder: Path) -> Iterator[tuple[str, str]]:
    """What is said of devices behind a broker that lets everybody in."""
    broker = Broker(folder)
    broker.start()
    url = f"mqtt://127.0.0.1:{broker.port}"
    device = HonestDevice()
    lab = open_furnace(f"kind: mqtt\nurl: {url}\n{PATIENCE}", folder)
    with contextlib.closing(lab):
        said = until(lambda: send(lab, order()), "no device listens")
        yield "mqtt: no device listens", said.replace(url, "URL")
        face = MqttFace(device, port=broker.port, base=BASE)
        for title, reply in BY_MQTT.items():
            face.fault = lambda _, reply=reply: [reply]
            yield f"mqtt: {title}", send(lab, order()).replace(url, "URL")
        face.fault = lambda _: []
        yield "mqtt: no answer", send(lab, order()).replace(url, "URL")
        face.vanish()
        said = until(lambda: send(lab, order()), "says that it is offline")
        yield "mqtt: the broker says that the device is gone", said.replace(url, "URL")
        broker.kill()
        said = until(lambda: send(lab, order()), "refused")
        yield "mqtt: the broker is gone", said.replace(url, "URL")


def by_guarded_broker(folder: Path) -> Iterator[tuple[str, str]]:
    """What is said where a broker asks who we are, and where nobody knows who it is."""
    write_papers(folder)
    (folder / "users").write_text("planner:right\nguest:right\n")
    (folder / "users").chmod(0o600)
    program = shutil.which("mosquitto_passwd")
    assert program is not None
    subprocess.run([program, "-U", str(folder / "users")], check=True)
    rights = f"user planner\ntopic readwrite {BASE}/#\nuser guest\ntopic read elsewhere/#\n"
    (folder / "rights").write_text(rights)
    for name, words in (("right", "right"), ("wrong", "wrong")):
        (folder / f"{name}.password").write_text(words)
        (folder / f"{name}.password").chmod(0o600)
    tls = f"certfile {folder}/server.pem\nkeyfile {folder}/server.key\n"
    known = f"{tls}allow_anonymous false\npassword_file {folder}/users\nacl_file {folder}/rights\n"
    asking = f"{tls}cafile {folder}/ca.pem\nrequire_certificate true\nallow_anonymous true\n"
    right = "ca: ca.pem\nuser: planner\npassword: {file: right.password}"
    for title, more, lines, wanted in (
        ("another authority's certificate", known, right.replace("ca.pem", "other.pem"), "trusted"),
        ("a wrong password", known, right.replace("right.p", "wrong.p"), "password"),
        ("no right to the topics", known, right.replace("planner", "guest"), "ACL"),
        ("it wants a certificate", asking, "ca: ca.pem", "'certificate' and 'key'"),
    ):
        broker = Broker(folder, more=more)
        broker.start()
        url = f"mqtts://127.0.0.1:{broker.port}"
        lab = open_furnace(f"kind: mqtt\nurl: {url}\n{lines}\n{PATIENCE}", folder)
        with contextlib.closing(lab):
            said = until(lambda lab=lab: send(lab, order()), wanted)
            yield f"mqtt: {title}", said.replace(url, "URL")
        broker.stop()


def by_tls(folder: Path) -> Iterator[tuple[str, str]]:
    """What is said of servers that are not who they say, or ask who we are."""
    write_papers(folder)
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    plain.load_cert_chain(str(folder / "server.pem"), str(folder / "server.key"))
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asking.load_cert_chain(str(folder / "server.pem"), str(folder / "server.key"))
    asking.load_verify_locations(str(folder / "ca.pem"))
    asking.verify_mode = ssl.CERT_REQUIRED
    for title, trust, lines, wanted in (
        ("another authority's certificate", plain, "ca: other.pem", "not trusted"),
        ("it wants a certificate", asking, "ca: ca.pem", "lets nobody in"),
    ):
        with HttpFace(HonestDevice(), token="").serving(trust) as url:
            yield f"http: {title}", _ask_once(url, lines, wanted, folder)
    with _hanging_up(plain) as url:
        said = _ask_once(url, "ca: ca.pem", "ended the connection", folder)
        yield "http: it hangs up without a word", said
    with HttpFace(HonestDevice(), token="").serving() as url:
        secure = url.replace("http:", "https:")
        yield "http: it speaks no TLS", _ask_once(secure, "ca: ca.pem", "", folder)


def _ask_once(url: str, lines: str, wanted: str, folder: Path) -> str:
    lab = open_furnace(f"kind: http\nurl: {url}\n{lines}\n{PATIENCE}", folder)
    with contextlib.closing(lab):
        return until(lambda: send(lab, order()), wanted).replace(url, "URL")


@contextmanager
def _hanging_up(trust: ssl.SSLContext) -> Iterator[str]:
    """A server that greets and ends each connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), trust.wrap_socket(link, server_side=True) as opened:
                opened.recv(1 << 16)
                opened.unwrap()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def until(ask: Callable[[], str], wanted: str) -> str:
    """Asks until this is said; what comes before it depends on who is faster."""
    give_up = time.monotonic() + TRIES_S
    while wanted not in (said := ask()):
        assert time.monotonic() < give_up, f"{wanted!r} was never said; last: {said}"
        time.sleep(0.02)
    return said


def write_papers(folder: Path) -> None:
    """Writes an authority, a server's certificate of it, and another authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    issued.private_key_pem.write_to_path(str(folder / "server.key"))


def answer_of(**words: object) -> bytes:
    return json.dumps({"key": _KEY, "state": "started", **words}).encode()
