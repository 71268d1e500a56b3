"""The serving process as a child of ours: started, started again, stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import flows

ENDING_S = 30.0


class ServingProcess:
    """Runs ``flows.worker_main`` inside the block, and starts it again when it is gone.

    Args:
        home: Prefect's home; what the process says goes to ``worker.log`` there.
        on_message: is told when it is started again.
    """

    def __init__(self, home: Path, *, on_message: Callable[[str], None]) -> None:
        self._home = home
        self._on_message = on_message
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = self._spawn()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(timeout=ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def keep_alive(self) -> None:
        """Start the process again where it has ended."""
        assert self._process is not None
        status = self._process.poll()
        if status is not None:
            self._on_message(f"The serving process was gone (status {status}); starting it again.")
            self._process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        root = str(Path(flows.__file__).parents[1])
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        with (self._home / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "flows.worker_main", str(self._home)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._home,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
            )
