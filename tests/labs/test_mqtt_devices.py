"""Devices behind MQTT: a real mosquitto, killed and started again, and a device as its client."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from planner.errors import Conflict, InputError, LabUnavailable, Refused, StaleToken, Unanswered
from planner.labs import DeviceLab, Setting, TellingLab, mqtt
from planner.labs.credentials import make_trust
from planner.trials import Answer, DeviceState, Reported
from tests.labs.broker import PROGRAM, Broker
from tests.labs.furnaces import furnace, open_furnace, order
from tests.labs.honest_device import HonestDevice, MqttFace

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
BASE = "planner/furnace"
WITHIN_S = 10.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(
    params=[False, pytest.param(True, marks=pytest.mark.slow)], ids=["default", "persistent"]
)
def own_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """A broker that a test may kill, as it is installed and as the how-to sets it up."""
    broker = Broker(tmp_path, is_persistent=request.param)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def device() -> HonestDevice:
    return HonestDevice()


@pytest.fixture
def face(device: HonestDevice, broker: Broker) -> Iterator[MqttFace]:
    face = MqttFace(device, port=broker.port, base=BASE)
    yield face
    face.close()


Open = Callable[..., DeviceLab]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    labs: list[DeviceLab] = []

    def open_one(port: int, lines: str = "", *, scheme: str = "mqtt") -> DeviceLab:
        text = f"kind: mqtt\nurl: {scheme}://127.0.0.1:{port}\nanswer_timeout: 0.3\n{lines}"
        labs.append(open_furnace(text, tmp_path))
        return labs[-1]

    yield open_one
    for lab in labs:
        lab.close()


@pytest.fixture
def lab(opened: Open, broker: Broker, face: MqttFace) -> DeviceLab:
    return opened(broker.port)


def send_until_answered(lab: DeviceLab, number: int) -> Answer:
    """Sends as the outbox does: the same order, until there is an answer."""
    until = time.monotonic() + WITHIN_S
    while True:
        try:
            return lab.submit(order(number))
        except (LabUnavailable, Unanswered):
            assert time.monotonic() < until


def wait_until(is_true: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_an_order_goes_out_in_the_devices_words_and_its_result_comes_back_in_ours(
    lab: DeviceLab, device: HonestDevice
) -> None:
    answer = lab.submit(order())
    sent = device.heard[-1]
    assert sent["kind"] == "start"
    assert sent["parameters"]["T_SP"] == {"value": 973.15, "unit": "K"}
    assert answer.state is DeviceState.DONE
    assert answer.result is not None
    assert answer.result.outcomes == {"yield": Reported(value=0.815, unit="1")}
    assert lab.submit(order()) == answer
    assert device.acts == ["growth/1/1"]


def test_an_order_and_its_answer_take_milliseconds(lab: DeviceLab, device: HonestDevice) -> None:
    """Nagle's algorithm alone would take 40 ms on the way there and as much back."""
    lab.heartbeat()
    before = time.monotonic()
    for number in range(50):
        lab.submit(order(number))
    assert (time.monotonic() - before) / 50 < 0.04
    assert len(device.acts) == 50


def test_a_run_is_asked_about_adjusted_aborted_and_stopped(
    lab: DeviceLab, device: HonestDevice
) -> None:
    device.finishes = False
    lab.submit(order())
    assert set(lab.poll(["growth/1/1", "growth/2/1"])) == {"growth/1/1"}
    change = {"temperature": Setting(value=710.0, unit="degC")}
    for _ in range(2):
        said = lab.adjust("growth/1/1", number=1, digest="d", parameters=change, token=1, ledger="")
        assert said.state == "taken"
    with pytest.raises(Conflict):
        lab.adjust("growth/1/1", number=1, digest="e", parameters=change, token=1, ledger="")
    assert lab.abort("growth/1/1", token=1, ledger="").state is DeviceState.ABORTED
    with pytest.raises(StaleToken):
        lab.abort("growth/1/1", token=0, ledger="")
    assert lab.stop(by="ada", reason="smoke").reason == "smoke"
    with pytest.raises(LabUnavailable, match="locked"):
        lab.submit(order(2))
    with pytest.raises(Refused, match="does not speak to us"):
        lab.clear(clear_token="an agent's", by="ada", reason="aired")
    assert lab.clear(clear_token="a person's", by="ada", reason="aired").state == "ready"


def test_an_answer_that_never_comes_leaves_open_whether_the_order_arrived(
    lab: DeviceLab, face: MqttFace, device: HonestDevice
) -> None:
    face.fault = lambda _: []
    with pytest.raises(Unanswered, match="nothing came within"):
        lab.submit(order())
    with pytest.raises(LabUnavailable):
        lab.poll(["growth/1/1"])
    assert device.acts == ["growth/1/1"]
    face.fault = lambda reply: [reply]
    assert lab.submit(order()).state is DeviceState.DONE
    assert device.acts == ["growth/1/1"]


def test_doubled_answers_do_no_harm(lab: DeviceLab, face: MqttFace) -> None:
    face.fault = lambda reply: [reply, reply, reply]
    for number in (1, 2, 3):
        assert lab.submit(order(number)).key == f"growth/{number}/1"


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b'{"answers": [{"key": "growth/1/1", "sta',
        b"\xff\xfe\x00",
        b'"done"',
        b"[]",
        b"{}",
        b'{"answers": []}',
        b'{"answers": [{"key": "growth/9/1", "state": "done"}]}',
        b'{"answers": [{"key": "growth/1/1", "state": "finished"}]}',
        b'{"heartbeat": null}',
        b"[" * 100_000,
    ],
)
def test_an_answer_that_cannot_be_read_leaves_open_whether_the_order_arrived(
    reply: bytes, lab: DeviceLab, face: MqttFace
) -> None:
    face.fault = lambda _: [reply]
    with pytest.raises(Unanswered, match=r"furnace at mqtt://.*, topic planner/furnace"):
        lab.submit(order())
    face.fault = lambda whole: [whole]
    assert lab.submit(order()).state is DeviceState.DONE


def test_what_is_no_number_reaches_the_checks_of_the_loop(
    lab: DeviceLab, device: HonestDevice
) -> None:
    device.result = {"outcomes": {"Y": {"value": float("nan"), "unit": "K"}}}
    result = lab.submit(order()).result
    assert result is not None
    assert result.outcomes["yield"].unit == "K"
    assert result.outcomes["yield"].value != result.outcomes["yield"].value


def test_an_end_that_the_device_tells_by_itself_is_known_without_asking(
    lab: DeviceLab, face: MqttFace, device: HonestDevice
) -> None:
    """Told in time, and known where the device is deaf; asking brings the same."""
    device.finishes = False
    lab.submit(order())
    device.finish("growth/1/1")
    face.fault = lambda _: []
    face.tell("growth/1/1")
    assert lab.wait_for_news(WITHIN_S)
    assert isinstance(lab, TellingLab)
    told = lab.told(["growth/1/1"])["growth/1/1"]
    assert told.state is DeviceState.DONE
    assert told.result is not None
    assert set(told.result.outcomes) == {"yield"}
    assert not lab.wait_for_news(0.0)
    face.fault = lambda reply: [reply]
    assert lab.poll(["growth/1/1"])["growth/1/1"] == told


def test_what_may_still_change_is_no_news_to_go_by(
    lab: DeviceLab, face: MqttFace, device: HonestDevice
) -> None:
    device.finishes = False
    lab.submit(order())
    face.tell("growth/1/1")
    assert lab.wait_for_news(WITHIN_S)
    assert not lab.wait_for_news(0.0)  # who listens and takes nothing is woken once, and sleeps
    assert isinstance(lab, TellingLab)
    assert lab.told(["growth/1/1"]) == {}


def test_where_no_device_listens_nothing_was_done(opened: Open, broker: Broker) -> None:
    """The broker says so at once: nobody waits for an answer."""
    lab = opened(broker.port, ["topic: planner/nobody", "answer_timeout2: 1"][0])
    with pytest.raises(LabUnavailable, match="no device listens on its topic"):
        lab.submit(order())


def test_a_device_that_the_broker_lost_is_offline(
    opened: Open, broker: Broker, device: HonestDevice
) -> None:
    face = MqttFace(device, port=broker.port, base="planner/lost")
    lab = opened(broker.port, "topic: planner/lost")
    assert lab.heartbeat().state == "ready"
    face.vanish()

    def is_known_to_be_offline() -> bool:
        try:
            return lab.heartbeat().state == "offline"
        except LabUnavailable:  # asked in the moment before the broker noticed
            return False

    wait_until(is_known_to_be_offline)
    with pytest.raises(LabUnavailable, match="the broker says that it is offline"):
        lab.submit(order())
    back = MqttFace(device, port=broker.port, base="planner/lost")
    assert send_until_answered(lab, 1).state is DeviceState.DONE
    back.close()


def test_a_restart_of_the_broker_loses_nothing_that_is_not_sent_again(
    own_broker: Broker, opened: Open, device: HonestDevice
) -> None:
    """Killed amidst the orders, without a file or with one: each is performed exactly once."""
    face = MqttFace(device, port=own_broker.port, base=BASE)
    lab = opened(own_broker.port)
    for number in range(30):
        if number % 20 == 10:
            own_broker.kill()
            with pytest.raises((LabUnavailable, Unanswered)):
                lab.submit(order(number))
            own_broker.start()
        assert send_until_answered(lab, number).state is DeviceState.DONE
    assert device.acts == [f"growth/{number}/1" for number in range(30)]
    assert len(lab.poll([f"growth/{number}/1" for number in range(30)])) == 30
    face.close()


def test_what_was_given_up_is_not_sent_when_the_connection_is_back(
    own_broker: Broker, opened: Open, device: HonestDevice
) -> None:
    """A client that keeps its queue over a cut would start a run that was taken back since."""
    face = MqttFace(device, port=own_broker.port, base=BASE)
    lab = opened(own_broker.port)
    lab.heartbeat()
    own_broker.kill()
    with pytest.raises((LabUnavailable, Unanswered)):
        lab.submit(order(1))
    own_broker.start()
    send_until_answered(lab, 99)
    assert device.acts == ["growth/99/1"]
    face.close()


def test_where_there_is_no_broker_nothing_was_sent(opened: Open) -> None:
    lab = opened(9)
    with pytest.raises(LabUnavailable, match=r"onnection refused\. Nothing was sent"):
        lab.submit(order())


def test_several_devices_share_one_source(opened: Open, broker: Broker) -> None:
    left, right = HonestDevice(), HonestDevice()
    faces = [
        MqttFace(left, port=broker.port, base="planner/left"),
        MqttFace(right, port=broker.port, base="bay/7"),
    ]
    lab = opened(broker.port, "devices: [left, right]\ntopics: {left: planner/left, right: bay/7}")
    lab.submit(order(1, device="left"))
    lab.submit(order(2, device="right"))
    assert (left.acts, right.acts) == (["growth/1/1"], ["growth/2/1"])
    assert set(lab.poll(["growth/1/1", "growth/2/1"])) == {"growth/1/1", "growth/2/1"}
    for face in faces:
        face.close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Broker, Path]]:
    """A broker with TLS, a user and rights, as the how-to sets it up."""
    folder = tmp_path_factory.mktemp("guarded")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    (folder / "users").write_text("planner:pass word\nguest:guest\n")
    (folder / "users").chmod(0o600)
    program = shutil.which("mosquitto_passwd")
    if program is None:
        pytest.skip("mosquitto_passwd is not installed")
    subprocess.run([program, "-U", str(folder / "users")], check=True)
    rights = "user planner\ntopic readwrite planner/#\nuser guest\ntopic read elsewhere/#\n"
    (folder / "rights").write_text(rights)
    more = (
        f"allow_anonymous false\npassword_file {folder}/users\nacl_file {folder}/rights\n"
        f"certfile {folder}/cert.pem\nkeyfile {folder}/key.pem\n"
    )
    broker = Broker(folder, more=more)
    broker.start()
    yield broker, folder
    broker.stop()


def test_the_broker_is_verified_and_knows_us(
    guarded: tuple[Broker, Path], opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, folder = guarded
    for name in ("ca.pem", "other.pem"):
        shutil.copy(folder / name, tmp_path)
    monkeypatch.setenv("RIGHT", "pass word")
    monkeypatch.setenv("WRONG", "s3cret-password")
    monkeypatch.setenv("GUEST", "guest")

    def say(ca: str, user: str, password: str) -> str:
        lines = f"ca: {ca}\nuser: {user}\npassword: {{env: {password}}}"
        lab = opened(broker.port, lines, scheme="mqtts")
        with pytest.raises((LabUnavailable, Refused)) as caught:
            lab.submit(order())
        said = f"{caught.type.__name__}: {caught.value} {lab!r} {vars(lab)}"
        assert "s3cret-password" not in said
        assert "pass word" not in said
        return said

    assert "no device listens" in say("ca.pem", "planner", "RIGHT")
    said = say("other.pem", "planner", "RIGHT")
    assert said.startswith("LabUnavailable")
    assert "certificate is not trusted" in said
    said = say("ca.pem", "planner", "WRONG")
    assert said.startswith("Refused")
    assert "Check the user and the password" in said
    said = say("ca.pem", "guest", "GUEST")
    assert "the broker does not let us" in said
    assert "ACL" in said


def test_a_password_that_is_not_there_is_named(opened: Open) -> None:
    with pytest.raises(InputError, match="no variable NOT_SET, which holds the password of"):
        opened(1, "user: planner\npassword: {env: NOT_SET}")


def test_the_message_that_is_shown_is_the_one_that_is_sent(
    lab: DeviceLab, device: HonestDevice, broker: Broker
) -> None:
    spec = furnace(f"kind: mqtt\nurl: mqtt://127.0.0.1:{broker.port}")
    shown = mqtt.describe_message(spec.source, spec, order())  # type: ignore[arg-type]
    lab.submit(order())
    assert json.loads(shown.body) == device.heard[-1]
    assert shown.to == f"{BASE}/orders"


def test_the_context_of_trust_checks_names_and_chains(tmp_path: Path) -> None:
    source = furnace("kind: mqtt\nurl: mqtts://broker.lab").source
    trust = make_trust(source, folder=tmp_path)  # type: ignore[arg-type]
    assert trust.verify_mode is ssl.CERT_REQUIRED
    assert trust.check_hostname
