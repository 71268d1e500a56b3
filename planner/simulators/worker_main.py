"""The program of a worker process: reads jobs, runs simulators, writes replies.

Started as ``python -m planner.simulators.worker_main`` by the pool. Jobs come on standard input and
replies leave on standard output, one JSON object a line. For each job the worker writes
``{"started": id}`` once the simulator is loaded, then the reply with the result.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from functools import cache
from queue import SimpleQueue
from traceback import extract_tb
from typing import Any, BinaryIO

from planner.errors import InputError
from planner.simulators.catalogue import find
from planner.simulators.contract import Status, no_result
from planner.simulators.wire import read_input, to_line, written_result

# The pool ends a run at its limit. Should the pool be gone and the simulator hold the interpreter,
# the kernel ends it this much later.
ORPHAN_GRACE_S = 2.0

# What was found stays loaded. To find a user's simulator, the entry points of all that is installed
# are read, some 5 ms.
_loaded = cache(find)


def main() -> None:
    """Serve jobs until standard input ends, which it does when the parent closes it or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to decide on
    faulthandler.enable(all_threads=False)  # where native code crashed, to standard error
    jobs_file, replies = _claim_standard_streams()
    jobs: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read_until_end, args=(jobs_file, jobs), daemon=True).start()
    threading.Thread(target=_watch_parent, args=(os.getppid(),), daemon=True).start()
    while True:
        _serve(json.loads(jobs.get()), replies)


def _claim_standard_streams() -> tuple[BinaryIO, int]:
    """Keep the pipes for ourselves: what a simulator prints goes to standard error."""
    jobs, replies = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return os.fdopen(jobs, "rb"), replies


def _read_until_end(jobs_file: BinaryIO, jobs: SimpleQueue[bytes]) -> None:
    """Queue jobs; at the end of input end the process, whatever it is doing.

    A parent's death shows as the end of input. ``PR_SET_PDEATHSIG`` is not used: it fires when the
    thread that started us ends, although the parent lives on.
    """
    for line in jobs_file:
        jobs.put(line)
    _end_group()


def _watch_parent(parent: int) -> None:
    """End when the parent is another: a fork of it may outlive it and hold our input open."""
    while os.getppid() == parent:
        time.sleep(1.0)
    _end_group()


def _end_group() -> None:
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # what the simulator started ends with us
    os._exit(0)


def _serve(job: Mapping[str, Any], replies: int) -> None:
    run_s = 0.0
    try:
        simulator = _loaded(job["simulator"])
        _write_line(replies, {"started": job["job_id"]})
        signal.setitimer(signal.ITIMER_REAL, job["limit_s"] + ORPHAN_GRACE_S)
        started_s = time.perf_counter()
        inputs = {name: read_input(given) for name, given in job["inputs"].items()}
        result = simulator.run(inputs, job["theta"], seed=job["seed"])
        run_s = time.perf_counter() - started_s
        written = written_result(result)
    except InputError as error:
        written = written_result(no_result(Status.REJECTED, str(error)))
    except Exception as error:
        written = written_result(no_result(Status.FAILED, _report(job["simulator"], error)))
    signal.setitimer(signal.ITIMER_REAL, 0)
    _write_line(replies, {"job_id": job["job_id"], "run_s": run_s, "result": written})


def _report(simulator: str, error: Exception) -> str:
    """What a simulator raised against its contract, and where, for its author."""
    place = extract_tb(error.__traceback__)[-1]
    return (
        f"Simulator {simulator!r} raised {type(error).__name__}: {error} "
        f"({place.filename}, line {place.lineno})"
    )


def _write_line(replies: int, message: Mapping[str, Any]) -> None:
    line = memoryview(to_line(message))
    while line:
        line = line[os.write(replies, line) :]


if __name__ == "__main__":
    main()
