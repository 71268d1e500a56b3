"""The serving process: takes flow runs from the work pool and executes each in a process.

``python -m flows.worker_main HOME``, with Prefect's settings in its environment. It ends with the
process that started it: on SIGTERM in order, and by itself when that one is killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress

from flows.deploying import POOL

POLL_S = 0.5
ENDING_S = 20.0  # for stretches to finish their step and for Prefect's bookkeeping


def main() -> int:
    """Serve until told to end; return the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the supervisor's
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    with suppress(asyncio.CancelledError):
        asyncio.run(_serve())
    return 0


async def _serve() -> None:
    from prefect.workers.process import ProcessWorker

    logging.getLogger("prefect").setLevel(logging.WARNING)
    worker = ProcessWorker(work_pool_name=POOL, name=f"planner on {os.uname().nodename}")
    serving = asyncio.ensure_future(worker.start(printer=lambda *_: None))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, _end, serving)
    await serving


def _end(serving: asyncio.Future[None]) -> None:
    serving.cancel()
    # Prefect waits half a minute for each process; the promise is to be gone before
    deadline = threading.Timer(ENDING_S, os._exit, args=(1,))
    deadline.daemon = True
    deadline.start()


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_S)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
