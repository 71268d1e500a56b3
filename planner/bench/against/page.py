"""The page of a comparison: Markdown, with pictures beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from planner.bench.against.comparison import Comparison
from planner.bench.against.drawing import draw_ceilings, draw_ranks, draw_regrets
from planner.bench.against.entrants import Other
from planner.bench.against.gaps import WITHIN, bounded, missed, passed_over, rank_gap
from planner.bench.against.leaving_out import leave_out, said_left_out, tell_choices
from planner.bench.against.paired import FEWEST
from planner.bench.against.race import Field
from planner.bench.against.tabulated import overall, per_pool, repeat_costs
from planner.bench.against.targets import judge_targets, tell_targets
from planner.bench.pages import Origin, markdown, said_origin
from planner.bench.pools import Pool
from planner.bench.tabulated import REPLAYS, Lines
from planner.campaign.words.phrases import count, listed
from planner.errors import InputError


def write_against(
    page: Path,
    lineup: Field,
    comparisons: Sequence[Comparison],
    *,
    missing: Mapping[str, str],
    origin: Origin,
) -> None:
    """Writes the page, and its pictures beside it under names that begin alike.

    Args:
        page: where.
        lineup: who raced where.
        comparisons: one a replay.
        missing: planners that could not race, and why.
        origin: how to have it again.

    Raises:
        InputError: nothing was raced, or the page cannot be written.
    """
    if not comparisons:
        raise InputError("Nothing has been raced yet, so there is no page to write.")
    is_open = comparisons[0].course == "function"
    title = "# Against other planners" + (" on test functions" if is_open else "")
    parts = [title, _how(lineup, comparisons, has_readme=page.with_name("README.md").exists())]
    if peers := _peers(lineup, is_open=is_open):
        headers = ("planner", "version", "set up", "in the open" if is_open else "on a pool")
        parts.append(markdown(Lines(headers, peers)))
    parts += [f"{name} did not race: {why}" for name, why in missing.items()]
    if verdicts := judge_targets(comparisons):
        parts += ["## What was wanted, and what came of it", markdown(tell_targets(verdicts))]
        parts.append(_POINTS)
    drawn: dict[str, str] = {}
    for comparison in comparisons:
        drawn |= _pictures(page, comparison)
        parts += _section(page, comparison, lineup)
    if costs := repeat_costs(comparisons):
        parts += ["## What a drawn repeat costs", _COSTS, markdown(costs)]
    parts += [*_failures(comparisons), said_origin(origin)]
    try:
        page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        for name, svg in drawn.items():
            page.with_name(name).write_text(svg, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{page} cannot be written ({error.strerror}).") from error


_POINTS = (
    "A figure without an interval is what these races came to, and so is its verdict; *not surely* "
    "is reached by the figure and not by its 95 % interval."
)
_COSTS = (
    "Median trials to half with one real repeat drawn over those with noise-free means, on the "
    "same starts; in brackets the pools on which both are reached."
)


_READ_OFF = {
    "pool": "Half and the share of the ceiling are over each one's own races.\n"
    "Regret is averaged over the budget (20 % of the pool, 20 to 60 trials); half counts "
    "within 100 trials on the four pools of the long race and within the budget elsewhere; the "
    "regret that is left is read off after 40 trials on every pool, and the last share of the "
    "ceiling counts a half wherever it was reached, also beyond the budget: every race is played "
    "to 40 trials at least.",
    "function": "Regret is that of true values, in units of the function's median over its space "
    "less its optimum, and is averaged over the race; noise is a twentieth of the function's "
    "deviation over its space. The regret that is left is read off after 40 trials.",
}
_SECTIONS = {
    "pool": REPLAYS,
    "function": {"means": "without noise", "repeat": "with noise"},
}


def _how(lineup: Field, comparisons: Sequence[Comparison], *, has_readme: bool) -> str:
    course = comparisons[0].course
    described = "What is measured is said in [README.md](README.md).\n" if has_readme else ""
    return (
        f"{described}"
        "Every planner has the same five random settings of each start with their outcomes"
        f"{_own_starts(lineup)}, runs in an environment of its own with one thread, and is told "
        "neither the budget nor the other planners' choices.\n"
        f"How many starts each planner ran stands in its row, least to most over the {course}s; "
        "differences are paired, over the starts that two planners share, with Student's interval "
        f"where they share {FEWEST} or more on one {course}.\n"
        f"Over all {course}s a difference has the interval of other starts on these very "
        f"{course}s, and beside it that of other {course}s, as a mean rank has.\n"
        f"{_how_own(comparisons)}"
        "Mean regret and what is left are those on the planner's own starts: its own figure less "
        "the paired difference.\n"
        "Ranked are the planner with its defaults and the other planners; another variant of it "
        "has the rank that it would have in its place.\n"
        "Seconds an ask are the processor time of whole races, being told what may be tried "
        "included, over their asks; starting the program and loading its libraries are left out.\n"
        f"{_READ_OFF[course]}\n"
        "A race that failed keeps what it had found until then."
    )


def _own_starts(lineup: Field) -> str:
    own = [entrant.name for entrant in lineup.entrants if entrant.start == "own"]
    return f" (only {' and '.join(own)} choose their own)" if own else ""


def _how_own(comparisons: Sequence[Comparison]) -> str:
    counts = comparisons[0].own_starts
    if not counts:
        return ""
    told = " and ".join(f"{count:g} of {name}" for name, count in counts.items())
    return (
        "An own start is spread over the pool in nearly the same way each time (different ones "
        f"on a pool, in the median: {told}); so its differences have the interval of other "
        "pools, not of other starts.\n"
    )


def _peers(lineup: Field, *, is_open: bool) -> tuple[tuple[str, ...], ...]:
    peers = [each.peer for each in lineup.entrants if isinstance(each, Other)]
    return tuple(
        (peer.name, peer.version or "-", peer.way, peer.in_the_open if is_open else peer.on_rows)
        for peer in peers
    )


def _pictures(page: Path, comparison: Comparison) -> dict[str, str]:
    drawn = {_name(page, comparison, "regret"): draw_regrets(comparison)}
    if comparison.mean_ranks:
        drawn[_name(page, comparison, "rank")] = draw_ranks(comparison)
    if _has_ceilings(comparison):
        drawn[_name(page, comparison, "ceiling")] = draw_ceilings(comparison)
    return drawn


def _has_ceilings(comparison: Comparison) -> bool:
    """Tells whether anything was raced on a pool; on a test function there is no half."""
    return any(isinstance(pool.on, Pool) for pool in comparison.pools)


def _name(page: Path, comparison: Comparison, what: str) -> str:
    return f"{page.stem}_{what}_{comparison.replay}.svg"


def _section(page: Path, comparison: Comparison, lineup: Field) -> list[str]:
    said = _SECTIONS[comparison.course][comparison.replay]
    parts = [f"## {said.capitalize()}", _said(comparison, lineup)]
    parts.append(markdown(overall(comparison)))
    if comparison.mean_ranks:
        parts.append(f"![Mean rank of mean regret]({_name(page, comparison, 'rank')})")
    if _has_ceilings(comparison):
        parts.append(f"![Share of the ceiling]({_name(page, comparison, 'ceiling')})")
    parts.append(f"![Regret against trials]({_name(page, comparison, 'regret')})")
    parts += [markdown(lines) for lines in per_pool(comparison)]
    if left_out := leave_out(comparison, lineup.own_alike):
        course = comparison.course
        lines = said_left_out(left_out, course=course)
        told = tell_choices(left_out, lineup.own_alike, course=course)
        parts += [f"### Each {course} left out in turn", told, markdown(lines)]
    return parts


def _said(comparison: Comparison, lineup: Field) -> str:
    """Returns who did not run, who ranks first, and where the planner is behind."""
    said = []
    if absent := [each.name for each in lineup.entrants if each.name not in comparison.entrants]:
        said.append(f"Ranked without {listed(absent)}, which did not run here.")
    ranks = {name: comparison.mean_ranks.get(name) for name in comparison.rivals}
    known = {name: rank.value for name, rank in ranks.items() if rank is not None}
    if len(known) > 1:
        best = min(known, key=known.__getitem__)
        said.append(
            f"Lowest mean rank over {count(len(comparison.ranked), comparison.course)}: {best}; "
            f"{rank_gap(comparison)}."
        )
    if comparison.mean_regrets:
        said.append(
            f"Of {comparison.first}'s mean regret of "
            f"{comparison.mean_regrets[comparison.first]:.3f}, {comparison.mean_floor:.3f} lies in "
            "the trials of the start: who knew the outcomes would have that, and nothing more."
        )
    if judged := bounded(comparison):
        away, of_all = missed(comparison), count(len(judged), comparison.course)
        said.append(
            f"Regret of {comparison.first} less that of the lowest other planner: the upper 95 % "
            f"bound is not below {WITHIN:g} on {len(away)} of {of_all}: "
            f"{', '.join(away) or 'none'}."
        )
    if others := passed_over(comparison):
        said.append(
            f"Judged by the lowest planner that shares {FEWEST} starts: {'; '.join(others)}."
        )
    n_few = len(comparison.pools) - len(judged)
    if n_few and any(pool.lowest for pool in comparison.pools):
        said.append(
            f"On {count(n_few, comparison.course)} no other planner shares {FEWEST} starts with "
            f"{comparison.first}."
        )
    return "\n".join(said)


def _failures(comparisons: Sequence[Comparison]) -> list[str]:
    rows = [
        (name, pool.on.name, comparison.replay, str(seed), " ".join(why.split())[:300])
        for comparison in comparisons
        for pool in comparison.pools
        for name, judged in pool.judged.items()
        for seed, why in judged.failures.items()
    ]
    if not rows:
        return ["## Races that failed", "None."]
    headers = ("planner", "course", "replay", "start", "its own words")
    return ["## Races that failed", markdown(Lines(headers, tuple(rows)))]
