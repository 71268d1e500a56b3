"""What every test keeps to: no global seed, type or thread count changes."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# a test that forgets to name a server fails at once instead of starting one of its own
os.environ["PREFECT_SERVER_EPHEMERAL_ENABLED"] = "false"

# where a script starts the tests in the background Ctrl-C is ignored, also by what they start
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
MEMORY = Path("/dev/shm")  # a folder that is no disk
ENOUGH = 4 << 30


def has_room(folder: Path) -> bool:
    """Whether a folder takes what the tests write, and programs in it can be run."""
    if not folder.is_dir() or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ENOUGH


# Ledgers wait for the disk at each commit, longer the busier it is. No test cuts the power, so
# that what they write may lie in memory.
if "TMPDIR" not in os.environ and has_room(MEMORY):
    tempfile.tempdir = os.environ["TMPDIR"] = str(MEMORY)

# Examples are drawn anew in each run; a deadline would fail on a busy machine.
settings.register_profile("planner", deadline=None, max_examples=60)
settings.load_profile("planner")


@pytest.fixture
def project() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def real_tables() -> Path:
    """The folder of real tables beside the checkout, one folder a table."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real tables are not here: there is no folder {folder}")
    return folder


@pytest.fixture(scope="session")
def started_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which Prefect's server ran once, to copy: that saves each test the migrations.

    One for all workers of a session. It names no port: copies that run at once would want the same.
    """
    from flows.home import locked
    from tests.flows.server_users import User

    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    home = base / "started" / ".prefect"
    with locked(base / "started.lock"):
        if not home.exists():
            making = tmp_path_factory.mktemp("making") / ".prefect"
            user = User(making)
            user.finish()
            assert user.process.returncode == 0, user.errors()
            (making / "server.json").unlink()
            home.parent.mkdir()
            making.rename(home)
    return home


def _torch_settings() -> dict[str, object] | None:
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "get_default_dtype"):  # not imported, or half-way
        return None
    return {
        "torch's default type": torch.get_default_dtype(),
        "torch's number of threads": torch.get_num_threads(),
        "torch's global seed": torch.initial_seed(),
        "torch's determinism": torch.are_deterministic_algorithms_enabled(),
    }


@pytest.fixture(autouse=True)
def unchanged_globals() -> Iterator[None]:
    """Fails a test that changes a global setting; a file that must define its own of this name."""
    numpy_before = np.random.get_state(legacy=False)  # noqa: NPY002 - the global one is watched
    torch_before = _torch_settings()
    yield
    numpy_after = np.random.get_state(legacy=False)  # noqa: NPY002
    same = all(
        np.array_equal(numpy_before["state"][key], numpy_after["state"][key])
        for key in ("key", "pos")
    )
    assert same, "the test used numpy's global generator: give a numpy.random.Generator instead"
    torch_after = _torch_settings()
    if torch_before is not None and torch_after is not None:
        changed = [name for name, value in torch_before.items() if torch_after[name] != value]
        assert not changed, f"the test changed {', '.join(changed)}: pass it as an argument"
