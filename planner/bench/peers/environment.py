"""Environments: a virtual one a peer, made by pip from its pinned packages, in a cache folder.

An environment counts once the file ``ready`` lies in it, which is written last and holds the
digest of its packages: one that was half made, or made of other packages, is made anew.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from planner.bench.peers.catalogue import Peer
from planner.errors import InputError, MissingPackage

_LAST_WORDS = 400  # letters of pip's that are repeated
Said = Callable[[str], None]


def default_folder() -> Path:
    """Returns where environments lie unless said otherwise: in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "experiment-planner" / "peers"


def find_python(peer: Peer, folder: Path) -> Path | None:
    """Returns the interpreter of a peer's environment; None where it is not made."""
    if not peer.packages:
        return Path(sys.executable)
    ready = folder / peer.name / "ready"
    try:
        is_ready = ready.read_text(encoding="utf-8").splitlines() == list(peer.packages)
    except OSError:
        return None
    return folder / peer.name / "bin" / "python" if is_ready else None


def install(peer: Peer, folder: Path, *, said: Said = lambda _words: None) -> Path:
    """Makes a peer's environment where there is none, and returns its interpreter.

    Args:
        peer: whose.
        folder: of the environments.
        said: is told what is being done.

    Raises:
        InputError: the folder cannot be written.
        MissingPackage: its packages cannot be installed; the text is pip's.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(folder / f"{peer.name}.lock"):
            return find_python(peer, folder) or _make(peer, folder / peer.name, said=said)
    except OSError as error:
        raise InputError(
            f"The environment of {peer.name} cannot be made in {folder} ({error.strerror}). "
            f"Choose another folder: --peers DIR."
        ) from error


def _make(peer: Peer, home: Path, *, said: Said) -> Path:
    said(f"Making an environment for {peer.name} in {home} (once, some minutes) ...")
    shutil.rmtree(home, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(home)], peer)
    python = home / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # torch by itself: where a plain one is at hand it is taken, and the rest is content with it
    for packages in ([each for each in peer.packages if each.startswith("torch==")], peer.packages):
        if packages:
            _run([*pip, *packages], peer)
    (home / "ready").write_text("\n".join(peer.packages) + "\n", encoding="utf-8")
    return python


def _run(command: Sequence[str], peer: Peer) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip()[-_LAST_WORDS:]
        raise MissingPackage(f"{peer.name} cannot be installed. pip says: {words}")


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
