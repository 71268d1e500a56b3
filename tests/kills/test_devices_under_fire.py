"""Device, broker, planner and the line between them are killed and cut: once each, none lost."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from devices_under_fire import PROGRAM, Bench, Outcome, Wire, fire

pytestmark = pytest.mark.slow


def run(folder: Path, wire: Wire, *, trials: int, blows: int, lost: float = 0.05) -> Outcome:
    bench = Bench(folder, wire=wire, trials=trials, lost=lost)
    try:
        return fire(bench, n_blows=blows, dice=random.Random())
    finally:
        bench.close()


@pytest.mark.parametrize("wire", ["http", "mqtt"])
def test_every_key_is_acted_on_at_most_once_and_every_trial_ends(
    tmp_path: Path, wire: Wire
) -> None:
    if wire == "mqtt" and PROGRAM is None:
        pytest.skip("mosquitto is not installed")
    outcome = run(tmp_path, wire, trials=24, blows=8)
    assert outcome.faults() == []
    assert outcome.blows.total() >= 4
    assert outcome.begun.total() >= 20


def test_an_adapter_that_sends_again_under_another_key_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four answers in ten are lost: that none of 24 is happens once in 200,000 runs."""
    monkeypatch.setenv("BLIND", "1")
    outcome = run(tmp_path, "http", trials=24, blows=0, lost=0.4)
    assert any("no run of the ledger asked for" in fault for fault in outcome.faults())
