"""The database is killed while readings are written: the recorder waits, nothing is lost."""

from __future__ import annotations

import time

import pytest
from postgresql_server import serving
from reading_samples import reading, rows_of, sensor

from planner.clock import SystemClock
from planner.ledger import open_ledger
from planner.readings import Recorder

N_PARCELS, IN_A_PARCEL = 60, 200


@pytest.mark.slow
def test_no_reading_is_lost_or_doubled_when_the_server_is_killed_and_started_again() -> None:
    """What was taken before, meanwhile and after is there, filtered ones too."""
    with serving() as server:
        ledger = open_ledger(server.url(), clock=SystemClock())
        known = {"temperature": sensor(filter={"outliers": 7, "resolution": 0.1})}
        recorder = Recorder(ledger.engine, known, sources=["oven"], clock=SystemClock())
        for number in range(N_PARCELS):
            first = number * IN_A_PARCEL
            parcel = [reading(second, 20.0) for second in range(first, first + IN_A_PARCEL)]
            assert recorder.take("oven", parcel, wait_s=10)
            if number == N_PARCELS // 2:
                until = time.monotonic() + 10
                while not recorder._is_writing and time.monotonic() < until:
                    time.sleep(0.001)
                server.stop("immediate")
        until = time.monotonic() + 20
        while not recorder.trouble:
            assert time.monotonic() < until
            time.sleep(0.01)
        server.start()
        assert recorder.flush(60)
        assert recorder.close()
        rows = rows_of(ledger.engine)
        assert [row["value"] for row in rows] == [20.0] * (N_PARCELS * IN_A_PARCEL)
        ledger.close()
