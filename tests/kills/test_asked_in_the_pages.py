"""What people ask in Prefect's pages: a stretch that is cancelled there ends after its step."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from campaigns_under_fire import PATIENCE_S
from kill_bench import Bench, until

pytestmark = [pytest.mark.slow, pytest.mark.prefect, pytest.mark.timeout(600)]


def ask_prefect(bench: Bench, path: str, body: object) -> Any:
    """Send what the pages send; return the answer."""
    port = json.loads((bench.folder / ".prefect" / "server.json").read_text())["port"]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.loads(answer.read())


def cancel(bench: Bench) -> None:
    running = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    (run,) = ask_prefect(bench, "flow_runs/filter", running)
    state = {"type": "CANCELLING", "name": "Cancelling"}
    said = ask_prefect(bench, f"flow_runs/{run['id']}/set_state", {"state": state})
    assert said["status"] == "ACCEPT"


@pytest.mark.parametrize("engine", ["prefect", "up"])
def test_a_cancelled_stretch_ends_after_its_step_and_nothing_is_in_doubt(
    tmp_path: Path, started_home: Path, engine: str
) -> None:
    random = "acquisition: random"  # waits for no model
    with Bench(tmp_path, trials=60, latency_s=0.5, policy=random, home=started_home) as bench:
        words = ["up"] if engine == "up" else ["run"]
        planner = bench.planner(*words, str(bench.file))
        until(lambda: bench.n_acts() >= 2, within_s=PATIENCE_S, what="two acts")
        cancel(bench)
        if engine == "up":
            until(
                lambda: "left alone until its ledger changes" in (tmp_path / "out.txt").read_text(),
                within_s=60,
                what="the supervisor leaves the campaign alone",
            )
        else:
            assert planner.wait(timeout=60) == 130
        # the supervisor may see that it is being cancelled before its last step has ended
        until(
            lambda: bench.flow_run_states() == ["Cancelled"],
            within_s=60,
            what="the stretch has ended as cancelled",
        )
        count = bench.count()
        assert count.acts == count.distinct < 60
        assert set(count.trials) <= {"completed", "running", "approved"}
