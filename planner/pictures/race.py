"""Planners against each other: share of the best conditions found, against the number of trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from planner.errors import InputError
from planner.pictures.arrays import own_intervals, own_vector, refuse_beyond
from planner.pictures.axis import (
    LETTERS_PX,
    Quantity,
    Range,
    fitted,
    named,
    number_axis,
)
from planner.pictures.frame import (
    WIDTH_PX,
    add_grid,
    add_legend,
    add_note,
    house_style,
    new_figure,
    rows_and_columns,
)
from planner.pictures.palette import GREY, INK, LINE_LOOKS, LineLook
from planner.pictures.svg import svg_text

_RANDOM_DASH = (0, (5, 2))
_ORACLE_DASH = (0, (1, 1.5))


@dataclass(frozen=True, slots=True, eq=False)
class Racer:
    """One planner on one table.

    Args:
        planner: its name.
        share: share of the best conditions found after 1, 2, ... trials, shape (t,), 0 to 1.
        interval: the band around it, shape (t, 2).

    Raises:
        InputError: a number missing or outside 0 to 1, or shapes that differ.
    """

    planner: str
    share: Float[np.ndarray, " t"]
    interval: Float[np.ndarray, "t 2"]

    def __post_init__(self) -> None:
        share = _own_share(self.share, what=f"Planner '{self.planner}', share")
        what = f"Planner '{self.planner}', band"
        interval = own_intervals(self.interval, what=what, n=share.size)
        refuse_beyond(interval, what=what, low=0.0, high=1.0, rule="A share lies between 0 and 1.")
        object.__setattr__(self, "share", share)
        object.__setattr__(self, "interval", interval)


@dataclass(frozen=True, slots=True, eq=False)
class RaceTable:
    """One panel: a table of known outcomes and the planners that were run on it.

    Args:
        table: its name.
        racers: one a planner; they may have run for different numbers of trials.
        random: expected share of random choice after 1, 2, ... trials, shape (t,).
        oracle: the share that a planner who knows the table reaches, shape (t,).

    Raises:
        InputError: a share missing or outside 0 to 1, no racer, or a planner named twice.
    """

    table: str
    racers: Sequence[Racer]
    random: Float[np.ndarray, " t"]
    oracle: Float[np.ndarray, " t"]

    def __post_init__(self) -> None:
        names = [racer.planner for racer in self.racers]
        if not names or len(set(names)) < len(names):
            raise InputError(
                f"Race on table '{self.table}': the planners are {', '.join(names) or 'none'}. "
                "Give at least one, each once."
            )
        object.__setattr__(self, "racers", tuple(self.racers))
        for name in ("random", "oracle"):
            own = _own_share(getattr(self, name), what=f"Race on table '{self.table}', {name}")
            object.__setattr__(self, name, own)


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """A benchmark.

    Args:
        tables: one panel each.
        counted: what is counted, such as "best 5 %".
        band: what the bands are, such as "interquartile range of 20 runs".

    Raises:
        InputError: no table, or more planners than there are looks to tell them apart.
    """

    tables: Sequence[RaceTable]
    band: str
    counted: str = "best 5 %"

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", tuple(self.tables))
        if not self.tables:
            raise InputError("A race needs at least one table.")
        if len(self.planners) > len(LINE_LOOKS):
            raise InputError(
                f"A race of {len(self.planners)} planners: no more than {len(LINE_LOOKS)} can be "
                "told apart in one picture. Draw two."
            )

    @property
    def planners(self) -> tuple[str, ...]:
        """All planners, in the order in which they first appear."""
        return tuple(dict.fromkeys(r.planner for table in self.tables for r in table.racers))


def draw_race(race: Race, *, width_px: float = WIDTH_PX) -> str:
    """Return the picture as an SVG element, ``width_px`` pixels wide."""
    rows, columns = rows_and_columns(len(race.tables), width_px)
    panel_px = 320.0 if len(race.tables) == 1 else 215.0
    looks = dict(zip(race.planners, LINE_LOOKS, strict=False))
    with house_style():
        figure = new_figure(width_px, rows * panel_px)
        for place, table in enumerate(race.tables):
            axes = figure.add_subplot(rows, columns, place + 1, gid="panel")
            _set_axes(axes, race, table, width_px=0.8 * width_px / columns, height_px=panel_px)
            if place % columns:
                axes.set_ylabel("")
                axes.tick_params(axis="y", labelleft=False)
            _draw_table(axes, table, looks)
        add_legend(figure, _handles(looks))
        add_note(figure, f"Lines: mean share found. Bands: {race.band}.")
        title = f"Share of the {race.counted} found against trials"
        return svg_text(figure, title=title, summary=_summary(race))


def _own_share(share: Float[np.ndarray, " t"], *, what: str) -> Float[np.ndarray, " t"]:
    own = own_vector(share, what=what)
    if not own.size:
        raise InputError(f"{what}: there is no trial. Give the share after at least one.")
    refuse_beyond(own, what=what, low=0.0, high=1.0, rule="A share lies between 0 and 1.")
    return own


def _set_axes(
    axes: Axes, race: Race, table: RaceTable, *, width_px: float, height_px: float
) -> None:
    longest = max(table.random.size, table.oracle.size, *(r.share.size for r in table.racers))
    room = max(0.02 * longest, 0.4)
    trials = Quantity("trials", "", is_whole=True)
    number_axis(axes, "x", Range(1 - room, longest + room), quantity=trials, length=width_px)
    found = Quantity(f"{race.counted} found", "%")
    number_axis(axes, "y", Range(-3.0, 103.0), quantity=found, length=0.7 * height_px)
    add_grid(axes)
    axes.set_title(
        fitted(table.table, width_px, size=LETTERS_PX, lines=2), loc="left", fontsize=LETTERS_PX
    )


def _draw_table(axes: Axes, table: RaceTable, looks: dict[str, LineLook]) -> None:
    for name, share, dash, colour in (
        ("oracle", table.oracle, _ORACLE_DASH, INK),
        ("random", table.random, _RANDOM_DASH, GREY),
    ):
        trials = np.arange(1, share.size + 1)
        axes.plot(trials, 100 * share, color=colour, linestyle=dash, linewidth=1.5, gid=name)
    for racer in table.racers:
        _draw_racer(axes, racer, looks[racer.planner], place=list(looks).index(racer.planner))


def _draw_racer(axes: Axes, racer: Racer, look: LineLook, *, place: int) -> None:
    """A line, its band, and some six markers, shifted so that those of two planners stand apart."""
    trials = np.arange(1, racer.share.size + 1)
    low, high = 100 * racer.interval.T
    axes.fill_between(
        trials, low, high, color=look.colour, alpha=0.13, linewidth=0, gid=f"band-{place}"
    )
    every = max(racer.share.size // 6, 1)
    axes.plot(
        trials, 100 * racer.share, color=look.colour, linestyle=look.dash, linewidth=1.7,
        marker=look.marker, markersize=4.5, markevery=(place * every // len(LINE_LOOKS), every),
        gid=f"planner-{place}", zorder=3,
    )  # fmt: skip


def _handles(looks: dict[str, LineLook]) -> list[Artist]:
    handles: list[Artist] = [
        Line2D(
            [], [], color=look.colour, linestyle=look.dash, linewidth=1.7, marker=look.marker,
            markersize=4.5, label=planner,
        )
        for planner, look in looks.items()
    ]  # fmt: skip
    random = Line2D([], [], color=GREY, linestyle=_RANDOM_DASH, linewidth=1.5)
    oracle = Line2D([], [], color=INK, linestyle=_ORACLE_DASH, linewidth=1.5)
    random.set_label("random choice, expected")
    oracle.set_label("oracle, the ceiling")
    return [*handles, random, oracle]


def _summary(race: Race) -> str:
    said = [f"Share of the {race.counted} found against the number of trials; bands: {race.band}."]
    for table in race.tables:
        ends = [
            f"{racer.planner} {100 * racer.share[-1]:.0f} % after {racer.share.size}"
            for racer in table.racers
        ]
        ends.append(f"random choice {100 * table.random[-1]:.0f} % after {table.random.size}")
        ends.append(f"oracle {100 * table.oracle[-1]:.0f} % after {table.oracle.size}")
        said.append(f"{named(table.table, '')}: {'; '.join(ends)}.")
    return " ".join(said)
