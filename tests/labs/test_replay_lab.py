"""The lab that replays a table: real repeats, the same one for the same key."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from planner.campaign import parse_campaign
from planner.errors import MissingPackage
from planner.labs import Order, ReplayLab, Setting, open_lab
from planner.trials import DeviceState

TEXT = """
schema: 1
campaign: replayed
parameters: {t: {low: 0, high: 10, unit: degC}}
outcomes: {y: {}}
objectives: [{aim: maximise, outcome: y}]
candidates: {source: lab}
sources: {lab: {kind: table, table: {path: table.csv, columns: {t: t, y: y}}}}
budget: {trials: 2}
"""


def order(key: str, t: float) -> Order:
    return Order(key=key, digest="d", parameters={"t": Setting(value=t, unit="degC")})


@pytest.fixture
def lab(tmp_path: Path) -> ReplayLab:
    (tmp_path / "table.csv").write_text("t,y\n1,10\n2,20\n1,11\n1,12\n")
    opened = open_lab(parse_campaign(TEXT, path="x.yaml"), folder=tmp_path)
    assert isinstance(opened, ReplayLab)
    return opened


def drawn(lab: ReplayLab, key: str, t: float) -> float:
    answer = lab.submit(order(key, t))
    assert answer.state is DeviceState.DONE
    assert answer.result is not None
    return float(answer.result.outcomes["y"].value)


def test_the_same_key_draws_the_same_repeat(lab: ReplayLab):
    assert {drawn(lab, "c/1/1", 1.0) for _ in range(5)} == {drawn(lab, "c/1/1", 1.0)}


def test_each_repeat_is_drawn_equally_often(lab: ReplayLab):
    """600 keys, 3 repeats: each count is binomial(600, 1/3), sd 11.5; 5 sd is one in a million."""
    counts = Counter(drawn(lab, f"c/{i}/1", 1.0) for i in range(600))
    assert set(counts) == {10.0, 11.0, 12.0}
    assert all(abs(n - 200) < 58 for n in counts.values())


def test_a_condition_that_was_never_run_is_refused(lab: ReplayLab):
    answer = lab.submit(order("c/1/1", 3.0))
    assert answer.state is DeviceState.REFUSED
    assert "only its rows" in answer.reason


def test_the_means_are_those_of_the_repeats(lab: ReplayLab):
    assert list(lab.goal_means()) == [11.0, 20.0]


def test_a_missing_package_names_the_command_that_installs_it(tmp_path: Path):
    text = TEXT.replace(
        "path: table.csv", "path: t.csv, distribution: no-such-table, version: '1.2'"
    )
    with pytest.raises(MissingPackage, match=r"pip install --no-deps no-such-table==1\.2"):
        open_lab(parse_campaign(text, path="x.yaml"), folder=tmp_path)
