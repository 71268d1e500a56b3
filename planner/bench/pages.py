"""Pages of figures: Markdown with a picture beside it, the same whenever the races are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from planner.bench.racing import Rules
from planner.bench.scoring import Standing
from planner.bench.tabulated import REPLAYS, Lines, describe_rules, halves, regrets
from planner.pictures import Race as RacePicture
from planner.pictures import Racer, RaceTable, draw_race


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a page's figures can be had again.

    Args:
        command: that makes the page.
        code: fingerprint of the code that chose.
        versions: of the packages.
        machine: on which seconds were measured.
    """

    command: str
    code: str
    versions: str
    machine: str


def draw_standings(standings: Sequence[Standing]) -> str:
    """Returns the share found against trials as an SVG element, a panel a table."""
    tables = []
    by_pool = groupby(standings, key=lambda each: each.pool.name)
    for name, group in by_pool:
        same = list(group)
        racers = [
            Racer(describe_rules(each.rules), each.share, each.share_interval) for each in same
        ]
        tables.append(RaceTable(name, racers, same[0].random_share, same[0].oracle_share))
    n_seeds = len(standings[0].scores)
    seeds = "1 seed" if n_seeds == 1 else f"{n_seeds} seeds"
    band = f"95 % bootstrap intervals of the mean over {seeds}"
    return draw_race(RacePicture(tables, band=band))


def write_tables_page(
    standings: Sequence[Standing], *, picture: str, origin: Origin, has_readme: bool = False
) -> str:
    """Returns the page of races on tables.

    Args:
        standings: pool by pool.
        picture: name of the SVG file beside it.
        origin: how to have it again.
        has_readme: whether a README.md lies beside it, which then says how things are measured.
    """
    described = "What is measured, and how, is said in [README.md](README.md)."
    parts = [
        "# Races on real tables",
        *([described] if has_readme else []),
        f"![Share of the best 5 % found against trials]({picture})",
    ]
    for rules in dict.fromkeys(_without_length(each.rules) for each in standings):
        same = [each for each in standings if _without_length(each.rules) == rules]
        start = (
            "from five shared random starts" if rules.start == "random" else "from its own start"
        )
        parts += [
            f"## {describe_rules(rules).capitalize()}, {start}",
            markdown(halves(same)),
            markdown(regrets(same)),
        ]
    return "\n\n".join([*parts, said_origin(origin)]) + "\n"


def write_campaign_page(standing: Standing, *, picture: str, origin: Origin) -> str:
    """Returns the page of a whole campaign; arguments as of ``write_tables_page``."""
    pool = standing.pool
    n, found = len(standing.scores), standing.n_found
    counts = Counter(int(score.found[-1]) for score in standing.scores)
    histogram = Lines(
        (f"found of {pool.n_winners}", "campaigns"),
        tuple((str(number), str(counts[number])) for number in sorted(counts)),
    )
    chance = standing.random_share[-1] * pool.n_winners
    parts = [
        f"# Campaign {pool.name}, {n} seeds",
        f"The campaign file as it is, run to its end by the real loop, from the planner's own "
        f"start, {len(standing.share)} trials, {REPLAYS['repeat']} for each.",
        f"![Share of the best 5 % found against trials]({picture})",
        "## Settings of the best 5 % that were found",
        f"Median {found.value:g} of {pool.n_winners} (95 % bootstrap interval {found.low:g} to "
        f"{found.high:g}); random choice finds {chance:.1f} on average.",
        markdown(histogram),
        "## The best setting that was found",
        _best_found(standing),
        "## Against random choice and the ceiling",
        markdown(halves([standing])),
        markdown(regrets([standing])),
        said_origin(origin),
    ]
    return "\n\n".join(parts) + "\n"


def best_found(standing: Standing) -> tuple[float, float, int]:
    """Returns the pool's best mean, the worst of the best found, and how many are near it.

    Near is within two deviations of a single repeat; none where the table has no repeats.
    """
    pool = standing.pool
    best = float(pool.means[np.argmax(pool.utilities)])
    found = np.array([score.best for score in standing.scores])
    worst = float(found[np.argmax(np.abs(found - best))])
    margin = 2 * (pool.repeat_sd or 0.0)
    return best, worst, int((np.abs(found - best) <= margin).sum())


def _best_found(standing: Standing) -> str:
    best, worst, n_near = best_found(standing)
    n = len(standing.scores)
    counts = Counter(score.best for score in standing.scores)
    lines = Lines(
        ("mean of the best setting found", "campaigns"),
        tuple((f"{value:.4g}", str(counts[value])) for value in sorted(counts, reverse=True)),
    )
    sd = standing.pool.repeat_sd
    near = (
        f"It lies within two repeat deviations ({2 * sd:.2g}) of the table's best in "
        f"{n_near} of {n} campaigns."
        if sd
        else "The table has no repeats, so there is no deviation to compare with."
    )
    return (
        f"By its mean over all repeats; the table's best is {best:.4g}, the worst of the best "
        f"found {worst:.4g}.\n{near}\n\n{markdown(lines)}"
    )


def _without_length(rules: Rules) -> Rules:
    return Rules(replay=rules.replay, start=rules.start, settings=rules.settings)


def markdown(lines: Lines) -> str:
    """Returns the table; a column in which nothing was measured is left out."""
    columns = [
        (header, *cells)
        for header, cells in zip(lines.headers, zip(*lines.rows, strict=True), strict=True)
        if set(cells) != {"-"}
    ]
    headers, *body = zip(*columns, strict=True)
    rows = [headers, tuple("---" for _ in headers), *body]
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)


def said_origin(origin: Origin) -> str:
    """Returns how the figures can be had again."""
    return (
        f"## How to have these figures again\n\n```\n{origin.command}\n```\n\n"
        f"Code {origin.code}; {origin.versions}.\nMeasured on {origin.machine}."
    )
