"""What readings cost: how many a second are kept, and what the ledger's own writers wait beside.

``python tests/cost/readings_cost.py --database sqlite --seconds 60``: so many sensors send 5,000
readings a second together, half of them filtered, while another process appends the entries of
trials to the same ledger. See docs/benchmarks/readings.md.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from sqlalchemy import Column, Float, Integer, MetaData, String, Table, func, insert, select, text

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / "tests" / each) for each in ("ledger", "readings", "cost"))]

from ledger_records import CAMPAIGN, begin, trial_steps  # noqa: E402
from mosquitto import Mosquitto  # noqa: E402
from postgresql_server import Server, serving  # noqa: E402
from readings_senders import SOURCE, START, Load, publish, serve_agent  # noqa: E402

from planner.campaign import Sensor  # noqa: E402
from planner.clock import SystemClock  # noqa: E402
from planner.ledger import Ledger, open_ledger  # noqa: E402
from planner.ledger.column_types import UtcTime  # noqa: E402
from planner.readings import Archive, Recorder, summarise, sweep  # noqa: E402
from planner.readings.http import Address, Puller  # noqa: E402
from planner.readings.mqtt import Broker, Subscriber  # noqa: E402
from planner.readings.wire import moment  # noqa: E402
from tests.free_ports import free_port  # noqa: E402

FILTER = {"outliers": 7, "resolution": 0.01, "noise": 5}


def sensors(n: int) -> dict[str, Sensor]:
    """Half of them filtered, all with limits."""
    return {
        f"s{at}": Sensor(
            name=f"s{at}",
            unit="degC",
            limits=(0.0, 1200.0),
            filter=FILTER if at % 2 else {},
        )
        for at in range(n)
    }


class Durable(Server):
    """PostgreSQL as a lab would run it: a commit is on the disk."""

    def start(self) -> None:
        settings = f"-c listen_addresses='' -k {self.folder}"
        self.control("-w", "-o", settings, "-l", str(self.folder / "log"), "start")


@dataclass(frozen=True)
class Place:
    """Where the ledger lies, and the processes of its server."""

    url: str
    processes: dict[str, int] = field(default_factory=dict)


@contextlib.contextmanager
def places(database: str, folder: Path) -> Iterator[Place]:
    if database == "sqlite":
        yield Place(str(folder / "ledger.db"))
        return
    with serving() as server:
        server.stop()
        durable = Durable(server.folder, server.bin, server.user)
        durable.start()
        server_process = int((durable.folder / "data" / "postmaster.pid").read_text().split()[0])
        yield Place(durable.create("cost"), {"database": server_process})


def append_trials(place: str, until: Any, told: Any, first: int) -> None:
    """Appends the entries of trials, twenty appends a second, and tells what each took."""
    ledger = open_ledger(place, clock=SystemClock())
    took_ms = []
    for trial in range(first, first + 1_000_000):
        for records in trial_steps(trial):
            began = time.perf_counter()
            ledger.append(CAMPAIGN, records, author="planner")
            took_ms.append(1000 * (time.perf_counter() - began))
            time.sleep(0.05)
        if until.is_set():
            break
    ledger.close()
    told.put(took_ms)


@contextlib.contextmanager
def appending(place: str, first: int) -> Iterator[Any]:
    """Another process that appends; the block's end ends it."""
    until, told = multiprocessing.Event(), multiprocessing.Queue()
    process = multiprocessing.Process(target=append_trials, args=(place, until, told, first))
    process.start()
    found: list[float] = []
    yield found
    until.set()
    found += told.get()
    process.join()


def show_latency(took_ms: list[float], what: str) -> None:
    at = np.percentile(took_ms, [50, 95, 99, 100])
    print(
        f"  ledger's appends {what}: median {at[0]:.1f} ms, 95 % {at[1]:.1f}, 99 % {at[2]:.1f}, "
        f"longest {at[3]:.1f} ({len(took_ms)} appends)"
    )


@dataclass
class Taken:
    """What it took until all readings were in the database.

    Args:
        seconds: until the last was.
        most_waiting: readings at once in the recorder's queue.
        cpu_s: processor time by process.
    """

    seconds: float = 0.0
    most_waiting: int = 0
    cpu_s: dict[str, float] = field(default_factory=dict)

    def show(self, n: int) -> None:
        """Prints it."""
        spent = ", ".join(f"{name} {1e6 * cpu_s / n:.0f}" for name, cpu_s in self.cpu_s.items())
        print(
            f"  all in the database after {self.seconds:.1f} s: {n / self.seconds:,.0f} a second, "
            f"at most {self.most_waiting:,} waited; ms of processor for 1,000 readings: {spent}"
        )


def wait_until_kept(recorder: Recorder, wanted: int, others: dict[str, int]) -> Taken:
    """Waits until so many readings are in the database.

    Args:
        recorder: of this process.
        wanted: readings.
        others: processes whose processor time is wanted besides, those they started included.
    """
    archive, taken = Archive(recorder._engine, recorder._sensors), Taken()
    before = {name: cpu_of(process) for name, process in others.items()}
    began, cpu, looked, n = time.perf_counter(), time.process_time(), 0.0, 0
    while n < wanted and time.perf_counter() < began + 300:
        time.sleep(0.01)
        taken.most_waiting = max(taken.most_waiting, recorder.n_waiting)
        if time.perf_counter() > looked + 0.1:
            looked = time.perf_counter()
            n = sum(each.n_kept for each in archive.sources())
    taken.seconds = time.perf_counter() - began
    taken.cpu_s = {"recorder": time.process_time() - cpu} | {
        name: cpu_of(process) - before[name] for name, process in others.items()
    }
    return taken


def cpu_of(process: int) -> float:
    """Returns the processor time of a process and its children, those that ended left out."""
    found = psutil.Process(process)
    each = [one.cpu_times() for one in (found, *found.children(recursive=True))]
    return sum(times.user + times.system for times in each)


def feed(recorder: Recorder, load: Load, others: dict[str, int]) -> Taken:
    """A thread of this process gives readings to the recorder."""

    def give() -> None:
        began = time.perf_counter()
        for behind, message in load.messages():
            load.wait(began, behind)
            assert recorder.take(SOURCE, message, wait_s=60)

    thread = threading.Thread(target=give)
    thread.start()
    taken = wait_until_kept(recorder, load.n, others)
    thread.join()
    return taken


def feed_over_mqtt(
    recorder: Recorder, load: Load, folder: Path, others: dict[str, int], *, by_agent: bool
) -> Taken:
    """Another process publishes: a plain client, or the reference agent."""
    broker = Mosquitto(folder / "broker", free_port())
    broker.start()
    subscriber = Subscriber(
        Broker(host="127.0.0.1", port=broker.port, client_id="cost"), recorder, clock=SystemClock()
    )
    assert subscriber.wait_until_subscribed(10)
    assert broker.process is not None
    others = others | {"broker": broker.process.pid}
    if by_agent:
        with an_agent(load, folder, port=broker.port) as (process, _):
            taken = wait_until_kept(recorder, load.n, others | {"agent": process})
    else:
        device = multiprocessing.Process(target=publish, args=(broker.port, load))
        device.start()
        assert device.pid is not None
        taken = wait_until_kept(recorder, load.n, others | {"sender": device.pid})
        device.join()
    subscriber.close()
    broker.stop()
    return taken


def feed_over_http(recorder: Recorder, load: Load, folder: Path, others: dict[str, int]) -> Taken:
    """The reference agent, in another process, is asked for its readings."""
    archive = Archive(recorder._engine, recorder._sensors)
    with an_agent(load, folder, port=None) as (process, url):
        address = Address(source=SOURCE, url=url)
        puller = Puller(address, recorder, archive, clock=SystemClock())
        taken = wait_until_kept(recorder, load.n, others | {"agent": process})
        puller.close()
    return taken


@contextlib.contextmanager
def an_agent(load: Load, folder: Path, *, port: int | None) -> Iterator[tuple[int, str]]:
    """The agent's process and address; the block's end ends it."""
    told, leave = multiprocessing.Queue(), multiprocessing.Event()
    process = multiprocessing.Process(target=serve_agent, args=(load, folder, port, told, leave))
    process.start()
    assert process.pid is not None
    yield process.pid, told.get()
    leave.set()
    process.join()


def feed_by(
    way: str, recorder: Recorder, load: Load, folder: Path, others: dict[str, int]
) -> Taken:
    if way == "direct":
        return feed(recorder, load, others)
    if way == "agent_http":
        return feed_over_http(recorder, load, folder, others)
    return feed_over_mqtt(recorder, load, folder, others, by_agent=way == "agent_mqtt")


def measure(options: argparse.Namespace, place: Place, folder: Path) -> None:
    ledger = open_ledger(place.url, clock=SystemClock())
    begin(ledger)
    load = Load(options.sensors, options.rate, options.seconds, not options.flat_out)
    known = sensors(options.sensors)
    recorder = Recorder(ledger.engine, known, sources=[SOURCE], clock=SystemClock())
    with contextlib.ExitStack() as held:
        if not options.alone:
            with appending(place.url, first=1) as alone:
                time.sleep(min(10.0, options.seconds))
            show_latency(alone, "alone")
            beside = held.enter_context(appending(place.url, first=1_000_000))
        taken = feed_by(options.way, recorder, load, folder, place.processes)
    recorder.close()
    taken.show(load.n)
    if not options.alone:
        show_latency(beside, "beside")
    look(ledger, known, load)


def look(ledger: Ledger, known: dict[str, Sensor], load: Load) -> None:
    """Rows without a gap, how long a window takes, and a sweep that thins all of it."""
    with ledger.engine.connect() as connection:
        counts = connection.execute(
            text("SELECT COUNT(*), MIN(at_us), MAX(at_us) FROM readings GROUP BY sensor")
        ).all()
    assert len(counts) == load.n_sensors
    assert {row[0] for row in counts} == {load.n_a_sensor}, "a gap"
    began = time.perf_counter()
    archive = Archive(ledger.engine, known)
    first, end = (moment(pick(row[at] for row in counts)) for pick, at in ((min, 1), (max, 2)))
    window = archive.window(SOURCE, "s1", first, end)
    read_s = time.perf_counter() - began
    summary = summarise(window)
    print(
        f"  a window of {len(window):,} readings read in {1000 * read_s:.0f} ms, "
        f"{summary.n_good:,} good"
    )
    keep = {"raw": 60.0, "every": 60.0}
    old = {
        name: each.model_copy(
            update={"keep": Sensor.model_validate({"name": "x", "keep": keep}).keep}
        )
        for name, each in known.items()
    }
    began = time.perf_counter()
    swept = sweep(ledger.engine, old, now=end + timedelta(hours=1))
    took_s = time.perf_counter() - began
    print(f"  a sweep made {swept.means:,} means of {swept.thinned:,} readings in {took_s:.1f} s")
    ledger.close()


def compare_layouts(folder: Path) -> None:
    """The table of the first migration, with times as text, against the present one: SQLite."""
    ledger = open_ledger(folder / "layout.db", clock=SystemClock())
    old = Table(
        "old_readings",
        MetaData(),
        Column("id", Integer, primary_key=True),
        *(Column(name, String) for name in ("source", "name", "unit")),
        Column("value", Float),
        Column("raw", Float),
        Column("quality", String),
        Column("source_time", UtcTime),
        Column("arrival_time", UtcTime),
    )
    with ledger.engine.begin() as connection:
        old.create(connection)
        connection.execute(text("CREATE INDEX i1 ON old_readings (source, name, source_time)"))
        connection.execute(text("CREATE INDEX i2 ON old_readings (arrival_time)"))
    from planner.readings import tables

    n, each = 200_000, 2_000
    for name, table, row in (
        ("times as text", old, _old_row), ("whole microseconds", tables.readings, _new_row)
    ):  # fmt: skip
        size, began = _size(folder), time.perf_counter()
        for first in range(0, n, each):
            rows = [row(at) for at in range(first, first + each)]
            with ledger.engine.begin() as connection:
                connection.execute(insert(table), rows)
        took_s = time.perf_counter() - began
        with ledger.engine.begin() as connection:
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == n
            connection.execute(text("SELECT 1"))
        with ledger.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        bytes_a_row = (_size(folder) - size) / n
        print(f"  {name}: {n / took_s:,.0f} rows a second, {bytes_a_row:.0f} bytes a row")
    ledger.close()


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.glob("layout.db*"))


def _old_row(n: int) -> dict[str, object]:
    at = START + timedelta(milliseconds=10 * (n // 50))
    return {
        "source": "oven", "name": f"sensor_{n % 50}", "unit": "degC", "value": 500.0 + n % 7,
        "raw": 500.0 + n % 7, "quality": "good", "source_time": at, "arrival_time": at,
    }  # fmt: skip


def _new_row(n: int) -> dict[str, object]:
    at_us = 1_795_000_000_000_000 + 10_000 * (n // 50)
    value = 500.0 + n % 7
    return {
        "sensor": n % 50, "at_us": at_us, "arrived_us": at_us, "raw": value, "raw_unit": None,
        "converted": value, "said": "good", "value": value, "quality": "good", "reason": None,
    }  # fmt: skip


WAYS = ["direct", "mqtt", "agent_mqtt", "agent_http", "layouts"]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--way", choices=WAYS, default="direct")
    parser.add_argument("--flat-out", action="store_true", help="as fast as they are taken")
    parser.add_argument("--alone", action="store_true", help="nothing is appended meanwhile")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=5000)
    parser.add_argument("--sensors", type=int, default=50)
    options = parser.parse_args()
    how = "flat out" if options.flat_out else f"{options.rate:,.0f} a second"
    load = os.getloadavg()[0]
    print(f"{options.database}, {options.way}, {how}, load {load:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="cost-") as name:
        folder = Path(name)
        if options.way == "layouts":
            compare_layouts(folder)
            return 0
        with places(options.database, folder) as place:
            measure(options, place, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
