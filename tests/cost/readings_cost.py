"""What readings cost: how many a second are kept, and what the ledger's own writers wait beside.

``python tests/cost/readings_cost.py --database sqlite --seconds 60``: so many sensors send 5,000
readings a second together, half of them filtered, while another process appends the entries of
trials to the same ledger. See docs/benchmarks/readings.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Column, Float, Integer, MetaData, String, Table, func, insert, select, text

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "ledger"), str(ROOT / "tests" / "readings")]

from ledger_records import CAMPAIGN, begin, trial_steps  # noqa: E402
from mosquitto import Mosquitto, free_port  # noqa: E402
from postgresql_server import Server, serving  # noqa: E402

from planner.campaign import Sensor  # noqa: E402
from planner.clock import SystemClock  # noqa: E402
from planner.ledger import Ledger, open_ledger  # noqa: E402
from planner.ledger.column_types import UtcTime  # noqa: E402
from planner.readings import Archive, Reading, Recorder, summarise, sweep  # noqa: E402
from planner.readings.mqtt import Broker, Subscriber  # noqa: E402

START = datetime(2026, 11, 22, tzinfo=UTC)
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


@contextlib.contextmanager
def places(database: str, folder: Path) -> Iterator[str]:
    if database == "sqlite":
        yield str(folder / "ledger.db")
        return
    with serving() as server:
        server.stop()
        durable = Durable(server.folder, server.bin, server.user)
        durable.start()
        yield durable.create("cost")


@dataclass
class Load:
    """Readings of all sensors at a rate, as messages of one sensor each."""

    n_sensors: int
    rate: float
    seconds: float

    @property
    def n_a_sensor(self) -> int:
        return round(self.rate * self.seconds / self.n_sensors)

    def messages(self, size: int = 50) -> Iterator[tuple[float, list[Reading]]]:
        """When each is due, in seconds, and what it holds."""
        every_s = self.n_sensors / self.rate
        noise = np.random.default_rng(0).normal(0, 0.3, 10_007)
        for first in range(0, self.n_a_sensor, size):
            behind = min(first + size, self.n_a_sensor)
            for at in range(self.n_sensors):
                yield (
                    behind * every_s,
                    [
                        Reading(
                            name=f"s{at}",
                            at=START + timedelta(seconds=n * every_s),
                            value=500.0 + float(noise[(n * 31 + at) % 10_007]),
                            unit="degC",
                            sequence=n * self.n_sensors + at + 1,
                        )
                        for n in range(first, behind)
                    ],
                )


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


def publish(port: int, load: Load) -> None:
    """A device's process: publishes on time."""
    from paho.mqtt.client import Client, MQTTv5
    from paho.mqtt.enums import CallbackAPIVersion

    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.max_inflight_messages_set(20)
    client.connect("127.0.0.1", port)
    client.loop_start()
    began, last = time.perf_counter(), None
    for due_s, message in load.messages():
        time.sleep(max(0.0, began + due_s - time.perf_counter()))
        readings = [
            {"name": each.name, "unit": each.unit, "value": each.value, "quality": "good",
             "at": each.at.isoformat(), "sequence": each.sequence}
            for each in message
        ]  # fmt: skip
        last = client.publish("planner/oven/readings", json.dumps({"readings": readings}), qos=1)
    if last is not None:
        last.wait_for_publish(timeout=120)
    client.disconnect()
    client.loop_stop()


def feed(recorder: Recorder, load: Load, *, is_paced: bool) -> int:
    """Gives readings to the recorder; returns the most that waited to be written."""
    began, most = time.perf_counter(), 0
    for due_s, message in load.messages():
        if is_paced:
            time.sleep(max(0.0, began + due_s - time.perf_counter()))
        assert recorder.take("oven", message, wait_s=60)
        most = max(most, recorder.n_waiting)
    return most


def feed_over_mqtt(recorder: Recorder, load: Load, folder: Path) -> int:
    broker = Mosquitto(folder / "broker", free_port())
    broker.start()
    subscriber = Subscriber(
        Broker(host="127.0.0.1", port=broker.port, client_id="cost"), recorder, clock=SystemClock()
    )
    assert subscriber.wait_until_subscribed(10)
    device = multiprocessing.Process(target=publish, args=(broker.port, load))
    device.start()
    most = 0
    while device.is_alive():
        most = max(most, recorder.n_waiting)
        time.sleep(0.01)
    before = -1
    while (now := kept(recorder)) != before:  # what the broker still had
        before = now
        time.sleep(1.0)
    subscriber.close()
    broker.stop()
    return most


def kept(recorder: Recorder) -> int:
    recorder.flush()
    archive = Archive(recorder._engine, recorder._sensors)
    return sum(each.n_kept for each in archive.sources())


def measure(options: argparse.Namespace, place: str, folder: Path) -> None:
    ledger = open_ledger(place, clock=SystemClock())
    begin(ledger)
    load = Load(options.sensors, options.rate, options.seconds)
    wanted = load.n_a_sensor * load.n_sensors
    with appending(place, first=1) as alone:
        time.sleep(min(10.0, options.seconds))
    show_latency(alone, "alone")
    known = sensors(options.sensors)
    recorder = Recorder(ledger.engine, known, sources=["oven"], clock=SystemClock())
    with appending(place, first=1_000_000) as beside:
        began, cpu = time.perf_counter(), time.process_time()
        if options.way == "mqtt":
            most = feed_over_mqtt(recorder, load, folder)
        else:
            most = feed(recorder, load, is_paced=options.way == "paced")
        fed_s = time.perf_counter() - began
        assert recorder.flush(300)
        took_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    recorder.close()
    n = kept(recorder)
    print(
        f"  {n:,} of {wanted:,} readings kept, {wanted - n} missing; {took_s:.1f} s "
        f"({n / took_s:,.0f} a second; fed in {fed_s:.1f} s), at most {most:,} waited, "
        f"{100 * cpu_s / took_s:.0f} % of a core"
    )
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
    end = START + timedelta(seconds=load.seconds)
    window = archive.window("oven", "s1", START, end)
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


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--way", choices=["paced", "flat_out", "mqtt", "layouts"], default="paced")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=5000)
    parser.add_argument("--sensors", type=int, default=50)
    options = parser.parse_args()
    print(f"{options.database}, {options.way}, load {os.getloadavg()[0]:.1f}", flush=True)
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
