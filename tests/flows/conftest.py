"""Real runs with a real server of Prefect's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from server_users import User, servers_of


@pytest.fixture
def home(started_home: Path, tmp_path: Path) -> Iterator[Path]:
    """A home of this test's own, in which the server ran before and does not run now."""
    path = tmp_path / ".prefect"
    shutil.copytree(started_home, path)
    yield path
    for process in servers_of(path):  # what a failed test has left
        process.kill()


@pytest.fixture
def new_user() -> Iterator[Callable[..., User]]:
    """Start runs that do not outlive the test."""
    users: list[User] = []

    def start(home: Path, *what: str, **more: str) -> User:
        users.append(User(home, *what, **more))
        return users[-1]

    yield start
    for user in users:
        user.process.kill()
        user.process.communicate()
