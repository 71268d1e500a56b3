"""Rows go to the driver directly; what the recorder relies on beside."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from planner.device.readings import AT_MOST_SENT
from planner.readings import recorder
from planner.readings.pen import Pen, read_around
from planner.readings.series import for_reading, for_writing


def write(engine: Engine, *times_us: int) -> None:
    pen = Pen()
    for at_us in times_us:
        pen.insert(
            sensor=1, at_us=at_us, arrived_us=5, raw=0.1, raw_unit="K", converted=1e300,
            said="good", value=None, quality="bad", reason="a tab\tand a \\N",
        )  # fmt: skip
    with for_writing(engine).begin() as connection:
        pen.write(connection)


def test_a_row_comes_back_as_it_was_written(engine: Engine) -> None:
    """Text that means something to COPY included; with those that can count on either side."""
    write(engine, 10, 20, 30, 40, 50)
    with for_reading(engine).connect() as connection:
        rows = read_around(connection, series=1, first_us=20, last_us=35, reach=1)
    assert sorted(row[0] for row in rows) == [10, 20, 30, 40]
    assert set(rows[0][1:]) == {1e300, "good", None, "bad", "a tab\tand a \\N"}


def test_what_the_database_refuses_is_an_error_that_the_recorder_waits_for(engine: Engine) -> None:
    """Also from COPY, which does not go through SQLAlchemy; nothing of the batch is there then."""
    write(engine, 10)
    with pytest.raises(SQLAlchemyError):
        write(engine, 9, 10)
    with for_reading(engine).connect() as connection:
        assert len(read_around(connection, series=1, first_us=0, last_us=99, reach=1)) == 1


def test_a_device_tells_as_much_at_once_as_is_written_at_once() -> None:
    """With less, a recorder would wait for more each time, before the device is asked again."""
    assert AT_MOST_SENT >= recorder._BATCH
