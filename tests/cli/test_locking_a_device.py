"""``planner device FILE --lock``, typed beside a device whose program runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.device import Agent, Journal, Rejected
from planner.device.acts import FunctionAct
from planner.trials import Order, Setting
from tests.cli.conftest import Typed

FILE = """
device: oven
act: {kind: virtual, outcomes: {yield: {formula: "1", unit: percent}}}
http: {port: 0}
"""
ORDER = Order(key="c/1/1", digest="d", parameters={"T": Setting(value=60.0, unit="degC")})


def test_a_device_that_runs_is_locked_and_unlocked_from_another_terminal(
    typed: Typed, tmp_path: Path
) -> None:
    (tmp_path / "oven.yaml").write_text(FILE)
    journal = Journal(tmp_path / "oven.journal")
    try:
        agent = Agent(journal, FunctionAct(lambda *_: {"yield": 1.0}, is_adjustable=False))
        locked = typed("device", "oven.yaml", "--lock", "the door is open")
        assert locked.code == 0, locked.err
        assert "oven is locked" in locked.out
        with pytest.raises(Rejected, match="takes no orders: the door is open"):
            agent.take(ORDER)
        assert "takes orders again" in typed("device", "oven.yaml", "--unlock").out
        assert "was not locked" in typed("device", "oven.yaml", "--unlock").out
        assert agent.take(ORDER).state == "accepted"
    finally:
        journal.close()
