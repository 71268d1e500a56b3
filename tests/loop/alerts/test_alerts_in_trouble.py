"""Alerts in trouble: a way that surprises, a clock that is set, two processes, a secret address."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from planner.clock import ManualClock
from planner.loop.alerts import alerting
from planner.loop.alerts.posting import Post, send_test
from planner.loop.sessions.desk import Place
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from tests.loop.alert_peers import Certificates, Hook, mail_server
from tests.loop.alerts.test_alerts import (
    PHONE,
    by_program,
    hold,
    hold_more,
    post_of,
    propose,
    received,
    text_with,
)
from tests.loop.conftest import MakeSession
from tests.loop.scripted_lab import ScriptedLab
from tests.loop.steps.test_advance import on_the_hill

HOUR = timedelta(hours=1)
STEPS = pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["forward", "back"])


def until(is_so: Callable[[], object], what: str) -> None:
    give_up = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < give_up, what
        time.sleep(0.02)


def test_whatever_a_way_fails_by_the_others_are_served(
    make_session: MakeSession,
    tmp_path: Path,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name with an umlaut is nothing that Python's mail library can log in with."""
    monkeypatch.setenv("MAIL_PASSWORD", "correct horse")
    with mail_server(certificates.context(), password="correct horse") as box:
        way = (
            f"{{kind: mail, host: localhost, port: {box.port}, sender: a@lab.org, to: [b@lab.org], "
            f"user: müller, password: {{env: MAIL_PASSWORD}}, ca: {certificates.ca_file}}}"
        )
        text = text_with(f"    mail: {way}\n    {PHONE}")
        session = make_session(ScriptedLab(on_the_hill), text=text)
        propose(session)
        hold(session, 1)
        said: list[str] = []
        assert post_of(session, tmp_path, said).sweep() == 1
    assert said == [
        "An alert of bench was not sent by 'mail': It cannot be sent as the file has it "
        "(UnicodeEncodeError). It is kept and tried again."
    ]
    assert len(received(tmp_path)) == 1


def test_a_watcher_survives_what_nobody_thought_of_and_says_it(
    make_session: MakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bench.yaml").write_text(by_program())
    (tmp_path / "bench.planner").mkdir()
    session = make_session(
        ScriptedLab(on_the_hill), text=by_program(), ledger="bench.planner/ledger.db"
    )
    propose(session)
    hold(session, 1)
    sweep, surprises = Post.sweep, iter([True, True])

    def surprising(post: Post, **how: bool) -> int:
        if next(surprises, False):
            raise ZeroDivisionError("who would have thought")
        return sweep(post, **how)

    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        raise BrokenPipeError  # the terminal is gone

    monkeypatch.setattr(Post, "sweep", surprising)
    with alerting([Place(file=tmp_path / "bench.yaml")], on_message=say, poll_s=0.02):
        until(lambda: received(tmp_path), "the alert is sent")
    assert said == [
        "Alerts of bench wait (ZeroDivisionError: who would have thought); they are tried again."
    ]


def test_of_two_processes_one_sends(make_session: MakeSession, tmp_path: Path) -> None:
    """The program that the first one runs waits until the second one has looked."""
    script = (
        "import os, sys, time\\n"
        "open('begun', 'w').close()\\n"
        "while not os.path.exists('go'): time.sleep(0.02)\\n"
        "open('alerts.txt', 'a').write(sys.stdin.read() + chr(10))\\n"
    )
    ways = f'    phone: {{kind: command, run: [{sys.executable}, -c, "{script}"]}}'
    session = make_session(ScriptedLab(on_the_hill), text=text_with(ways))
    propose(session)
    hold(session, 1)
    first, second = post_of(session, tmp_path), post_of(session, tmp_path)
    sending = threading.Thread(target=first.sweep)
    sending.start()
    until((tmp_path / "begun").exists, "the first one sends")
    assert second.sweep() == 1  # it is still to be sent, by the first
    (tmp_path / "go").touch()
    sending.join()
    assert second.sweep() == 0
    assert len(received(tmp_path)) == 1


@STEPS
def test_a_way_that_failed_is_tried_again_whoever_sets_the_clock(
    step: timedelta, make_session: MakeSession, tmp_path: Path, clock: ManualClock
) -> None:
    ways = "    broken: {kind: command, run: [./ring]}"
    session = make_session(ScriptedLab(on_the_hill), text=text_with(ways))
    propose(session)
    hold(session, 1)
    said: list[str] = []
    post = post_of(session, tmp_path, said)
    post.sweep()
    clock.set(clock.now() + step)
    post.sweep()
    assert len(said) == 1  # not before its pause is over
    clock.wait_s(5)
    post.sweep()
    assert len(said) == 2


@STEPS
def test_the_hour_of_a_flood_lasts_an_hour_whoever_sets_the_clock(
    step: timedelta, make_session: MakeSession, tmp_path: Path, clock: ManualClock
) -> None:
    session = make_session(ScriptedLab(on_the_hill), text=by_program("  at_most: 1\n"))
    propose(session)
    hold(session, 1)
    post = post_of(session, tmp_path)
    assert post.sweep() == 0
    hold_more(session)
    clock.set(clock.now() + step)
    assert post.sweep() == 1
    clock.wait_s(3601)
    assert post.sweep() == 0


@STEPS
def test_a_run_is_overdue_by_the_time_that_passed_whoever_sets_the_clock(
    step: timedelta, make_session: MakeSession, tmp_path: Path, clock: ManualClock
) -> None:
    """Ten minutes were expected, and 15 are late."""
    text = by_program("  kinds: [overdue]\n", source="duration: 10 min")
    session = make_session(ScriptedLab(on_the_hill, latency=10**6), text=text)
    propose(session)
    advance(session)
    post = post_of(session, tmp_path)
    post.sweep()
    clock.set(clock.now() + step)
    clock.wait_s(840)
    post.sweep()
    assert received(tmp_path) == []
    clock.wait_s(120)
    post.sweep()
    (alert,) = received(tmp_path)
    assert "for 16 min; 10 min were expected" in str(alert["text"])


def test_a_time_limit_alone_makes_a_run_overdue(
    make_session: MakeSession, tmp_path: Path, clock: ManualClock
) -> None:
    """Nobody is at work who would end it: a minute after its limit it is told."""
    text = by_program("  kinds: [overdue]\n", source="time_limit: 10 min")
    session = make_session(ScriptedLab(on_the_hill, latency=10**6), text=text)
    propose(session)
    advance(session)
    post = post_of(session, tmp_path)
    clock.wait_s(650)
    post.sweep()
    assert received(tmp_path) == []
    clock.wait_s(20)
    post.sweep()
    (alert,) = received(tmp_path)
    assert "Trial 1 has been under way" in str(alert["text"])
    assert "for 11 min; its time limit is 10 min" in str(alert["text"])


def shown(session: Session, said: list[str]) -> str:
    """All that the ledger, the messages and the spec hold."""
    entries = repr(list(session.ledger.read("bench")))
    return entries + repr(said) + session.state.spec.model_dump_json() + repr(session.state.spec)


def test_an_address_that_is_a_secret_stands_nowhere(
    make_session: MakeSession,
    tmp_path: Path,
    hook: Hook,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sent, refused, unreachable, and no address at all: neither its host nor its path is told."""
    way = f"{{kind: webhook, url: {{env: CHAT_URL}}, ca: {certificates.ca_file}}}"
    session = make_session(ScriptedLab(on_the_hill), text=text_with(f"    chat: {way}"))
    said: list[str] = []
    monkeypatch.setenv("CHAT_URL", f"{hook.url}/T0/B1")
    hold_more(session)
    assert post_of(session, tmp_path, said).sweep() == 0
    assert hook.messages[0]["about"] == "held"
    hook.status = 403
    hold_more(session)
    tries = {
        f"{hook.url}/T0/B1": "The address from the variable CHAT_URL did not take it: HTTP 403.",
        "https://localhost:9/T0/B1": "did not answer: [Errno 111] Connection refused.",
        f"https://127.1:{urlsplit(hook.url).port}/T0/B1": "certificate is not valid for '********'",
        "https://localhost:abc/T0/B1": "cannot be the address of 'chat': it has a host or a port",
        "https://local..host/T0/B1": "cannot be the address of 'chat': it has a host or a port",
        "localhost/T0/B1": "cannot be the address of 'chat': it is no address",
    }
    for url, words in tries.items():
        monkeypatch.setenv("CHAT_URL", url)
        said.clear()
        assert post_of(session, tmp_path, said).sweep() == 1
        assert words in said[0]
        for part in ("T0/B1", "localhost", "local..host", "127.1"):
            assert part not in shown(session, said)
    monkeypatch.delenv("CHAT_URL")
    assert session.state.spec.alerts is not None
    found = send_test(
        "bench", session.state.spec.alerts.ways, folder=tmp_path, now=session.clock.now()
    )
    assert found["chat"].startswith("The environment has no variable CHAT_URL")
