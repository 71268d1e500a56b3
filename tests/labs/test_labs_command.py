"""planner labs: who is connected, and the message that an order becomes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Typed, typed
from tests.labs.furnaces import TEXT
from tests.labs.honest_device import HonestDevice, HttpFace

__all__ = ["typed"]  # the fixture
SECRET = "s3cret-token"


def write(folder: Path, source: str) -> None:
    lines = "\n    ".join(line.strip() for line in source.strip().splitlines())
    (folder / "growth.yaml").write_text(TEXT.replace("SOURCE", lines))


def test_it_says_who_is_connected_and_what_each_says_of_itself(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FURNACE_TOKEN", SECRET)
    face = HttpFace(HonestDevice(stopped="smoke"))
    with face.serving() as url:
        write(
            tmp_path,
            f"kind: http\nurls: {{left: '{url}', right: 'http://127.0.0.1:9'}}\n"
            f"token: {{env: FURNACE_TOKEN}}\ntime_limit: 2 h\nnot_after: 10 min",
        )
        ended = typed("labs", "growth.yaml")
        facts = typed("labs", "growth.yaml", "--json").facts
    assert ended.code == 5
    said = " ".join(ended.out.split())
    for words in (
        "Source furnace (http, real) is of class keyed.",
        "sent until it is answered, and is performed once",
        "Limits: 1 trial at once on each device; a run takes at most 2 hours",
        "; an order is started within 10 min",
        "left says that it is simulated, and the campaign file says that it is real",
        "furnace (right) at http://127.0.0.1:9 cannot be reached: connection refused.",
    ):
        assert words in said
    assert SECRET not in ended.out + ended.err
    left, right = facts["devices"]
    assert left["heartbeat"]["state"] == "stopped"
    assert left["heartbeat"]["reason"] == "smoke"
    assert right["heartbeat"] is None


def test_a_lab_without_a_heartbeat_says_so(typed: Typed, tmp_path: Path) -> None:
    text = TEXT[: TEXT.index("sources:")] + "sources: {ada: {kind: person}}\nbudget: {trials: 3}\n"
    (tmp_path / "growth.yaml").write_text(text)
    ended = typed("labs", "growth.yaml")
    assert ended.code == 0
    assert "It has no heartbeat" in ended.out
    refused = typed(
        "labs", "send", "growth.yaml", "--dry-run", "temperature=700", "catalyst=iron", "flow=3"
    )
    assert refused.code == 2
    assert "is of kind person, to which no message is sent" in " ".join(refused.err.split())


SOURCES = {
    "http": (
        "kind: http\nurl: https://furnace.lab:8443\ntoken: {env: NO_SUCH_VARIABLE}",
        ["PUT https://furnace.lab:8443/jobs/growth%2F0%2F0", "authorization: Bearer ********"],
    ),
    "mqtt": (
        "kind: mqtt\nurl: mqtts://broker.lab\nuser: ada\npassword: {file: missing.password}",
        ["publish planner/furnace/orders", "password: ********", "MessageExpiryInterval: 60 s"],
    ),
    "command": (f"kind: command\nprogram: [{sys.executable}, measure.py]", ["measure.py"]),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_the_exact_message_is_printed_and_nothing_sent(
    kind: str, typed: Typed, tmp_path: Path
) -> None:
    """No secret is read: the message can be looked at where the secret is not."""
    source, words = SOURCES[kind]
    write(tmp_path, source)
    values = ["temperature=973.15K", "catalyst=iron", "flow=3"]
    ended = typed("labs", "send", "growth.yaml", *values, "--dry-run")
    assert ended.code == 0, ended.err
    for each in words:
        assert each in ended.out
    facts = typed("labs", "send", "growth.yaml", *values, "--dry-run", "--json").facts
    assert facts["body"]["parameters"]["T_SP"] == {"value": 973.15, "unit": "K"}
    assert json.loads(ended.out[ended.out.index("{\n") :]) == facts["body"]
    assert not (tmp_path / "growth.planner").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["temperature=700"], 4, "Orders are sent by a campaign alone"),
        (["temperature=700", "--dry-run"], 2, "catalyst, flow have no value"),
        (["temperature=2000", "--dry-run"], 2, "outside 500 to 900 degC"),
        (["temprature=700", "--dry-run"], 2, "temprature"),
        (["temperature=700sccm", "--dry-run"], 2, "different things"),
        (["catalyst=gold", "--dry-run"], 2, "gold"),
        (["--dry-run", "--device", "left"], 2, "has no device 'left'"),
    ],
)
def test_what_is_typed_wrong_is_said(
    arguments: list[str], code: int, words: str, typed: Typed, tmp_path: Path
) -> None:
    write(tmp_path, SOURCES["http"][0])
    ended = typed("labs", "send", "growth.yaml", *arguments)
    assert ended.code == code
    assert words in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
