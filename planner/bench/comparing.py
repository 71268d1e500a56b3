"""The benchmark: every planner on every pool from every seed, played or read from disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from planner.bench.against.entrants import name_of
from planner.bench.campaigns import play_campaign, rules_of
from planner.bench.pools import Pool, pool_of_campaign
from planner.bench.racing import Race, Rules, play
from planner.bench.scoring import Standing, stand
from planner.bench.storing import DECIDING, LOOPING, fingerprint, play_or_read, race_file
from planner.campaign import read_campaign
from planner.trials import digest_json

Heard = Callable[[Pool, Rules, Race], None]


def enter(pools: Sequence[Pool], racers: Sequence[Rules]) -> list[tuple[Pool, Rules]]:
    """Returns who races where, pool by pool.

    A pool without repeats answers the same in both replays, so it is raced once where both are
    asked for.
    """
    return [
        (pool, rules)
        for pool in pools
        for rules in racers
        if pool.n_repeated
        or rules.replay == "means"
        or replace(rules, replay="means") not in racers
    ]


def compare(
    pools: Sequence[Pool],
    racers: Sequence[Rules],
    *,
    seeds: Sequence[int],
    folder: Path,
    heard: Heard = lambda _pool, _rules, _race: None,
) -> list[Standing]:
    """Races every planner on every pool.

    Args:
        pools: the tables.
        racers: the planners, each by its rules.
        seeds: one race each.
        folder: where races are kept; those that it holds already are read.
        heard: is called after each race.

    Returns:
        The standings, pool by pool and in each by planner.
    """
    code = fingerprint(DECIDING)
    standings = []
    for pool, rules in enter(pools, racers):
        races = []
        told, name = replace(rules, n_trials=rules.length(pool)), name_of(rules)
        for seed in seeds:
            path = race_file(folder, pool, told, seed=seed, name=name, code=code)
            races.append(play_or_read(path, partial(play, pool, rules, seed=seed)))
            heard(pool, rules, races[-1])
        standings.append(stand(pool, rules, races))
    return standings


def accept(
    file: Path,
    *,
    seeds: Sequence[int],
    folder: Path,
    heard: Heard = lambda _pool, _rules, _race: None,
) -> Standing:
    """Runs a whole campaign from every seed; arguments as of ``compare``.

    Args:
        file: a campaign that replays a table.
        seeds: one campaign each.
        folder: where they are kept.
        heard: is called after each.

    Raises:
        CampaignFileError: the file has mistakes.
        InputError: it replays no table, so what it finds cannot be judged.
    """
    spec = read_campaign(file)
    pool = pool_of_campaign(spec, folder=file.resolve().parent)
    rules = rules_of(spec)
    content = digest_json(spec.model_dump(mode="json", by_alias=True))
    code = f"{fingerprint(LOOPING)}-{content}"
    races = []
    for seed in seeds:
        path = race_file(folder, pool, rules, seed=seed, name="campaign", code=code)
        races.append(play_or_read(path, partial(play_campaign, file, pool, seed=seed)))
        heard(pool, rules, races[-1])
    return stand(pool, rules, races)
