"""The command line, in processes of its own and in this one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from planner.cli import main
from tests.cli.desks import Desk, Ended

Typed = Callable[..., Ended]


@pytest.fixture
def desk(tmp_path: Path, project: Path) -> Desk:
    """An empty folder of one's own."""
    return Desk(tmp_path, project)


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Typed:
    """Runs a command in this process: quicker than a new one, and the same from ``main`` on."""
    monkeypatch.chdir(tmp_path)
    for name in ("PLANNER_DATABASE_URL", "PLANNER_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["planner", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        code = end.value.code
        assert code is None or isinstance(code, int)
        return Ended(code or 0, said.out, said.err)

    return run
