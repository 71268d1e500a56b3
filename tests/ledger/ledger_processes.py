"""Real processes that write to one ledger.

They are forked, so that a test can start and kill many in a second; not from the process of the
tests, where threads of other tests may hold a lock that no child could ever get, but from a clean
one that has imported what they need.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import cloudpickle
from ledger_records import opened, trial_steps

from planner.clock import SystemClock
from planner.errors import PlannerError
from planner.ledger import Ledger, open_ledger
from tests.clean_processes import CLEAN

_DEADLINE_S = 120.0

Work = Callable[[Ledger, int], object]


def in_processes(n: int, place: str, work: Work) -> list[object]:
    """Runs ``work(ledger, number)`` in ``n`` processes at once and returns what each returns.

    An error of the planner counts as a return. All of them live until the last has answered.
    """
    packed = _pack(work)
    barrier = CLEAN.Barrier(n)
    pipes = [CLEAN.Pipe(duplex=False) for _ in range(n)]
    processes = [
        CLEAN.Process(target=_work, args=(place, number, packed, barrier, writer))
        for number, (_, writer) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    answers = [_receive(reader) for reader, _ in pipes]
    for process in processes:
        process.join(_DEADLINE_S)
        assert process.exitcode == 0
    return answers


def _receive(reader: Connection) -> object:
    assert reader.poll(_DEADLINE_S), "a process did not answer"
    return reader.recv()


def _pack(work: Work) -> bytes:
    """Packs a function with all that it refers to, so that no test file need be imported."""
    module = sys.modules[work.__module__]
    cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(work))
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def _work(place: str, number: int, packed: bytes, barrier: object, writer: Connection) -> None:
    work: Work = cloudpickle.loads(packed)
    barrier.wait(_DEADLINE_S)  # type: ignore[attr-defined]
    try:
        ledger = open_ledger(place, clock=SystemClock())
        writer.send(work(ledger, number))
        ledger.close()
    except PlannerError as error:
        writer.send(error)
    barrier.wait(_DEADLINE_S)  # type: ignore[attr-defined]


@contextmanager
def writing_process(place: str, campaign: str) -> Iterator[tuple[BaseProcess, Connection]]:
    """A process that opens a ledger and a campaign and runs trials without end.

    It sends the last sequence of each append once that is acknowledged, and is killed in the end.
    """
    reader, writer = CLEAN.Pipe(duplex=False)
    process = CLEAN.Process(target=_write_forever, args=(place, campaign, writer))
    process.start()
    writer.close()
    try:
        yield process, reader
    finally:
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join(_DEADLINE_S)
        reader.close()


def _write_forever(place: str, campaign: str, writer: Connection) -> None:
    ledger = open_ledger(place, clock=SystemClock())
    trial = 0
    writer.send(ledger.append(campaign, [opened()], author="mara")[-1].sequence)
    while True:
        trial += 1
        for records in trial_steps(trial, campaign=campaign):
            writer.send(ledger.append(campaign, records, author="planner")[-1].sequence)


def acknowledged(reader: Connection) -> int:
    """Returns the last sequence that a killed process had been told of; 0 for none."""
    last = 0
    try:
        while reader.poll():
            last = int(reader.recv())
    except EOFError:
        pass  # its end of the pipe is closed: there is no more
    return last
