"""Who counts as a user of the server, and who may start or stop it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

from flows import home as homes
from flows.process import is_alive, mark_of, this_process


def test_a_process_is_alive_until_it_ends_and_no_zombie_counts() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = mark_of(child.pid)
    assert mark is not None
    assert is_alive(mark)
    assert child.stdin is not None
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet reaped
    assert not is_alive(mark)
    child.wait()
    assert not is_alive(mark)


def test_a_pid_that_is_used_again_is_another_process() -> None:
    mine = this_process()
    assert is_alive(mine)
    assert not is_alive(replace(mine, started="1"))
    assert not is_alive(replace(mine, boot_id="an earlier boot"))


def test_a_home_has_users_while_one_that_registered_lives(tmp_path: Path) -> None:
    assert not homes.has_users(tmp_path)
    user = homes.new_user(tmp_path)
    homes.write_user(user)
    assert homes.has_users(tmp_path)
    user.unlink()
    assert not homes.has_users(tmp_path)


def test_registrations_of_dead_processes_and_unreadable_ones_are_cleared_away(
    tmp_path: Path,
) -> None:
    user = homes.new_user(tmp_path)
    homes.write_user(user)
    entry = json.loads(user.read_text())
    user.write_text(json.dumps({**entry, "started": "1"}))
    (tmp_path / "users" / "torn.json").write_text('{"pid": 1')
    assert not homes.has_users(tmp_path)
    assert list((tmp_path / "users").iterdir()) == []


def test_an_address_is_read_back_and_is_void_once_its_process_is_gone(tmp_path: Path) -> None:
    assert homes.read_address(tmp_path) is None
    address = homes.address_at(4200, this_process())
    homes.write_address(tmp_path, address)
    assert homes.read_address(tmp_path) == address
    assert address.api_url == "http://127.0.0.1:4200/api"
    gone = homes.address_at(4200, replace(this_process(), started="1"))
    homes.write_address(tmp_path, gone)
    assert homes.read_address(tmp_path) is None
    assert homes.read_last_address(tmp_path) == gone, "its port is wanted again"


def test_a_lock_is_held_by_one_and_goes_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "door.lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from flows.home import take_lock;"
            "print(take_lock(Path(sys.argv[1])) is not None, flush=True); input()",
            str(path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    assert homes.take_lock(path) is None
    holder.kill()
    holder.communicate()
    descriptor = homes.take_lock(path)
    assert descriptor is not None
    os.close(descriptor)


def test_who_waited_for_a_lock_in_a_deleted_home_gets_the_lock_of_the_new_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "door.lock"
    old = homes.take_lock(path)
    assert old is not None
    entered, release = threading.Event(), threading.Event()

    def wait_for_it() -> None:
        with homes.locked(path):
            entered.set()
            release.wait(10)

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    path.unlink()
    os.close(old)
    assert entered.wait(10)
    assert homes.take_lock(path) is None, "it holds the file that newcomers will open"
    release.set()
    waiting.join()
