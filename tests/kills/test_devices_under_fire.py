"""All around a device is killed, cut and garbled for a while: nothing is lost or done twice."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from chaos_bench import FACES, PROGRAM, Bench, Face, Plan
from devices_under_fire import Fire
from judge import Findings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
TRIALS = 8


def run(folder: Path, plan: Plan, *, blows: int, blind: bool = False) -> tuple[Fire, Findings]:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    with Bench(folder, plan, blind=blind) as bench:
        fire = Fire(bench, n_blows=blows, dice=random.Random(seed))
        return fire, fire.run()


@pytest.mark.parametrize("face", FACES)
def test_every_key_is_acted_on_at_most_once_and_device_and_ledger_agree(
    tmp_path: Path, face: Face
) -> None:
    if face == "mqtt" and PROGRAM is None:
        pytest.skip("mosquitto is not installed")
    plan = Plan(face=face, trials=TRIALS, on_server=face == "http", duration_s=0.2)
    fire, found = run(tmp_path, plan, blows=2)
    assert found.faults == []
    assert fire.blows
    assert found.n_acts >= TRIALS - 3  # what was in doubt and never began runs again


def test_an_adapter_that_sends_again_under_another_key_is_caught(tmp_path: Path) -> None:
    """Four answers in ten are lost: that none of 24 is happens once in 200,000 runs."""
    plan = Plan(face="http", trials=24, lost=0.4, crash=0.0, answer_s=0.3)
    _, found = run(tmp_path, plan, blows=0, blind=True)
    assert any("no run of the ledger asked for it" in fault for fault in found.faults)
