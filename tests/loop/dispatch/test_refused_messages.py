"""A device speaks of its own runs alone: all else is refused, counted, and entered now and then."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from planner.clock import ManualClock
from planner.labs import TellingLab, open_lab
from planner.ledger.entries import MessagesRefused, Noted, Record
from planner.loop.dispatch.driver import Driver
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.trials import TrialState
from tests.cli.conftest import Typed, typed
from tests.labs.broker import PROGRAM, Broker
from tests.labs.honest_device import RESULT, HonestDevice, HttpFace, MqttFace
from tests.loop.conftest import MakeSession, campaign_text

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
__all__ = ["typed"]  # the fixture
WITHIN_S = 20.0
DONE = {"state": "done", "result": RESULT}
OUTCOMES = "outcomes: {yield: {field: Y, unit: '1'}}"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


def wait_until(is_true: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.01)


@dataclass
class Bench:
    """A campaign at two devices, both slow, and a client that writes where it likes."""

    session: Session
    driver: Driver
    clock: ManualClock
    left: HonestDevice
    faces: dict[str, MqttFace]
    intruder: Client

    def step(self) -> None:
        """A step of the loop and one of the driver, some seconds later."""
        self.session.driver = self.driver
        advance(self.session)
        self.session.driver = None
        self.clock.wait_s(6)
        self.driver.step()

    def say(self, topic: str, *answers: dict[str, object]) -> None:
        """Publishes news, and waits until the planner has heard it."""
        lab = self.session.lab
        lab.wait_for_news(0.0)  # type: ignore[attr-defined]
        self.intruder.publish(topic, json.dumps({"answers": answers}), qos=1)
        assert lab.wait_for_news(WITHIN_S)  # type: ignore[attr-defined]

    def refused(self) -> list[MessagesRefused]:
        entries = self.session.ledger.read(self.session.campaign)
        return [each.record for each in entries if isinstance(each.record, MessagesRefused)]

    def running_at(self, device: str) -> str:
        """The key of the run that is under way there."""
        (key,) = (
            each.run.key
            for each in self.session.state.in_state(TrialState.RUNNING)
            if each.run is not None and each.run.device == device
        )
        return key


@pytest.fixture
def bench(
    broker: Broker, make_session: MakeSession, clock: ManualClock, tmp_path: Path
) -> Iterator[Bench]:
    left, right = HonestDevice(finishes=False), HonestDevice(finishes=False)
    faces = {
        name: MqttFace(device, port=broker.port, base=f"planner/{name}")
        for name, device in (("left", left), ("right", right))
    }
    source = (
        f"kind: mqtt, url: 'mqtt://127.0.0.1:{broker.port}', devices: [left, right], "
        f"simulated: true, {OUTCOMES}"
    )
    text = campaign_text(budget="trials: 2", policy="start: 2")
    text = text.replace("kind: adapter, adapter: none", source)
    session = make_session(None, text=text)
    session.lab = open_lab(session.state.spec, folder=tmp_path)
    intruder = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    intruder.connect("127.0.0.1", broker.port)
    intruder.loop_start()
    with closing(session.lab), holding(session):
        wait_until(lambda: session.lab.heartbeat("left") is not None)  # type: ignore[attr-defined]
        bench = Bench(session, Driver(session), clock, left, faces, intruder)
        wait_until(lambda: bench.step() or len(session.state.in_state(TrialState.RUNNING)) == 2)
        yield bench
    intruder.disconnect()
    intruder.loop_stop()
    for face in faces.values():
        face.close()


def test_a_device_cannot_end_the_run_of_another(bench: Bench) -> None:
    """The negative control is the end: the same words on the topic of the run's own device do."""
    key = bench.running_at("left")
    bench.say("planner/right/news", {"key": key, **DONE})
    bench.step()
    assert len(bench.session.state.in_state(TrialState.RUNNING)) == 2
    (said,) = bench.refused()
    assert (said.device, said.what, said.about, said.n) == ("right", "news", key, 1)
    assert said.reason == f"'right' sent news of run {key}, which was given to 'left'"
    bench.say("planner/left/news", {"key": key, **DONE})
    bench.session.left_alone = frozenset({"left", "right"})  # nobody is asked
    bench.driver.step(asks=False)
    _, run = bench.session.state.run_of(key)
    assert run.state == "completed"
    assert len(bench.refused()) == 1


def test_it_cannot_after_a_restart_of_the_planner_either(bench: Bench) -> None:
    """Which device has a run is in the ledger; only that one is asked about it."""
    key = bench.running_at("right")
    lab = bench.session.lab
    assert isinstance(lab, TellingLab)
    lab._homes.clear()  # type: ignore[attr-defined]
    bench.left.jobs[key] = {"digest": "d", "state": "done", "result": RESULT}
    bench.step()
    assert bench.session.state.run_of(key)[1].state == "started"
    bench.faces["right"].device.finish(key)
    bench.step()
    assert bench.session.state.run_of(key)[1].state == "completed"


def test_news_of_a_run_that_nobody_ordered_is_refused(bench: Bench) -> None:
    for key, reason in (
        ("elsewhere/1/1", "no campaign of this ledger is called 'elsewhere'"),
        ("bench/99/1", "which this campaign never opened"),
        ("no key at all", "no campaign of this ledger is called"),
    ):
        bench.say("planner/left/news", {"key": key, **DONE})
        bench.step()
        assert reason in bench.refused()[-1].reason
        bench.clock.wait_s(3600)


def test_what_another_campaign_of_the_ledger_ordered_is_none_of_ours(
    bench: Bench, make_session: MakeSession
) -> None:
    make_session(None, text=campaign_text().replace("campaign: bench", "campaign: other"))
    bench.say("planner/left/news", {"key": "other/1/1", **DONE})
    bench.step()
    assert bench.refused() == []


def test_the_end_of_a_run_that_is_told_once_more_is_no_fault(bench: Bench) -> None:
    key = bench.running_at("left")
    bench.left.finish(key)
    bench.step()
    bench.say("planner/left/news", {"key": key, **DONE})
    bench.step()
    assert bench.refused() == []


def test_a_flood_is_one_record_an_hour(bench: Bench) -> None:
    """2,000 of them grow the ledger by two entries, which count them all."""
    for _ in range(2):
        for first in range(0, 1_000, 500):
            lots = [{"key": f"flood/{n}/1", **DONE} for n in range(first, first + 500)]
            bench.say("planner/right/news", *lots)
            bench.step()
        bench.clock.wait_s(3600)
    bench.step()
    assert sum(each.n for each in bench.refused()) == 2_000
    assert len(bench.refused()) == 3  # the first at once, then one an hour


def test_a_new_process_keeps_the_hour_and_a_set_clock_does_not_end_the_records(
    bench: Bench,
) -> None:
    key = bench.running_at("left")
    for _ in range(3):  # as three processes would, one after the other
        bench.driver = Driver(bench.session)
        bench.say("planner/right/news", {"key": key, **DONE})
        bench.step()
    assert len(bench.refused()) == 1
    bench.clock.set(bench.clock.now().replace(year=2025))
    bench.say("planner/right/news", {"key": key, **DONE})
    bench.step()
    assert len(bench.refused()) == 2


def test_an_answer_on_the_topic_of_another_device_is_not_taken(bench: Bench) -> None:
    """Whoever has seen a question answers it before the device that was asked."""
    lab, seen = bench.session.lab, []
    client_id = lab._wire._client_id  # type: ignore[attr-defined]

    def answer(client: Client, _: object, message: object) -> None:
        seen.append(message)
        words = json.dumps({"heartbeat": {"boot_id": "x", "sequence": 1, "state": "stopped"}})
        topic = f"planner/right/answers/{client_id}"
        client.publish(topic, words, qos=1, properties=_reply_to(message))

    bench.intruder.on_message = answer
    bench.intruder.subscribe("planner/left/orders", qos=1)
    wait_until(lambda: bool(lab.heartbeat("left") and seen))  # type: ignore[attr-defined]
    for _ in range(5):
        assert lab.heartbeat("left").state == "ready"  # type: ignore[attr-defined]
    wait_until(lambda: bool(bench.refused() or bench.step()))
    assert bench.refused()[0].reason == "'right' answered what another device was asked"


def _reply_to(message: object) -> object:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(PacketTypes.PUBLISH)
    properties.CorrelationData = message.properties.CorrelationData  # type: ignore[attr-defined]
    return properties


def test_a_device_that_answers_over_http_about_others_is_counted_too(
    make_session: MakeSession, clock: ManualClock, tmp_path: Path
) -> None:
    device = HonestDevice(finishes=False)

    class Chatty(HttpFace):
        def reply(self, *asked: object) -> tuple[int, bytes]:
            status, body = super().reply(*asked)  # type: ignore[arg-type]
            words = json.loads(body)
            if isinstance(words, dict) and "answers" in words:
                words["answers"].append({"key": "elsewhere/1/1", **DONE})
            return status, json.dumps(words).encode()

    with Chatty(device, token="").serving() as url:
        source = f"kind: http, url: '{url}', simulated: true, {OUTCOMES}"
        text = campaign_text(budget="trials: 1", policy="start: 1")
        session = make_session(None, text=text.replace("kind: adapter, adapter: none", source))
        session.lab = open_lab(session.state.spec, folder=tmp_path)
        driver = Driver(session)
        with closing(session.lab), holding(session):
            for _ in range(4):
                session.driver = driver
                advance(session)
                session.driver = None
                clock.wait_s(6)
                driver.step()
        entries = session.ledger.read(session.campaign)
        (said,) = (each.record for each in entries if isinstance(each.record, MessagesRefused))
    assert (said.device, said.what, said.about) == (None, "answers", "elsewhere/1/1")


def test_planner_labs_says_what_was_refused(typed: Typed, tmp_path: Path) -> None:
    with HttpFace(HonestDevice(), token="").serving() as url:
        source = f"kind: http, url: '{url}', simulated: true, {OUTCOMES}"
        text = campaign_text().replace("kind: adapter, adapter: none", source)
        (tmp_path / "bench.yaml").write_text(text)
        assert typed("note", "bench.yaml", "hello").code in (0, 2)
        _refuse_in(tmp_path, source="robot", n=12)
        ended, facts = typed("labs", "bench.yaml"), typed("labs", "bench.yaml", "--json").facts
    said = " ".join(ended.out.split())
    assert "Refused 12 messages, the last at" in said
    assert "'right' sent news of run bench/1/1, which was given to 'left'." in said
    assert facts["refused"][0]["n"] == 12


def _refuse_in(folder: Path, **record: object) -> None:
    from planner.loop.sessions.desk import Place, at_work

    reason = "'right' sent news of run bench/1/1, which was given to 'left'"
    with at_work(Place(file=folder / "bench.yaml")) as session:
        said: Record = MessagesRefused(device="right", what="news", reason=reason, **record)  # type: ignore[arg-type]
        session.write([said, Noted(text="look")])
