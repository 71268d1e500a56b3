"""Prefect's home beside the campaigns: who uses its server, where that is, and who may change it.

Files in the home that are ours::

    door.lock      held by whoever starts, adopts or stops the server; never for long
    serving.lock   held by the server as long as it lives: one server a home
    server.json    where the server is and which process; stale once that process is gone
    users/*.json   one a run that uses the server; void once its process is gone
    server.log     what the server says

Both locks are the kernel's, so they go with their holder, however it dies.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import uuid4

from flows.process import ProcessMark, is_alive, this_process

TAKEN = 3  # exit status of a server that found another one in its home


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a Prefect server answers.

    Args:
        api_url: its API, such as ``http://127.0.0.1:4200/api``.
        ui_url: its pages, such as ``http://127.0.0.1:4200``.
        port: the port; 0 where the server is not ours.
        process: the process behind it; ``None`` where the server is not ours.
    """

    api_url: str
    ui_url: str
    port: int
    process: ProcessMark | None


def home_of(folder: Path) -> Path:
    """Return Prefect's home of the campaigns in a folder."""
    return folder.resolve() / ".prefect"


def address_at(port: int, process: ProcessMark) -> ServerAddress:
    """Return the address of a server of ours on a port of the loopback."""
    url = f"http://127.0.0.1:{port}"
    return ServerAddress(api_url=f"{url}/api", ui_url=url, port=port, process=process)


def log_path(home: Path) -> Path:
    """Return where the server of a home writes what it says."""
    return home / "server.log"


def read_address(home: Path) -> ServerAddress | None:
    """Return the address of the home's server if its process is alive, else ``None``."""
    address = read_last_address(home)
    alive = address is not None and address.process is not None and is_alive(address.process)
    return address if alive else None


def read_last_address(home: Path) -> ServerAddress | None:
    """Return the last address of the home's server, be it alive or gone; ``None`` if none."""
    try:
        entry = json.loads((home / "server.json").read_text())
        return address_at(int(entry["port"]), ProcessMark(**entry["process"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_address(home: Path, address: ServerAddress) -> None:
    """Publish where the server is; readers see the old address or the new one, never a part."""
    assert address.process is not None, "only a server of ours is published"
    _write_whole(home / "server.json", {"port": address.port, "process": asdict(address.process)})


def new_user(home: Path) -> Path:
    """Return the path of a registration for this process, not yet written."""
    return home / "users" / f"{os.getpid()}-{uuid4().hex[:8]}.json"


def write_user(user: Path) -> None:
    """Register this process as a user of the server."""
    _write_whole(user, asdict(this_process()))


def has_users(home: Path) -> bool:
    """Tell whether a live process is registered; clears away dead ones that it meets."""
    return any(_is_valid(user) for user in (home / "users").glob("*.json"))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock inside the block; waits until it is free."""
    while True:
        descriptor = _open_lock(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # somebody may have deleted the home while we waited: then this lock guards nothing
            if not _is_file_at(descriptor, path):
                continue
            yield
            return
        finally:
            os.close(descriptor)


def take_lock(path: Path) -> int | None:
    """Take a file's lock until this process ends or closes it; ``None`` if another has it."""
    descriptor = _open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _open_lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _is_file_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _is_valid(user: Path) -> bool:
    try:
        if is_alive(ProcessMark(**json.loads(user.read_text()))):
            return True
    except FileNotFoundError:
        return False
    except (ValueError, TypeError):
        pass  # a registration that names no process keeps no server
    user.unlink(missing_ok=True)
    return False


def _write_whole(path: Path, entry: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # the suffix keeps a half-written registration out of has_users
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.write_text(json.dumps(entry))
    draft.replace(path)
