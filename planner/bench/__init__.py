"""Benchmark: replays real tables, and says how soon their best settings are found."""

from planner.bench.catalogue import known_pools, read_pools
from planner.bench.comparing import accept, compare, enter
from planner.bench.pools import Pool, PoolRef, pool_of_campaign, read_pool
from planner.bench.racing import Race, Rules, play
from planner.bench.scoring import Score, Standing, score, stand

__all__ = [
    "Pool",
    "PoolRef",
    "Race",
    "Rules",
    "Score",
    "Standing",
    "accept",
    "compare",
    "enter",
    "known_pools",
    "play",
    "pool_of_campaign",
    "read_pool",
    "read_pools",
    "score",
    "stand",
]
