"""The command that shows what sensors measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import As, File, Json
from planner.cli.places import make_place
from planner.cli.written import require_folder, write_file

if TYPE_CHECKING:
    from planner.pictures.readings import SensorReadings
    from planner.readings import Window
    from planner.readings.window import Floats


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(readings)


def readings(
    file: File,
    sensor: Annotated[
        str | None,
        typer.Argument(help="One sensor; none for all of them.", show_default=False),
    ] = None,
    since: Annotated[
        str,
        typer.Option(help="How long ago, such as '2 h', or a date and time."),
    ] = "1 h",
    trial: Annotated[
        int | None,
        typer.Option("--trial", min=1, help="The time of this trial, instead of --since."),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print every reading as CSV.")] = False,
    picture: Annotated[
        Path | None, typer.Option(help="Write raw and filtered readings as a picture (SVG).")
    ] = None,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Show what sensors measured: last values, rates, quality; or the readings of one.

    Raw values are kept beside filtered ones. What does not count (no number, outside the limits,
    an outlier, a unit that is not understood) says why; gaps are named and never filled.
    """
    from planner.errors import InputError
    from planner.loop.sensors.sensing import (
        describe_standings,
        read_since,
        standing_facts,
        windows_of,
    )
    from planner.loop.sessions.desk import looking_at

    if sensor is None and (csv or picture is not None or trial is not None):
        raise InputError(
            "--csv, --picture and --trial need a sensor: add its name behind the file."
        )
    if picture is not None:
        require_folder(picture)
    with looking_at(make_place(file, name)) as session:
        begin = read_since(since, session.clock.now())
        if sensor is None:
            said = describe_standings(session, begin)
            facts = json.dumps(standing_facts(session, begin), indent=2) if as_json else ""
            typer.echo(facts or "\n".join(said))
            return
        windows = windows_of(session, sensor, since=begin, trial=trial)
    _show(windows, csv=csv, as_json=as_json)
    if picture is not None:
        _draw(windows, picture)


def _show(windows: list[Window], *, csv: bool, as_json: bool) -> None:
    from planner.loop.sensors.sensing import describe_window
    from planner.readings import summarise

    if csv:
        typer.echo("\n".join(_csv(windows)))
    elif as_json:
        facts = [
            {
                "sensor": each.name,
                "source": each.source,
                "unit": each.unit,
                **asdict(summarise(each)),
            }
            for each in windows
        ]
        typer.echo(json.dumps(facts, indent=2))
    else:
        typer.echo("\n".join(line for each in windows for line in describe_window(each)))


def _csv(windows: list[Window]) -> list[str]:
    import csv
    import io
    import math

    from planner.readings.wire import moment

    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["source", "at", "value", "unit", "raw", "raw unit", "quality", "reason"])
    for window in windows:
        for n, at_us in enumerate(window.at_us):
            value, raw = (
                "" if math.isnan(each) else repr(float(each))
                for each in (window.value[n], window.raw[n])
            )
            rows.writerow(
                [
                    *(window.source, moment(int(at_us)).isoformat(), value, window.unit),
                    *(raw, window.raw_unit[n] or window.unit),
                    *(window.quality[n], window.reason[n] or ""),
                ]
            )
    return out.getvalue().splitlines()


def _draw(windows: list[Window], picture: Path) -> None:
    from planner.errors import InputError
    from planner.pictures.readings import draw_readings

    if len(windows) > 1:
        names = ", ".join(each.source for each in windows)
        raise InputError(
            f"{windows[0].name!r} comes from several sources ({names}), and a picture shows one. "
            "Take the time of a trial (--trial), whose device is known."
        )
    write_file(picture, draw_readings(_drawn(windows[0])))
    typer.echo(f"Wrote {picture}.", err=True)


def _drawn(window: Window) -> SensorReadings:
    from planner.pictures.readings import SensorReadings
    from planner.readings.wire import microseconds

    start_us = microseconds(window.start)
    length_s = (window.end - window.start).total_seconds()
    size, unit = next(
        (size, unit)
        for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
        if length_s >= 2 * size or unit == "s"
    )

    def places(at_us: int) -> float:
        return (at_us - start_us) / 1e6 / size

    return SensorReadings(
        name=window.name,
        unit="" if window.unit == "1" else window.unit,
        t_name=f"time since {window.start:%Y-%m-%d %H:%M:%S} UTC",
        t_unit=unit,
        t=(window.at_us - start_us) / 1e6 / size,
        raw=_in_one_unit(window),
        value=window.value,
        gaps=[(places(microseconds(a)), places(microseconds(b))) for a, b in window.gaps],
        span=(0.0, max(length_s / size, 1e-6)),
    )


def _in_one_unit(window: Window) -> Floats:
    """Returns raw values in the sensor's unit; NaN for one that came in what is no such unit."""
    import math

    import numpy as np

    from planner.errors import UnitError
    from planner.units import convert

    values = np.array(window.raw)
    for n, unit in enumerate(window.raw_unit):
        if unit is not None and not math.isnan(values[n]):
            try:
                values[n] = convert(float(values[n]), given=unit, wanted=window.unit)
            except UnitError:
                values[n] = np.nan
    return values
