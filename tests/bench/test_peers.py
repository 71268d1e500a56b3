"""Other planners over the real protocol: fair, and never silently dropped."""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planner.bench import Pool, Race
from planner.bench.against.judged import judge
from planner.bench.courses import PoolCourse
from planner.bench.functions import named_problems
from planner.bench.peers import (
    PEERS,
    PeerFailed,
    conversing,
    default_folder,
    find_python,
    install,
    named_peers,
    play_peer,
)
from planner.bench.racing import answer, shared_start
from planner.errors import MissingPackage, UnknownName
from tests.bench.fakes import make_fake
from tests.bench.hand_made import make_pool

POOL = make_pool([[float(place), place + 1.0] for place in range(20)])
PYTHON = Path(sys.executable)


def play_fake(folder: Path, *, mood: str = "", n_trials: int = 9, pool: Pool = POOL) -> Race:
    peer = make_fake(folder, mood=mood)
    return play_peer(
        PoolCourse(pool, "means"), peer, python=PYTHON, n_trials=n_trials, seed=2, limit_s=20
    )


def test_a_peer_starts_where_everybody_starts_and_chooses_each_row_once(tmp_path):
    race = play_fake(tmp_path)
    start = shared_start(POOL, seed=2)
    free = [row for row in range(20) if row not in start]
    assert race.rows == (*start, *free[:4])
    assert race.kinds == ("start",) * 5 + ("model",) * 4
    assert len(race.ask_cpu_s) == len(race.ask_wall_s) == 4
    assert race.failure is None
    assert race.process_cpu_s >= sum(race.ask_cpu_s)  # a whole Python was started


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        ("raises", "ArithmeticError: the matrix is singular"),
        ("dies", "exit status 3. Its last words: .*out of memory, says the fake"),
        ('says {"place": 99, "kind": "model", "cpu_s": 0, "wall_s": 0}', "99, which is no row"),
        ('says {"place": true, "kind": "model", "cpu_s": 0, "wall_s": 0}', "True, which is no row"),
        ('says {"place": 3, "kind": "model", "cpu_s": -1, "wall_s": 0}', r"took -1 \(cpu_s\)"),
        ('says {"place": 3, "kind": "guess", "cpu_s": 0, "wall_s": 0}', "of kind 'guess'"),
        ('says {"kind": "model"}', "None, which is no row"),
        ("says I would try 3", "'I would try 3', which is no JSON"),
        ("says [3]", r"'\[3\]', which is no JSON object"),
    ],
)
def test_a_peer_that_fails_says_so_in_its_own_words_and_its_race_is_kept(tmp_path, mood, words):
    race = play_fake(tmp_path, mood=mood)
    assert race.failure is not None
    assert re.search(words, race.failure, re.DOTALL), race.failure
    # what it had chosen until then stays
    assert len(race.rows) == (7 if mood in ("raises", "dies") else 5)


def test_a_row_that_was_tried_is_no_answer(tmp_path):
    taken = shared_start(POOL, seed=2)[0]
    mood = f'says {{"place": {taken}, "kind": "model", "cpu_s": 0, "wall_s": 0}}'
    assert f"row {taken}, which was tried before" in play_fake(tmp_path, mood=mood).failure


def test_a_peer_that_hangs_is_ended_at_its_deadline(tmp_path):
    peer = make_fake(tmp_path, mood="hangs")
    began = time.monotonic()
    course = PoolCourse(POOL, "means")
    race = play_peer(course, peer, python=PYTHON, n_trials=9, seed=2, limit_s=2)
    assert "no answer within 2 s" in race.failure
    assert time.monotonic() - began < 60  # it would sleep for an hour


def test_a_program_that_is_not_there_has_failed(tmp_path):
    course = PoolCourse(POOL, "means")
    race = play_peer(course, make_fake(tmp_path), python=tmp_path / "none", n_trials=9, seed=2)
    assert "cannot be started" in race.failure
    # it keeps what every planner is given, so that it can be judged beside the others
    assert race.rows == tuple(course.start(seed=2))
    assert judge(POOL, "means", [race]).curve.size == 5


def test_what_a_peer_starts_ends_with_the_conversation(tmp_path):
    program = tmp_path / "parent.py"
    program.write_text(
        "import json, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
        "print(json.dumps({'child': child.pid}), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with conversing([sys.executable, str(program)], limit_s=30) as talk:
        child = talk.hear()["child"]
        os.kill(child, 0)  # is there
    deadline = time.monotonic() + 30
    while Path(f"/proc/{child}").exists():
        state = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0]
        if state == "Z":  # ended, and waits for whoever adopted it
            break
        assert time.monotonic() < deadline
        time.sleep(0.01)  # polls a real process


def test_a_program_that_never_reads_does_not_hold_us_up(tmp_path):
    program = tmp_path / "deaf.py"
    program.write_text("import time; time.sleep(3600)\n")
    with (
        conversing([sys.executable, str(program)], limit_s=1) as talk,
        pytest.raises(PeerFailed, match="read nothing for 1 s"),
    ):
        talk.tell(rows=["x" * 100] * 100_000)  # more than a pipe holds


def test_a_peer_is_raced_in_an_open_space_too(tmp_path):
    [problem] = named_problems(["branin_2"])
    race = play_peer(
        problem.course("means"), make_fake(tmp_path), python=PYTHON, n_trials=7, seed=1
    )
    assert race.failure is None
    assert race.rows == ()
    assert race.points[5:] == ((-5.0, 0.0),) * 2  # its lower corner, as the fake does
    assert race.points[:5] == tuple(problem.course("repeat").start(seed=1))


def test_noise_belongs_to_the_trial_and_not_to_who_tries():
    [problem] = named_problems(["hartmann_6"])
    noisy, quiet = problem.course("repeat"), problem.course("means")
    place = quiet.start(seed=0)[0]
    drawn = np.array([noisy.answer(place, nth=nth, seed=0) for nth in range(400)])
    assert noisy.answer(place, nth=7, seed=0) == drawn[7]
    error = (drawn - quiet.answer(place, nth=0, seed=0)) / problem.noise_sd
    # of 400 standard normal draws: mean within 5/sqrt(400), deviation within 5/sqrt(800)
    assert abs(error.mean()) < 0.25
    assert abs(error.std() - 1) < 0.18


def test_the_optimum_of_a_test_function_is_its_lowest_value():
    for problem in named_problems(["all"]):
        assert problem.sampled.min() > problem.optimum
        assert problem.regret_scale > 0
        [best] = {tuple(point) for point in problem.function.optimizers[:1].tolist()}
        value = problem.values(np.array([best]))[0]
        assert value == pytest.approx(problem.optimum, abs=1e-4)  # published to 5 digits
        low, high = problem.bounds
        assert (low < best).all()
        assert (best < high).all()


def test_what_a_driver_is_told_holds_no_outcome_of_what_it_has_not_tried():
    told = PoolCourse(POOL, "means").described()
    assert set(told) == {"is_maximised", "parameters", "rows"}
    assert told["rows"] == [[float(place)] for place in range(20)]
    assert told["parameters"] == [{"name": "place", "low": 0.0, "high": 19.0}]


def test_a_peer_meets_the_same_repeats_as_we_do():
    course = PoolCourse(POOL, "repeat")
    assert [course.answer(row, nth=row, seed=4) for row in range(20)] == [
        answer(POOL, row, "repeat", seed=4) for row in range(20)
    ]


def test_a_digest_follows_from_programs_and_packages_and_not_from_layout(tmp_path):
    peer = make_fake(tmp_path)
    commented = make_fake(tmp_path, name="commented")
    commented.driver.write_text(commented.driver.read_text() + "\n\n# a comment\n")
    changed = make_fake(tmp_path, name="changed")
    changed.driver.write_text(changed.driver.read_text() + "\nX = 1\n")
    pinned = make_fake(tmp_path, name="pinned")
    pinned.requirements.write_text("numpy==2.4.6\n")
    assert commented.digest == peer.digest
    assert len({peer.digest, changed.digest, pinned.digest}) == 3


def test_every_known_peer_ships_a_driver_and_pinned_packages():
    for peer in PEERS.values():
        assert peer.driver.is_file()
        assert all("==" in package for package in peer.packages)
        assert bool(peer.version) == bool(peer.packages) == (peer.name != "random")
    assert [peer.name for peer in named_peers(["all"])] == list(PEERS)
    with pytest.raises(UnknownName, match=r"'vizier'.*baybe, optuna"):
        named_peers(["vizier"])


@pytest.mark.slow
def test_an_environment_that_pip_cannot_make_is_refused_in_pips_words_and_does_not_count(tmp_path):
    peer = make_fake(tmp_path)
    peer.requirements.write_text("no file of this name==1\n")  # pip refuses the line itself
    with pytest.raises(MissingPackage, match=r"fake cannot be installed\. pip says: .*Invalid req"):
        install(peer, tmp_path / "environments")
    assert find_python(peer, tmp_path / "environments") is None


def test_an_environment_of_other_packages_does_not_count(tmp_path):
    peer = make_fake(tmp_path)
    peer.requirements.write_text("numpy==2.4.6\n")
    home = tmp_path / "environments" / "fake"
    home.mkdir(parents=True)
    (home / "ready").write_text("numpy==2.4.6\n")
    assert find_python(peer, tmp_path / "environments") == home / "bin" / "python"
    other = replace(peer, requirements=tmp_path / "other.txt")
    other.requirements.write_text("numpy==2.4.5\n")
    assert find_python(other, tmp_path / "environments") is None


def test_environments_lie_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "experiment-planner" / "peers"


# One planner in an environment that is made anew, a minute; with PLANNER_PEERS=DIR all of them, in
# environments that stay there, which takes many.
KEPT = os.environ.get("PLANNER_PEERS")


@pytest.mark.slow
@pytest.mark.parametrize("name", PEERS if KEPT else ["optuna"])
def test_a_real_peer_plays(name, tmp_path):
    python = install(PEERS[name], Path(KEPT) if KEPT else tmp_path / "environments")
    pool = make_pool([50.0 - (place - 30) ** 2 / 10 for place in range(44)])
    race = play_peer(PoolCourse(pool, "means"), PEERS[name], python=python, n_trials=9, seed=0)
    assert race.failure is None
    assert len(set(race.rows)) == 9
