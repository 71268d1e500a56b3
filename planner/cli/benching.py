"""The command that measures: bench."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.contending import Wanted, contend, print_lines
from planner.cli.options import Json
from planner.cli.written import require_folder, write_file
from planner.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from planner.bench import Pool, Race, Rules, Standing
    from planner.bench.comparing import Heard


class Acquisition(StrEnum):
    """Acquisition functions."""

    UCB = "ucb"
    LOG_NEI = "log_nei"


class Replay(StrEnum):
    """What a setting answers."""

    MEANS = "means"
    REPEAT = "repeat"


class Start(StrEnum):
    """Where races start."""

    RANDOM = "random"
    OWN = "own"


_HERE = Path("planner-bench")

# Why an option has no say where several are raced against each other, and what to do instead.
_BESIDE = {
    "--campaign": "a campaign file is run by itself, by the planner alone",
    "--trials": "each table and test function has a fixed number of trials, so that races of all "
    "planners compare",
    "--acquisition": "a variant has its own, as in --variant ei=acquisition:log_nei",
    "--start": "all begin at the same random settings; a variant may have its own start, as in "
    "--variant NAME=start:own",
    "--picture": "--page FILE.md writes the pictures beside the page",
}


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(bench)


def bench(
    tables: Annotated[
        Path | None,
        typer.Option(
            envvar="PLANNER_TABLES",
            help="Folder of real tables, NAME/data.csv; else those of packages olymp and summit.",
        ),
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(help="Race on this table only; repeat it for more.", show_default="all"),
    ] = None,
    campaign: Annotated[
        Path | None,
        typer.Option(help="Run this campaign file from every seed instead of racing on tables."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Races of the planner on each table.")] = 20,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Trials of a race; not with --against, --variant and --function.",
            show_default="20 % of the table, 20 to 60",
        ),
    ] = None,
    acquisition: Annotated[
        list[Acquisition] | None,
        typer.Option(
            help="Acquisition function; repeat it to compare; beside --against a --variant has it.",
            show_default="default",
        ),
    ] = None,
    replay: Annotated[
        list[Replay] | None,
        typer.Option(
            help="A setting answers with its mean or with one real repeat; repeat it for both.",
            show_default="means",
        ),
    ] = None,
    start: Annotated[
        Start, typer.Option(help="Five random settings, the same for all, or the planner's own.")
    ] = Start.RANDOM,
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="Race against this planner, all for every known one; repeat it for more.",
            show_default="none",
        ),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            help="Race with other settings too: NAME=setting:value,setting:value.",
            show_default="none",
        ),
    ] = None,
    function: Annotated[
        list[str] | None,
        typer.Option(
            help="Race on this test function, all for every one; repeat it for more.",
            show_default="none",
        ),
    ] = None,
    others_only: Annotated[
        bool,
        typer.Option("--others-only", help="The planner itself does not race with its defaults."),
    ] = False,
    peer_seeds: Annotated[
        int,
        typer.Option(
            min=1, help="Races of another planner, whatever --seeds says; a slow one runs 10."
        ),
    ] = 20,
    peers: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the other planners' environments.", show_default="the user's cache"
        ),
    ] = None,
    stored: Annotated[
        bool,
        typer.Option(
            "--stored",
            help="Other planners and variants play no more: their races that are there.",
        ),
    ] = False,
    races: Annotated[
        Path, typer.Option(help="Folder that keeps each race; type the same again to go on.")
    ] = _HERE,
    page: Annotated[
        Path | None, typer.Option(help="Write the figures as Markdown, with a picture beside it.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Write the picture as SVG; of a race against others --page writes them."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure how soon the planner finds the best 5 % of tables that were really measured."""
    from rich.console import Console

    for each in filter(None, (page, picture)):
        require_folder(each)
    console = Console(stderr=True, highlight=False)
    if against or variant or function:
        typed = {
            "--campaign": campaign, "--trials": trials, "--acquisition": acquisition,
            "--start": start is not Start.RANDOM, "--picture": picture,
        }  # fmt: skip
        raced = {"--against": against, "--variant": variant, "--function": function}
        _refuse_beside(
            [name for name, value in raced.items() if value],
            [name for name, value in typed.items() if value],
        )
        words = _repeated(
            against=against or [], variant=variant or [], function=function or [],
            tables=["DIR"] if tables else [], table=table or [], seeds=[seeds],
            replay=replay or [],
        )  # fmt: skip
        words += [f"--peer-seeds {peer_seeds}", *(["--others-only"] if others_only else [])]
        words += ["--stored"] if stored else []
        wanted = Wanted(
            tables=tables,
            names=table or [],
            functions=function or [],
            against=against or [],
            variants=variant or [],
            replays=[each.value for each in replay or [Replay.MEANS]],
            is_own=not others_only,
            n_own=seeds,
            n_other=peer_seeds,
            peers=peers,
            races=races,
            is_stored=stored,
        )
        contend(
            wanted, console=console, command=" ".join(["planner bench", *words]), page=page,
            as_json=as_json,
        )  # fmt: skip
        return
    if campaign is not None:
        if table or trials or acquisition or replay or start is not Start.RANDOM:
            raise InputError(
                "A campaign's file says its table, trials, acquisition and start: give --campaign "
                "without --table, --trials, --acquisition, --replay and --start."
            )
        standings = _run_campaign(campaign, range(seeds), races, console)
    else:
        racers = _racers(acquisition or [], replay or [Replay.MEANS], start, trials)
        standings = _run_tables(tables, table or [], racers, range(seeds), races, console)
    if page is not None:
        words = _repeated(
            campaign=[campaign] if campaign else [],
            tables=["DIR"] if tables and not campaign else [],
            table=table or [],
            seeds=[seeds],
            trials=[trials] if trials else [],
            acquisition=acquisition or [],
            replay=replay or [],
            start=[start] if start is not Start.RANDOM else [],
        )
        command = " ".join(["planner bench", *words])
        _write_page(page, standings, command=command, campaign=campaign)
    if picture is not None:
        write_file(picture, _draw(standings))
    if as_json:
        from planner.bench.tabulated import standing_json

        typer.echo(json.dumps([standing_json(each) for each in standings], indent=2))
    else:
        _print_standings(standings, is_campaign=campaign is not None)


def _refuse_beside(raced: Sequence[str], typed: Sequence[str]) -> None:
    """Refuses options that have no say where several are raced against each other.

    Args:
        raced: the options that ask for such a race.
        typed: those of the others that were given beside them.

    Raises:
        InputError: there are any.
    """
    if typed:
        beside = f"cannot be given with {', '.join(raced)}"
        why = " ".join(f"{name} {beside}: {_BESIDE[name]}." for name in typed)
        raise InputError(f"{why} Leave {'it' if len(typed) == 1 else 'them'} out.")


def _repeated(**options: Sequence[object]) -> list[str]:
    """Returns options as they are typed, each as often as it has values."""
    return [f"--{name} {value}" for name, values in options.items() for value in values]


def _racers(
    acquisitions: Sequence[Acquisition],
    replays: Sequence[Replay],
    start: Start,
    trials: int | None,
) -> list[Rules]:
    from planner.acquisition import Settings
    from planner.bench.racing import Rules

    named = [Settings(acquisition=each.value) for each in acquisitions] or [Settings()]
    return [
        Rules(replay=replay.value, start=start.value, n_trials=trials, settings=settings)
        for settings in named
        for replay in replays
    ]


def _run_tables(
    tables: Path | None,
    names: Sequence[str],
    racers: Sequence[Rules],
    seeds: Sequence[int],
    races: Path,
    console: Console,
) -> list[Standing]:
    from planner.bench import compare, enter, read_pools

    pools = read_pools(names, tables=tables)
    n_races = len(enter(pools, racers)) * len(seeds)
    with _progress(console, n_races, n_seeds=len(seeds)) as heard:
        return compare(pools, racers, seeds=seeds, folder=races, heard=heard)


def _run_campaign(
    file: Path, seeds: Sequence[int], races: Path, console: Console
) -> list[Standing]:
    from planner.bench import accept

    with _progress(console, len(seeds), n_seeds=len(seeds)) as heard:
        return [accept(file, seeds=seeds, folder=races, heard=heard)]


@contextmanager
def _progress(console: Console, n_races: int, *, n_seeds: int) -> Iterator[Heard]:
    """Shows a bar on a terminal, and a line a table elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from planner.bench import score

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("races", total=n_races)
        n_done = 0

        def heard(pool: Pool, rules: Rules, race: Race) -> None:
            nonlocal n_done
            n_done += 1
            bar.update(task, advance=1, description=f"{pool.name}, seed {race.seed}")
            if not console.is_terminal and n_done % n_seeds == 0:
                found = int(score(pool, race).found[-1])
                console.print(
                    f"{n_done} of {n_races} races: {pool.name}, {rules.settings.acquisition}, "
                    f"{rules.replay}; the last one found {found} of {pool.n_winners}"
                )

        yield heard


def _write_page(
    page: Path, standings: Sequence[Standing], *, command: str, campaign: Path | None
) -> None:
    """Writes the page, and its picture beside it under the same name."""
    from planner.bench.machine import describe_machine, describe_versions
    from planner.bench.pages import Origin, write_campaign_page, write_tables_page
    from planner.bench.storing import DECIDING, LOOPING, fingerprint

    origin = Origin(
        command=command,
        code=fingerprint(LOOPING if campaign else DECIDING),
        versions=describe_versions(),
        machine=describe_machine(),
    )
    picture = page.with_suffix(".svg")
    if campaign is not None:
        text = write_campaign_page(standings[0], picture=picture.name, origin=origin)
    else:
        has_readme = page.with_name("README.md").exists()
        text = write_tables_page(
            standings, picture=picture.name, origin=origin, has_readme=has_readme
        )
    write_file(page, text)
    write_file(picture, _draw(standings))


def _draw(standings: Sequence[Standing]) -> str:
    from planner.bench.pages import draw_standings

    return draw_standings(standings)


def _print_standings(standings: Sequence[Standing], *, is_campaign: bool) -> None:
    from rich.console import Console

    from planner.bench.tabulated import describe_rules, summary

    console = Console(highlight=False)
    for rules in dict.fromkeys(each.rules for each in standings):
        same = [each for each in standings if each.rules == rules]
        start = "its own start" if rules.start == "own" else "five shared random starts"
        console.print(f"{describe_rules(rules).capitalize()}, from {start}", soft_wrap=True)
        print_lines(summary(same))
    for each in standings:
        if each.keeps_promise is False:
            console.print(f"{each.pool.name}: at most {each.pool.promise} are promised: missed.")
    if is_campaign:
        console.print(_judge(standings[0]), soft_wrap=True)


def _judge(standing: Standing) -> str:
    """Returns what campaigns found: how many of the best settings, and how good the best was."""
    from planner.bench.pages import best_found

    best, worst, n_near = best_found(standing)
    found, n = standing.n_found, len(standing.scores)
    return (
        f"Found of the best 5 %: median {found.value:g} ({found.low:g} to {found.high:g}) of "
        f"{standing.pool.n_winners}. Best mean of the table {best:.4g}; the worst of the best "
        f"found {worst:.4g}; within two repeat deviations in {n_near} of {n} campaigns."
    )
