"""What ``bench --against`` does: other planners, variants and test functions in one race."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from planner.errors import MissingPackage

if TYPE_CHECKING:
    from rich.console import Console

    from planner.bench.against import Comparison, Entrant, Field, Runs
    from planner.bench.against.entrants import On
    from planner.bench.against.race import Heard
    from planner.bench.peers import Peer
    from planner.bench.racing import Race, Replay
    from planner.bench.tabulated import Lines

_WIDEST = 400  # letters of a table that is printed
EVERY_S = 60.0  # between two lines of progress where there is no terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was typed.

    Args:
        tables: folder of real tables.
        names: of the pools; empty for all, unless there are test functions.
        functions: names of test functions.
        against: names of the peers.
        variants: of the planner itself, as they are written.
        replays: what a setting answers.
        is_own: whether the planner itself races with its defaults.
        n_own: starts of the planner itself.
        n_other: starts of another one.
        peers: folder of the environments.
        races: folder of the races.
        is_stored: whether the other planners play nothing.
    """

    tables: Path | None
    names: Sequence[str]
    functions: Sequence[str]
    against: Sequence[str]
    variants: Sequence[str]
    replays: Sequence[Replay]
    is_own: bool
    n_own: int
    n_other: int
    peers: Path | None
    races: Path
    is_stored: bool


def contend(
    wanted: Wanted, *, console: Console, command: str, page: Path | None, as_json: bool
) -> None:
    """Races and says what came of it."""
    from planner.bench.against import compare_all

    lineup, missing = _line_up(wanted, console)
    _say_estimate(lineup, console)
    comparisons = compare_all(lineup, _race(lineup, console))
    if page is not None:
        _write_page(page, lineup, comparisons, missing=missing, command=command)
    if as_json:
        from planner.bench.against.tabulated import comparison_json

        typer.echo(json.dumps([comparison_json(each, missing=missing) for each in comparisons]))
    else:
        _print(lineup, comparisons, missing)


def _line_up(wanted: Wanted, console: Console) -> tuple[Field, dict[str, str]]:
    """Returns who races where, and why those that cannot race cannot."""
    from planner.bench import read_pools
    from planner.bench.against import Field, Own
    from planner.bench.against.entrants import read_variant
    from planner.bench.functions import named_problems
    from planner.bench.peers import default_folder, named_peers

    folder = wanted.peers or default_folder()
    peers, missing = _installed(named_peers(wanted.against), folder, wanted.is_stored, console)
    own: list[Entrant] = [Own()] if wanted.is_own else []
    own += [read_variant(text) for text in wanted.variants]
    courses: list[On] = list(named_problems(wanted.functions))
    if wanted.names or not wanted.functions:
        courses += read_pools(wanted.names, tables=wanted.tables)
    lineup = Field(
        entrants=[*own, *peers],
        courses=courses,
        replays=wanted.replays,
        n_own=wanted.n_own,
        n_other=wanted.n_other,
        folder=wanted.races,
        is_stored=wanted.is_stored,
    )
    return lineup, missing


def _installed(
    peers: Sequence[Peer], folder: Path, is_stored: bool, console: Console
) -> tuple[list[Entrant], dict[str, str]]:
    from planner.bench.against import Other
    from planner.bench.peers import install

    racing: list[Entrant] = []
    missing: dict[str, str] = {}
    for peer in peers:
        python = cache(partial(install, peer, folder, said=console.print))
        try:
            if not is_stored:
                python()
        except MissingPackage as error:
            missing[peer.name] = str(error)
            console.print(f"{peer.name} does not race: {error}", soft_wrap=True)
            continue
        racing.append(Other(peer=peer, python=python))
    return racing, missing


def _say_estimate(lineup: Field, console: Console) -> None:
    from planner.bench.against import estimate
    from planner.campaign.words.phrases import count

    estimates = estimate(lineup)
    for each in estimates:
        cost = "cannot race" if each.cpu_h is None else f"{each.cpu_h:.2f} CPU-hours"
        left = f"{count(each.n_races, 'race')} to run, {cost} (from {each.basis})"
        said = left if each.n_races else "no race to run, all are there"
        console.print(f"{each.entrant}: {said}", soft_wrap=True)
    total = sum(each.cpu_h or 0.0 for each in estimates)
    if len(estimates) > 1:
        console.print(f"All together {total:.1f} CPU-hours, one process.")


def _race(lineup: Field, console: Console) -> Runs:
    from planner.bench.against import race

    n_races = sum(
        lineup.n_starts(entrant) * len(lineup.courses_of(replay))
        for replay, entrant in lineup.legs()
        if lineup.plays(entrant)
    )
    with _progress(console, n_races) as heard:
        return race(lineup, heard=heard)


@contextmanager
def _progress(console: Console, n_races: int) -> Iterator[Heard]:
    """Shows a bar on a terminal, and a line a minute elsewhere; a failure at once."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("races", total=n_races)
        n_done, said_at = 0, time.monotonic()

        def heard(entrant: Entrant, on: On, replay: Replay, run: Race) -> None:
            nonlocal n_done, said_at
            n_done += 1
            where = f"{entrant.name} on {on.name}, {replay}, seed {run.seed}"
            bar.update(task, advance=1, description=where)
            if run.failure is not None:
                console.print(f"{where} FAILED: {run.failure}", soft_wrap=True, markup=False)
            if not console.is_terminal and time.monotonic() > said_at + EVERY_S:
                said_at = time.monotonic()
                console.print(f"{n_done} of at most {n_races} races: {where}", soft_wrap=True)

        yield heard


def _print(lineup: Field, comparisons: Sequence[Comparison], missing: dict[str, str]) -> None:
    from rich.console import Console

    from planner.bench.against.leaving_out import leave_out, said_left_out, tell_choices
    from planner.bench.against.tabulated import overall, per_pool, repeat_costs
    from planner.bench.against.targets import judge_targets, tell_targets
    from planner.bench.tabulated import REPLAYS

    console = Console(highlight=False)
    for comparison in comparisons:
        console.print(f"{REPLAYS[comparison.replay].capitalize()}:", soft_wrap=True)
        print_lines(overall(comparison))
        for lines in per_pool(comparison):
            print_lines(lines)
        if left_out := leave_out(comparison, lineup.own_alike):
            course = comparison.course
            told = tell_choices(left_out, lineup.own_alike, course=course)
            console.print(told, soft_wrap=True, markup=False)
            print_lines(said_left_out(left_out, course=course))
    if costs := repeat_costs(comparisons):
        print_lines(costs)
    if verdicts := judge_targets(comparisons):
        print_lines(tell_targets(verdicts))
    _print_failures(comparisons, console)
    for name, why in missing.items():
        console.print(f"{name} did not race: {why}", soft_wrap=True, markup=False)


def _print_failures(comparisons: Sequence[Comparison], console: Console) -> None:
    for comparison in comparisons:
        for pool in comparison.pools:
            for name, judged in pool.judged.items():
                for seed, why in judged.failures.items():
                    console.print(
                        f"FAILED: {name} on {pool.on.name}, {comparison.replay}, seed {seed}: "
                        f"{why}", soft_wrap=True, markup=False,
                    )  # fmt: skip


def print_lines(lines: Lines) -> None:
    """Prints a table whole, also where the terminal is narrower."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

    console = Console(highlight=False)
    shown = Table(*lines.headers, box=SIMPLE, padding=(0, 1, 0, 0))
    for column in shown.columns:
        column.no_wrap = True
    for row in lines.rows:
        shown.add_row(*row)
    wide = Measurement.get(console, console.options.update(max_width=_WIDEST), shown).maximum
    Console(width=max(console.width, wide), highlight=False).print(shown)


def _write_page(
    page: Path,
    lineup: Field,
    comparisons: Sequence[Comparison],
    *,
    missing: dict[str, str],
    command: str,
) -> None:
    from planner.bench.against.page import write_against
    from planner.bench.machine import describe_machine, describe_versions
    from planner.bench.pages import Origin
    from planner.bench.storing import DECIDING, fingerprint

    origin = Origin(
        command=command,
        code=fingerprint(DECIDING),
        versions=describe_versions(),
        machine=describe_machine(),
    )
    write_against(page, lineup, comparisons, missing=missing, origin=origin)
