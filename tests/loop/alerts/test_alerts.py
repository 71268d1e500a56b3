"""Alerts: found, sent by real ways at least once, recorded, bounded, and never in the way."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

sys.path.append(str(Path(__file__).parents[2] / "ledger"))

from postgresql_server import Server, serving

from planner.clock import ManualClock
from planner.ledger import schema
from planner.ledger.entries import (
    AlertSent,
    CampaignStopped,
    CoverageAlarm,
    NothingFits,
    TrialMoved,
    TrialProposed,
)
from planner.loop import people
from planner.loop.alerts import Post
from planner.loop.alerts.posting import send_test
from planner.loop.alerts.silence import Silence
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.trials import Answer, DeviceState, HeldBy, Proposal, TrialState, Wanted
from tests.loop.alert_peers import Certificates, Hook, Mailbox, mail_server
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_devices import Devices
from tests.loop.scripted_lab import ScriptedLab, failed
from tests.loop.steps.test_advance import on_the_hill

PASSWORD = "correct horse battery staple"
SECRET = "a secret that two sides share"

# writes what it reads, a line an alert
WRITES = "import sys; open('alerts.txt', 'a').write(sys.stdin.read() + chr(10))"
TO_FILE = f'[{sys.executable}, -c, "{WRITES}"]'
PHONE = f"phone: {{kind: command, run: {TO_FILE}}}"


@pytest.fixture
def mailbox(certificates: Certificates) -> Iterator[Mailbox]:
    with mail_server(certificates.context(), password=PASSWORD) as running:
        yield running


def text_with(ways: str, *, more: str = "", **parts: str) -> str:
    return campaign_text(**parts) + f"alerts:\n  ways:\n{ways}\n{more}"


def by_program(more: str = "", **parts: str) -> str:
    return text_with(f"    {PHONE}", more=more, **parts)


def post_of(session: Session, folder: Path, said: list[str] | None = None) -> Post:
    """A post of its own, as another process would open it."""
    heard = said if said is not None else []
    return Post(
        session.ledger,
        "bench",
        folder=folder,
        clock=session.clock,
        find_lost=silence_of(session).find,
        on_message=heard.append,
    )


def silence_of(session: Session) -> Silence:
    """Asks the lab of the session."""
    return Silence(
        session.ledger,
        clock=session.clock,
        open_source=lambda _: session.lab,
        is_patient=True,
    )


def received(folder: Path) -> list[dict[str, object]]:
    path = folder / "alerts.txt"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def propose(session: Session, n: int = 1) -> None:
    for number in range(session.state.next_trial, session.state.next_trial + n):
        session.write(
            [
                TrialProposed(
                    trial=number,
                    configuration={"temperature": 100.0 + number, "flow": 2.0},
                    proposal=Proposal(origin="start", reason="a test"),
                    source="robot",
                ),
                TrialMoved(trial=number, to=TrialState.APPROVED),
            ]
        )


def hold(session: Session, number: int, *, by: HeldBy = "shortage") -> None:
    reason = "the door is open"
    session.write([TrialMoved(trial=number, to=TrialState.HELD, reason=reason, held_by=by)])


def a_doubt(session: Session) -> None:
    propose(session)
    advance(session)


def a_stop(*, failed: bool) -> Callable[[Session], None]:
    return lambda session: session.write(
        [CampaignStopped(rule="budget", reason="it is used up", failed=failed)]
    )


def an_overdue_run(session: Session) -> None:
    session.lab = ScriptedLab(on_the_hill, latency=10**6)
    propose(session)
    advance(session)
    session.clock.wait_s(16 * 60)


def a_lost_heartbeat(session: Session) -> None:
    session.lab = Devices(on_the_hill, latency=10**6, devices=(None,), shut={"": "silent"})
    propose(session)
    advance(session)
    now = session.clock.now()
    heard = update(schema.devices).values(heartbeat_at=now - timedelta(seconds=11))
    with session.ledger.engine.begin() as connection:
        assert connection.execute(heard).rowcount == 1  # the driver has entered the device


def used_stock(session: Session) -> None:
    from planner.loop.rules.stock import count_stock

    count_stock(session, {"acid": "10"}, reason="a bottle")
    propose(session, 3)  # which reserve 9 of 10


def three_failures(session: Session) -> None:
    session.lab = ScriptedLab(lambda order, _: failed(order, "no spark"))
    people.want(session, Wanted.DRAIN, reason="these three only")
    propose(session, 3)
    for _ in range(8):
        advance(session)


def a_coverage_alarm(session: Session) -> None:
    propose(session)
    alarm = CoverageAlarm(trial=1, level=0.9, held=3, n=9, reason="Intervals are too narrow.")
    session.write([alarm])


def a_late_result(session: Session) -> None:
    session.lab = ScriptedLab(on_the_hill, latency=10**6)
    propose(session)
    advance(session)
    people.abort(session, 1, reason="the wrong vial")
    session.lab.polls_left = dict.fromkeys(session.lab.ends, 0)
    people.want(session, Wanted.DRAIN, reason="this one only")
    advance(session)


CASES: dict[str, tuple[Callable[[Session], None], str]] = {
    "in doubt": (a_doubt, "planner resolve FILE 1"),
    "held": (lambda s: (propose(s), hold(s, 1))[0], "Trial 1 is held: the door is open."),  # type: ignore[func-returns-value]
    "interlock open": (
        lambda s: (propose(s), hold(s, 1, by="interlock"))[0],  # type: ignore[func-returns-value]
        "the door is open",
    ),
    "overdue": (an_overdue_run, "for 16 min; 10 min were expected"),
    "heartbeat lost": (
        a_lost_heartbeat,
        "heard last at 07:59:49 UTC, 11 s ago, and does not answer now",
    ),
    "repeated failure": (three_failures, "3 trials in a row have failed, the last of them trial 3"),
    "stock low": (used_stock, "acid: 1 left of 10"),
    "coverage alarm": (a_coverage_alarm, "Intervals are too narrow."),
    "late result": (a_late_result, "A result of run 1 of trial 1 came after it was aborted"),
    "campaign done": (a_stop(failed=False), "The campaign has ended: it is used up."),
}


@pytest.mark.parametrize("about", CASES)
def test_what_people_are_to_know_is_told_once(
    about: str, make_session: MakeSession, tmp_path: Path
) -> None:
    """Each kind comes about as it does in a lab, is sent by a program, and is not sent again."""
    check_told_once(about, make_session, tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("about", CASES)
def test_what_people_are_to_know_is_told_once_from_postgresql_too(
    about: str, make_session: MakeSession, tmp_path: Path, server: Server
) -> None:
    check_told_once(about, make_session, tmp_path, ledger=server.create(about.replace(" ", "_")))


def check_told_once(
    about: str, make_session: MakeSession, folder: Path, *, ledger: str = "ledger.db"
) -> None:
    def forgets(order: object, _: int) -> Answer:
        return Answer(key=order.key, state=DeviceState.UNKNOWN, reason="restarted")  # type: ignore[attr-defined]

    source = "duration: 10 min, consumables: {acid: {stock: 100, use: 3}}"
    more = f"  kinds: [{about}]\n"
    session = make_session(
        ScriptedLab(forgets), text=by_program(more, source=source), ledger=ledger
    )
    make, words = CASES[about]
    make(session)
    assert post_of(session, folder).sweep() == 0
    (alert,) = received(folder)
    assert alert["about"] == about
    assert words in str(alert["text"])
    assert post_of(session, folder).sweep() == 0  # another process, after a restart
    assert len(received(folder)) == 1


def test_a_veto_is_no_alert_although_a_trial_is_held_on_its_way(
    make_session: MakeSession, tmp_path: Path
) -> None:
    session = make_session(ScriptedLab(on_the_hill), text=by_program())
    propose(session)
    people.veto(session, 1, reason="not with this glass")
    assert post_of(session, tmp_path).sweep() == 0
    assert received(tmp_path) == []


def test_repeated_failures_that_stop_the_campaign_are_told(
    make_session: MakeSession, tmp_path: Path
) -> None:
    session = make_session(ScriptedLab(on_the_hill), text=by_program())
    a_stop(failed=True)(session)
    post_of(session, tmp_path).sweep()
    assert [each["about"] for each in received(tmp_path)] == ["repeated failure"]


def test_stock_that_admits_no_trial_is_told(make_session: MakeSession, tmp_path: Path) -> None:
    session = make_session(ScriptedLab(on_the_hill), text=by_program())
    session.write([NothingFits(reason="1 g of acid are left", short_of="acid")])
    post_of(session, tmp_path).sweep()
    assert [each["about"] for each in received(tmp_path)] == ["stock low"]


def test_what_happened_before_the_file_had_alerts_is_not_told(
    make_session: MakeSession, tmp_path: Path
) -> None:
    from tests.loop.people.test_approval import amend

    session = make_session(ScriptedLab(on_the_hill))
    propose(session, 2)
    hold(session, 1)
    amend(session, by_program())
    hold(session, 2)
    post_of(session, tmp_path).sweep()
    assert [alert["alerts"][0]["trial"] for alert in received(tmp_path)] == [2]  # type: ignore[index]


def test_a_way_that_fails_is_tried_again_later_and_later_and_holds_up_no_other(
    make_session: MakeSession, tmp_path: Path, clock: ManualClock
) -> None:
    """The program is not there at first; the other way's alerts leave at once."""
    ways = f"    broken: {{kind: command, run: [./ring]}}\n    {PHONE}"
    session = make_session(ScriptedLab(on_the_hill), text=text_with(ways))
    propose(session)
    hold(session, 1)
    said: list[str] = []
    post = post_of(session, tmp_path, said)
    start, tries = clock.now(), []
    while (clock.now() - start).total_seconds() < 3600:
        n = len(said)
        assert post.sweep() == 1
        if len(said) > n:
            tries.append((clock.now() - start).total_seconds())
        clock.wait_s(5)
    assert tries == [0, 5, 15, 35, 75, 155, 315, 635, 1275, 2175, 3075]  # at most 15 min apart
    assert "cannot be started: No such file" in said[0]
    assert len(received(tmp_path)) == 1
    ring = tmp_path / "ring"
    ring.write_text("#!/bin/sh\ncat > rung.json\n")
    ring.chmod(0o700)
    assert post.sweep(is_last=True) == 0
    assert json.loads((tmp_path / "rung.json").read_text())["about"] == "held"


def test_a_flood_is_joined_and_the_rest_of_the_hour_is_quiet(
    make_session: MakeSession, tmp_path: Path, clock: ManualClock
) -> None:
    """20 alerts at three messages an hour: two alone, 18 in the third; then one after the hour."""
    session = make_session(
        ScriptedLab(on_the_hill),
        text=by_program("  at_most: 3\n", budget="trials: 30", source="capacity: 30"),
    )
    propose(session, 21)
    for number in range(1, 21):
        hold(session, number)
    assert post_of(session, tmp_path).sweep() == 0
    assert [len(each["alerts"]) for each in received(tmp_path)] == [1, 1, 18]  # type: ignore[arg-type]
    hold(session, 21)
    post = post_of(session, tmp_path)  # a restart does not open the flood again
    assert post.sweep() == 1
    clock.wait_s(59 * 60)
    assert post.sweep() == 1
    clock.wait_s(120)
    assert post.sweep() == 0
    assert len(received(tmp_path)) == 4


@pytest.mark.slow
def test_a_kill_between_sending_and_recording_sends_again_and_loses_nothing(
    make_session: MakeSession, tmp_path: Path
) -> None:
    """The program kills whoever runs it, once, after it has taken the first alert."""
    (tmp_path / "killing.py").write_text(
        "import os, pathlib, signal, sys\n"
        "open('alerts.txt', 'a').write(sys.stdin.read() + '\\n')\n"
        "if not os.path.exists('killed'):\n"
        "    pathlib.Path('killed').touch()\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n"
    )
    ways = f"    phone: {{kind: command, run: [{sys.executable}, killing.py]}}"
    text = text_with(ways)
    (tmp_path / "bench.yaml").write_text(text)
    place = tmp_path / "bench.planner"
    place.mkdir()
    session = make_session(ScriptedLab(on_the_hill), text=text, ledger="bench.planner/ledger.db")
    propose(session, 2)
    hold(session, 1)
    hold(session, 2)
    send = [sys.executable, "-m", "planner.cli", "alerts", "send", "bench.yaml"]
    root = Path(__file__).parents[3]
    env = {"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"}
    first = subprocess.run(send, cwd=tmp_path, env=env, check=False)
    assert first.returncode == -9
    assert subprocess.run(send, cwd=tmp_path, env=env, check=False).returncode == 0
    told = [each["alerts"][0]["trial"] for each in received(tmp_path)]  # type: ignore[index]
    assert told == [1, 1, 2]
    ids = [each["delivery"] for each in received(tmp_path)]
    assert ids[0] == ids[1] != ids[2]  # so that a receiver can tell
    records = [each.record for each in session.ledger.read("bench", kinds=["alert sent"])]
    assert [len(each.alerts) for each in records if isinstance(each, AlertSent)] == [1, 1]


def test_a_webhook_is_signed_and_its_server_verified(
    make_session: MakeSession,
    tmp_path: Path,
    hook: Hook,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHAT_SECRET", SECRET)
    unknown = f"{{kind: webhook, url: '{hook.url}'}}"
    known = unknown[:-1] + f", secret: {{env: CHAT_SECRET}}, ca: {certificates.ca_file}}}"
    session = make_session(
        ScriptedLab(on_the_hill), text=text_with(f"    chat: {known}\n    blind: {unknown}")
    )
    propose(session)
    hold(session, 1)
    said: list[str] = []
    assert post_of(session, tmp_path, said).sweep() == 1
    (body,), (headers,) = hook.bodies, hook.headers
    signed = f"{headers['X-Planner-Timestamp']}.".encode() + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Planner-Signature"] == f"sha256={expected}"
    assert json.loads(body)["alerts"][0]["trial"] == 1
    assert "CERTIFICATE_VERIFY_FAILED" in said[0]
    assert "/hooks/bench" not in said[0]  # such a path is often a secret
    hook.status = 503
    said.clear()
    hold_more(session)
    assert post_of(session, tmp_path, said).sweep() == 3
    assert any("did not take it: HTTP 503" in each for each in said)


def hold_more(session: Session) -> None:
    propose(session)
    hold(session, session.state.next_trial - 1)


def test_mail_is_sent_by_an_encrypted_connection_with_a_password_from_a_file(
    make_session: MakeSession, tmp_path: Path, mailbox: Mailbox, certificates: Certificates
) -> None:
    secret = tmp_path / "mail.password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    way = (
        f"{{kind: mail, host: localhost, port: {mailbox.port}, sender: planner@lab.org, "
        f"to: [anna@lab.org, ben@lab.org], user: planner, password: {{file: mail.password}}, "
        f"ca: {certificates.ca_file}}}"
    )
    session = make_session(ScriptedLab(on_the_hill), text=text_with(f"    mail: {way}"))
    propose(session)
    hold(session, 1)
    said: list[str] = []
    assert post_of(session, tmp_path, said).sweep() == 0, said
    (mail,) = mailbox.mails
    assert mail["Subject"] == "[planner] bench: held, trial 1"
    assert mail["To"] == "anna@lab.org, ben@lab.org"
    assert "Trial 1 is held: the door is open." in str(mail.get_payload())
    assert mailbox.logins == [("planner", PASSWORD)]
    assert mailbox.encrypted == [True]

    hold_more(session)
    secret.chmod(0o644)
    assert post_of(session, tmp_path, said).sweep() == 1
    assert "can be read by others (mode 644)" in said[-1]
    secret.chmod(0o600)
    secret.write_text("wrong")
    assert post_of(session, tmp_path, said).sweep() == 1
    assert "refused it: 535" in said[-1]
    written = repr(list(session.ledger.read("bench"))) + repr(said) + repr(session.state.spec)
    assert PASSWORD not in written
    assert "'wrong'" not in written


def test_mail_is_not_sent_where_the_server_cannot_encrypt(
    make_session: MakeSession, tmp_path: Path
) -> None:
    with mail_server(None) as box:
        way = f"{{kind: mail, host: localhost, port: {box.port}, sender: a@lab.org, to: [b@lab.org]"
        session = make_session(
            ScriptedLab(on_the_hill),
            text=text_with(f"    safe: {way}}}\n    plain: {way}, security: none}}"),
        )
        assert session.state.spec.alerts is not None
        ways = session.state.spec.alerts.ways
        found = send_test("bench", ways, folder=tmp_path, now=session.clock.now())
        assert "STARTTLS" in found["safe"]
        assert found["plain"] == ""
        assert [mail["Subject"] for mail in box.mails] == ["[planner] bench: test"]


def test_a_program_of_yours_gets_no_token_and_its_complaint_is_told(
    make_session: MakeSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_TOKEN", "not for everybody")
    monkeypatch.setenv("PLANNER_DATABASE_URL", "postgresql://u:secret@h/d")
    script = (
        "import os, sys; sys.exit('no line; ' + repr([k for k in os.environ if 'PLANNER' in k]))"
    )
    ways = f"    phone: {{kind: command, run: [{sys.executable}, -c, {json.dumps(script)}]}}"
    session = make_session(ScriptedLab(on_the_hill), text=text_with(ways))
    assert session.state.spec.alerts is not None
    ways_of = session.state.spec.alerts.ways
    found = send_test("bench", ways_of, folder=tmp_path, now=session.clock.now())
    assert found["phone"].endswith("ended with 1: no line; [].")


def test_no_shell_reads_what_a_file_says(make_session: MakeSession, tmp_path: Path) -> None:
    ways = "    phone: {kind: command, run: ['touch', '$(touch expanded); x']}"
    session = make_session(ScriptedLab(on_the_hill), text=text_with(ways))
    assert session.state.spec.alerts is not None
    send_test("bench", session.state.spec.alerts.ways, folder=tmp_path, now=session.clock.now())
    assert (tmp_path / "$(touch expanded); x").exists()
    assert not (tmp_path / "expanded").exists()


def test_alerts_go_out_beside_the_work_and_once_more_at_its_end(
    make_session: MakeSession, tmp_path: Path
) -> None:
    """A thread sends while the block works, and the last event leaves when it ends."""
    import time

    from planner.loop.alerts import alerting
    from planner.loop.sessions.desk import Place

    (tmp_path / "bench.yaml").write_text(by_program())
    (tmp_path / "bench.planner").mkdir()
    session = make_session(
        ScriptedLab(on_the_hill), text=by_program(), ledger="bench.planner/ledger.db"
    )
    place = Place(file=tmp_path / "bench.yaml")
    with alerting([place], on_message=pytest.fail, poll_s=0.05):
        propose(session)
        hold(session, 1)
        deadline = time.monotonic() + 20
        while not received(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [each["about"] for each in received(tmp_path)] == ["held"]
        people.want(session, session.state.wanted, reason="nothing new")
        a_stop(failed=False)(session)
    assert [each["about"] for each in received(tmp_path)] == ["held", "campaign done"]


def test_a_ledger_that_cannot_be_read_is_said_and_stops_nothing(tmp_path: Path) -> None:
    from planner.loop.alerts import alerting
    from planner.loop.sessions.desk import Place

    (tmp_path / "bench.yaml").write_text(by_program())
    (tmp_path / "bench.planner").mkdir()
    (tmp_path / "bench.planner" / "ledger.db").write_text("this is no database at all")
    said: list[str] = []
    with alerting([Place(file=tmp_path / "bench.yaml")], on_message=said.append, poll_s=0.01):
        pass
    assert len(said) == 1
    assert said[0].startswith("Alerts of bench wait: ")
