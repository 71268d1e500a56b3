"""A device's file: what it means, and what is wrong with it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import yaml

from planner.device.config import read_device
from planner.device.described import describe
from planner.errors import CampaignFileError, InputError
from tests.device.devices import write_device

GOOD = """
device: furnace
fields:
  temperature: {low: 20, high: 1100, unit: degC}
act: {kind: program, program: [cat]}
http: {port: 8080}
"""


def mistakes_of(folder: Path, text: str) -> str:
    path = folder / "device.yaml"
    path.write_text(textwrap.dedent(text))
    with pytest.raises(CampaignFileError) as caught:
        read_device(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("device: furnace", "device: my furnace", "line 2, device: 'my furnace'"),
        (
            "device: furnace",
            "devise: furnace",
            "line 2, devise: is not known here: did you mean 'device'?",
        ),
        ("low: 20, ", "", "line 4, fields.temperature: needs low, high and unit"),
        ("low: 20", "low: 2000", "line 4, fields.temperature: low 2000 is above high 1100"),
        ("degC", "degX", "Unit 'degX' is not known"),
        ("kind: program", "kind: robot", "line 5, act: 'robot' is no kind of act"),
        ("kind: program, ", "", "line 5, act: has no kind"),
        ("[cat]", "[]", "line 5, act.program: []"),
        ("program: [cat]", "program: [cat], shell: x", "line 5, act.shell: is not known here"),
        ("{port: 8080}", "{port: 99999}", "line 6, http.port: 99999"),
        ("{port: 8080}", "{host: 0.0.0.0}", "beyond this machine: give it a token"),
        (
            "{port: 8080}",
            "{host: 0.0.0.0, token: {env: T}}",
            "without TLS: give certificate and key, or write insecure: true",
        ),
        ("{port: 8080}", "{token: secret}", "line 6, http.token"),
        ("{port: 8080}", "{token: {}}", "needs either env or file: give one of them"),
        ("{port: 8080}", "{key: key.pem}", "certificate and key together"),
        ("http: {port: 8080}", "", "cannot be reached: add http"),
        ("http: {port: 8080}", "mqtt: {prefix: 'a/#'}", "line 6, mqtt.prefix"),
        ("http: {port: 8080}", "mqtt: {}", "line 6, mqtt.url: is missing"),
        ("http: {port: 8080}", "mqtt: {url: broker}", "'broker' is no broker: write mqtts://"),
        ("http: {port: 8080}", "mqtt: {url: 'mqtt://broker'}", "without TLS: write mqtts://"),
    ],
)
def test_a_mistake_is_said_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert said in mistakes_of(tmp_path, GOOD.replace(old, new))


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    words = mistakes_of(tmp_path, GOOD.replace("furnace", "my furnace").replace("8080", "99999"))
    assert "2 mistakes" in words


def test_a_secret_is_never_said_back(tmp_path: Path) -> None:
    words = mistakes_of(tmp_path, GOOD.replace("{port: 8080}", "{token: hunter2}"))
    assert "hunter2" not in words


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "device: [\n"])
def test_what_is_no_device_is_said(tmp_path: Path, text: str) -> None:
    assert "device.yaml has 1 mistake" in mistakes_of(tmp_path, text)


def test_what_a_file_means_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "device.yaml"
    path.write_text(GOOD)
    said = describe(read_device(path), folder=tmp_path)
    assert said == [
        "Device furnace",
        "For each job it starts cat.",
        "temperature: 20 to 1100 degC.",
        "It serves http on 127.0.0.1, port 8080, for any program on this machine.",
        "After a stop a person clears it here, with --clear.",
        f"Its memory is {tmp_path}/furnace.journal.",
    ]


def test_a_function_that_is_not_there_is_said_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "mine_1.py").write_text("def perform(job, control): ...\n")
    for function, said in (
        ("mine_1:other", "has no function 'other'"),
        ("no_such_module:perform", "cannot be imported"),
    ):
        file = write_device(tmp_path, act={"kind": "function", "function": function})
        with pytest.raises(InputError, match=said):
            describe(read_device(file), folder=tmp_path)
    file = write_device(tmp_path, act={"kind": "function", "function": "mine_1:perform"})
    assert "For each job it calls mine_1:perform." in describe(read_device(file), folder=tmp_path)


def test_a_secret_is_looked_for_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "device.yaml"
    file.write_text(GOOD.replace("{port: 8080}", "{port: 8080, token: {env: A_TOKEN}}"))
    with pytest.raises(InputError, match="no variable A_TOKEN, which holds the token of those who"):
        describe(read_device(file), folder=tmp_path)
    monkeypatch.setenv("A_TOKEN", "one")
    assert "for whoever shows its token." in " ".join(describe(read_device(file), folder=tmp_path))


def test_the_shipped_example_of_the_page_is_a_device(project: Path, tmp_path: Path) -> None:
    page = (project / "docs" / "commands" / "device.md").read_text()
    block = page.split("```yaml title=virtual.yaml\n")[1].split("```")[0]
    assert yaml.safe_load(block)["act"]["kind"] == "virtual"
    path = tmp_path / "virtual.yaml"
    path.write_text(block)
    assert describe(read_device(path), folder=tmp_path)
