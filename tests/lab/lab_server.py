"""A lab as a process of its own, with its own record of what it was asked and what it did.

``python lab_server.py RECORD PORT LATENCY_S``: a keyed device. ``PUT /jobs/{key}`` inserts or
ignores; one job is performed after the other; each act leaves a line in the table ``acts``, which
has no unique key on purpose: an act that was performed twice stands there twice. At boot an
accepted job is still to be done, and of one that had started nobody knows.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

_TABLES = """
create table if not exists jobs (key text primary key, digest text, parameters text, state text,
  result text, reason text default '', number integer);
create table if not exists acts (key text, at real);
"""


class Record:
    """What the lab keeps on its disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.arrived = threading.Event()
        self.arrived.set()  # there may be jobs from before
        with closing(sqlite3.connect(path)) as database:
            database.execute("pragma journal_mode = wal")
            database.executescript(_TABLES)
        with self._open() as database:
            database.execute(
                "update jobs set state = 'unknown', reason = 'the lab restarted meanwhile' "
                "where state = 'started'"
            )

    def insert(self, key: str, order: dict[str, object]) -> bool:
        """Insert or ignore; tell whether the key stands for this order."""
        with self._open() as database:
            database.execute(
                "insert or ignore into jobs (key, digest, parameters, state, number) "
                "values (?, ?, ?, 'accepted', (select count(*) from jobs))",
                (key, order["digest"], json.dumps(order["parameters"])),
            )
            row = database.execute("select digest from jobs where key = ?", (key,)).fetchone()
        self.arrived.set()
        return bool(row[0] == order["digest"])

    def read(self, key: str) -> dict[str, object] | None:
        with self._open() as database:
            row = database.execute(
                "select state, result, reason from jobs where key = ?", (key,)
            ).fetchone()
        if row is None:
            return None
        result = json.loads(row[1]) if row[1] else None
        return {"key": key, "state": row[0], "result": result, "reason": row[2]}

    def start_next(self) -> tuple[str, dict[str, object]] | None:
        """Commit that the next job starts, with its act, before anything moves."""
        with self._open() as database:
            row = database.execute(
                "select key, parameters from jobs where state = 'accepted' order by number"
            ).fetchone()
            if row is None:
                return None
            database.execute("update jobs set state = 'started' where key = ?", (row[0],))
            database.execute("insert into acts values (?, ?)", (row[0], time.time()))
        return row[0], json.loads(row[1])

    def finish(self, key: str, result: dict[str, object]) -> None:
        with self._open() as database:
            database.execute(
                "update jobs set state = 'done', result = ? where key = ? and state = 'started'",
                (json.dumps(result), key),
            )

    def abort(self, key: str) -> None:
        with self._open() as database:
            database.execute(
                "update jobs set state = 'aborted' where key = ? and state = 'accepted'", (key,)
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the record for one transaction, durable at the end of the block."""
        with closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as database:
            database.execute("pragma synchronous = full")
            database.execute("begin immediate")
            yield database
            database.execute("commit")  # closing without it rolls back


def measure(parameters: dict[str, object]) -> dict[str, object]:
    """Return the yield of a smooth process with one optimum, at 130 degC and 3 sccm."""
    temperature = float(parameters["temperature"]["value"])  # type: ignore[index]
    flow = float(parameters["flow"]["value"])  # type: ignore[index]
    value = 90.0 - 0.02 * (temperature - 130.0) ** 2 - 5.0 * (flow - 3.0) ** 2
    return {"outcomes": {"yield": {"value": value, "unit": "percent", "sd": None}}, "achieved": {}}


def work(record: Record, latency_s: float) -> None:
    while record.arrived.wait():
        record.arrived.clear()
        while (job := record.start_next()) is not None:
            time.sleep(latency_s)
            record.finish(job[0], measure(job[1]))


def make_handler(record: Record) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self._key()
            same = record.insert(key, order)
            self._say(200 if same else 409, record.read(key))

        def do_GET(self) -> None:
            found = record.read(self._key())
            self._say(200 if found else 404, found)

        def do_DELETE(self) -> None:
            record.abort(self._key())
            self.do_GET()

        def _key(self) -> str:
            return unquote(self.path.removeprefix("/jobs/"))

        def _say(self, status: int, body: object) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    return Handler


def main() -> None:
    record = Record(Path(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), make_handler(record))
    print(server.server_address[1], flush=True)
    threading.Thread(target=work, args=(record, float(sys.argv[3])), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
