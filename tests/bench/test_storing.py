"""Races on disk: kept, told apart, and gone on with after any end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from planner.acquisition import Settings
from planner.bench import Rules, compare, play
from planner.bench.against.entrants import Own, read_variant
from planner.bench.storing import DECIDING, LOOPING, fingerprint, play_or_read, race_file
from tests.bench.hand_made import make_pool

POOL = make_pool([float((place * 7) % 25) for place in range(24)], n_trials=7)
RULES = Rules(n_trials=7)


def path_of(folder, *, pool=POOL, rules=RULES, seed=0, code="abc"):
    return race_file(folder, pool, rules, seed=seed, name="planner", code=code)


def test_a_race_is_played_once_and_read_afterwards(tmp_path):
    path = path_of(tmp_path)
    first = play_or_read(path, lambda: play(POOL, RULES, seed=0))

    def must_not_play():
        raise AssertionError("it was played again")

    assert play_or_read(path, must_not_play) == first
    assert [each.name for each in path.parent.iterdir()] == ["seed-000.json"]


@pytest.mark.parametrize("content", ["", "{}", '{"pool": "hand_made", "seed": 0, "rows": [1'])
def test_half_a_file_is_played_again(tmp_path, content):
    path = path_of(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    race = play_or_read(path, lambda: play(POOL, RULES, seed=0))
    assert len(race.rows) == 7
    assert json.loads(path.read_text(encoding="utf-8"))["rows"] == list(race.rows)


def test_races_of_other_rules_tables_seeds_or_code_lie_elsewhere(tmp_path):
    changed = make_pool([float((place * 7) % 25) for place in range(23)] + [99.0], n_trials=7)
    paths = {
        path_of(tmp_path),
        path_of(tmp_path, seed=1),
        path_of(tmp_path, code="abd"),
        path_of(tmp_path, pool=changed),
        path_of(tmp_path, rules=replace(RULES, replay="repeat")),
        path_of(tmp_path, rules=replace(RULES, start="own")),
        path_of(tmp_path, rules=replace(RULES, n_trials=8)),
        path_of(tmp_path, rules=replace(RULES, settings=Settings(beta=0.5))),
    }
    assert len(paths) == 8


def test_a_race_is_kept_once_whichever_command_played_it(tmp_path):
    pool = make_pool([float((place * 7) % 25) for place in range(24)], n_trials=7)
    recipe = read_variant("recipe")
    for entrant in (Own(), recipe):
        rules = Rules(settings=entrant.settings)
        compare([pool], [rules], seeds=[0], folder=tmp_path)
        assert entrant.race_file(tmp_path, pool, "means", seed=0).is_file()
    assert len(list(tmp_path.rglob("seed-000.json"))) == 2


def test_the_code_that_chooses_is_part_of_the_fingerprint_and_other_code_is_not(project):
    def sources(parts):
        root = project / "planner"
        return {
            str(file.relative_to(root))
            for part in parts
            for file in (sorted((root / part).rglob("*.py")) or [root / part])
        }

    assert {"acquisition/policy.py", "models/gaussian/fitting.py", "rng.py"} <= sources(DECIDING)
    assert {"loop/steps/advance.py", "labs/replay.py"} <= sources(LOOPING)
    assert all((project / "planner" / file).is_file() for file in sources(LOOPING))
    assert fingerprint(DECIDING) != fingerprint(LOOPING)


def test_a_benchmark_that_was_interrupted_goes_on_and_comes_to_the_same(tmp_path):
    whole = compare([POOL], [RULES], seeds=range(4), folder=tmp_path / "whole")
    played = []

    def interrupt(_pool, _rules, race):
        played.append(race.seed)
        if played == [0, 1]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare([POOL], [RULES], seeds=range(4), folder=tmp_path / "cut", heard=interrupt)
    assert len(list((tmp_path / "cut").rglob("seed-*.json"))) == 2
    resumed = compare([POOL], [RULES], seeds=range(4), folder=tmp_path / "cut")
    assert [each.found.tolist() for each in resumed[0].scores] == [
        each.found.tolist() for each in whole[0].scores
    ]
    assert resumed[0].half == whole[0].half


@pytest.mark.slow
def test_a_benchmark_that_was_killed_goes_on_and_comes_to_the_same(tmp_path, project):
    """A real process, killed once its first race lies on disk."""
    table = tmp_path / "tables" / "suzuki_batch" / "data.csv"
    table.parent.mkdir(parents=True)
    header = "temperature_C,pd_mol_pct,ArBpin_equiv,K3PO4_equiv,yield_pct"
    lines = [
        f"{75 + i % 4 * 5},{i // 4 % 4},{i // 16 % 3},{i // 48},{(i * 37) % 91}" for i in range(96)
    ]
    table.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")

    def command(out):
        return [
            sys.executable, "-m", "planner.cli", "bench", "--tables", str(tmp_path / "tables"),
            "--seeds", "3", "--trials", "9", "--json", "--races", str(tmp_path / out),
        ]  # fmt: skip

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command("cut"), cwd=project, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 120
        while not list((tmp_path / "cut").rglob("seed-*.json")):
            assert process.poll() is None, "it ended without a race"
            assert time.monotonic() < deadline
            time.sleep(0.001)  # polls a real process; nothing hangs on how long
        process.send_signal(signal.SIGKILL)
    kept = {path: path.read_bytes() for path in (tmp_path / "cut").rglob("seed-*.json")}
    assert kept

    def figures(out):
        answer = subprocess.run(
            command(out), cwd=project, env=environment, capture_output=True, text=True, check=True
        )
        [standing] = json.loads(answer.stdout)
        return {key: value for key, value in standing.items() if not key.startswith("ask_")}

    assert figures("cut") == figures("whole")
    assert all(path.read_bytes() == content for path, content in kept.items())
