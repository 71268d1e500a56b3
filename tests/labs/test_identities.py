"""Who takes part shows a certificate, and who shows none is let in nowhere: with real TLS."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from planner.device.config import DeviceSpec
from planner.device.running import Device
from planner.errors import CampaignFileError, InputError, LabUnavailable, PlannerError, Unanswered
from planner.labs import DeviceLab
from planner.trials import DeviceState
from tests.labs.broker import PROGRAM, Broker
from tests.labs.furnaces import open_furnace, order

needs_mosquitto = pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
ACT = {
    "kind": "virtual",
    "duration": 0.01,
    "outcomes": {"Y": {"formula": "0.5", "unit": "1", "sd": 0.0}},
}


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Authorities, and certificates of a server, a planner, a device and a stranger."""
    folder = tmp_path_factory.mktemp("papers")
    lab, elsewhere = trustme.CA(), trustme.CA()
    lab.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name, authority in (
        ("127.0.0.1", lab),
        ("planner.lab", lab),
        ("furnace.lab", lab),
        ("stranger.lab", elsewhere),
    ):
        issued = authority.issue_cert(name, common_name=name)
        issued.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
        issued.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        (folder / f"{name}.key").chmod(0o600)
    return folder


@pytest.fixture
def here(papers: Path, tmp_path: Path) -> Path:
    shutil.copytree(papers, tmp_path, dirs_exist_ok=True)
    return tmp_path


Open = Callable[[str], DeviceLab]


@pytest.fixture
def opened(here: Path) -> Iterator[Open]:
    labs: list[DeviceLab] = []

    def open_one(text: str) -> DeviceLab:
        labs.append(open_furnace(f"{text}\nanswer_timeout: 2", here))
        return labs[-1]

    yield open_one
    for lab in labs:
        lab.close()


def shows(name: str) -> str:
    return f"certificate: {name}.pem\nkey: {name}.key"


def begin(folder: Path, **ways: object) -> Device:
    spec = DeviceSpec.model_validate({"device": "furnace", "act": ACT, **ways})
    return Device(spec, folder=folder)


def test_a_device_lets_in_who_shows_a_certificate_that_it_trusts(here: Path, opened: Open) -> None:
    http = {"port": 0, "certificate": "127.0.0.1.pem", "key": "127.0.0.1.key", "clients": "ca.pem"}
    device = begin(here, http=http)
    (url,) = device.start()
    try:
        lines = f"kind: http\nurl: {url}\nca: ca.pem"
        assert opened(f"{lines}\n{shows('planner.lab')}").submit(order()).key == "growth/1/1"
        for other in ("", shows("stranger.lab")):
            with pytest.raises((LabUnavailable, Unanswered), match="give 'certificate' and 'key'"):
                opened(f"{lines}\n{other}").submit(order(2))
        assert device.agent.answers(["growth/2/1"]) == []
    finally:
        device.close(wait_s=5)


@needs_mosquitto
def test_planner_and_device_meet_at_a_broker_that_asks_both(here: Path, opened: Open) -> None:
    more = (
        f"cafile {here}/ca.pem\ncertfile {here}/127.0.0.1.pem\nkeyfile {here}/127.0.0.1.key\n"
        "require_certificate true\nuse_identity_as_username true\nallow_anonymous true\n"
    )
    broker = Broker(here, more=more)
    broker.start()
    url = f"mqtts://127.0.0.1:{broker.port}"
    device = begin(
        here,
        mqtt={
            "url": url,
            "ca": "ca.pem",
            "certificate": "furnace.lab.pem",
            "key": "furnace.lab.key",
        },
    )
    device.start()
    try:
        lines = f"kind: mqtt\nurl: {url}\nca: ca.pem"
        lab = opened(f"{lines}\n{shows('planner.lab')}")
        answer = None
        for _ in range(50):
            try:
                answer = lab.submit(order())
                break
            except (LabUnavailable, Unanswered):  # the device is on its way to the broker
                continue
        assert answer is not None
        assert answer.state is not DeviceState.REFUSED
        for other in ("", shows("stranger.lab")):
            with pytest.raises(PlannerError, match="certificate") as caught:
                opened(f"{lines}\n{other}").submit(order(2))
            assert isinstance(caught.value, LabUnavailable)
    finally:
        device.close(wait_s=5)
        broker.stop()


@pytest.mark.parametrize("kind", ["http", "mqtt"])
def test_what_shows_nobody_anything_is_a_mistake_of_the_file(kind: str) -> None:
    plain, secure = {"http": ("http", "https"), "mqtt": ("mqtt", "mqtts")}[kind]
    for lines, said in (
        (f"url: {plain}://127.0.0.1:9\n{shows('a')}", f"shows it to nobody: use {secure}://"),
        (f"url: {secure}://furnace.lab\nkey: a.key", "certificate and key together"),
    ):
        with pytest.raises(CampaignFileError, match=said):
            open_furnace(f"kind: {kind}\n{lines}", Path())


def test_a_key_is_its_owners_alone_and_belongs_to_its_certificate(here: Path) -> None:
    secure = "kind: http\nurl: https://furnace.lab\nca: ca.pem"
    (here / "planner.lab.key").chmod(0o644)
    with pytest.raises(InputError, match="chmod 600") as caught:
        open_furnace(f"{secure}\n{shows('planner.lab')}", here)
    assert "the key of source" in str(caught.value)
    with pytest.raises(InputError, match="belong together"):
        open_furnace(f"{secure}\ncertificate: planner.lab.pem\nkey: furnace.lab.key", here)
    with pytest.raises(InputError, match="cannot be read"):
        open_furnace(f"{secure}\ncertificate: planner.lab.pem\nkey: none.key", here)
    (here / "127.0.0.1.key").chmod(0o644)
    http = {"port": 0, "certificate": "127.0.0.1.pem", "key": "127.0.0.1.key"}
    with pytest.raises(InputError, match="the key of the device, can be read by others"):
        begin(here, http=http)
