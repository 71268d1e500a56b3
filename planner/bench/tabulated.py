"""The standings as lines of text, for a terminal and for a page alike, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from planner.bench.bootstrap import Interval
from planner.bench.racing import Rules
from planner.bench.scoring import Standing

ACQUISITIONS = {
    "ucb": "upper confidence bound",
    "log_nei": "log noisy expected improvement",
    "variance": "integrated variance",
}
REPLAYS = {"means": "noise-free means", "repeat": "one real repeat drawn"}


@dataclass(frozen=True, slots=True)
class Lines:
    """A table of text: headers, and one row of cells a standing."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def describe_rules(rules: Rules) -> str:
    """Returns what tells a planner from the others."""
    return f"{ACQUISITIONS[rules.settings.acquisition]}, {REPLAYS[rules.replay]}"


def summary(standings: Sequence[Standing]) -> Lines:
    """Returns what fits on a terminal."""
    headers = ("table", "half (95 %)", "not half", "random", "AF", "regret", "s/ask")
    return Lines(headers, tuple(_summary_cells(each) for each in standings))


def halves(standings: Sequence[Standing]) -> Lines:
    """Returns the trials to half, with floor, ceiling and promise."""
    headers = (
        "table", "settings", "best 5 %", "seeds", "trials", "random", "oracle", "half (95 %)",
        "not reached", "promised", "AF (95 %)", "ceiling", "of it",
    )  # fmt: skip
    return Lines(headers, tuple(_half_cells(each) for each in standings))


def regrets(standings: Sequence[Standing]) -> Lines:
    """Returns the winners found, the regret and the time."""
    headers = (
        "table", "trials", "found of best 5 % (95 %)", "mean regret (95 %)", "random's",
        "CPU s an ask", "wall s an ask", "failed fits",
    )  # fmt: skip
    return Lines(headers, tuple(_regret_cells(each) for each in standings))


def standing_json(standing: Standing) -> dict[str, Any]:
    """Returns what a standing says, ready for JSON; None where half was not reached."""
    pool, rules = standing.pool, standing.rules
    return {
        "table": pool.name,
        "settings": pool.n_settings,
        "best_5_percent": pool.n_winners,
        "settings_with_repeats": pool.n_repeated,
        "replay": rules.replay,
        "start": rules.start,
        "acquisition": rules.settings.acquisition,
        "beta": rules.settings.beta,
        "seeds": len(standing.scores),
        "trials": len(standing.share),
        "half": _interval_json(standing.half),
        "not_reached": standing.n_not_half,
        "promised": pool.promise,
        "keeps_promise": standing.keeps_promise,
        "random_half": standing.random_half,
        "oracle_half": standing.oracle_half,
        "acceleration": _interval_json(standing.acceleration),
        "ceiling": standing.ceiling,
        "share_of_ceiling": standing.share_of_ceiling,
        "mean_regret": _interval_json(standing.mean_regret),
        "random_mean_regret": standing.random_regret,
        "found": _interval_json(standing.n_found),
        "ask_cpu_s": standing.ask_cpu_s,
        "ask_wall_s": standing.ask_wall_s,
        "failed_fits": standing.n_fallback,
        "share": standing.share.tolist(),
        "share_interval": standing.share_interval.tolist(),
        "random_share": standing.random_share.tolist(),
        "oracle_share": standing.oracle_share.tolist(),
        "halves": [_finite(score.half) for score in standing.scores],
        "best": [score.best for score in standing.scores],
    }


def trials(value: float, *, n_trials: int) -> str:
    """Returns a number of trials; beyond the end of the race only that is known."""
    return f"{value:g}" if math.isfinite(value) else f"> {n_trials}"


def _summary_cells(standing: Standing) -> tuple[str, ...]:
    return (
        standing.pool.name,
        _half(standing),
        _not_half(standing),
        str(standing.random_half),
        f"{_factor(standing.acceleration.value, standing)} of {standing.ceiling:.1f}",
        f"{standing.mean_regret.value:.3f}",
        _seconds(standing.ask_cpu_s),
    )


def _half_cells(standing: Standing) -> tuple[str, ...]:
    pool, n = standing.pool, len(standing.share)
    half, factor = standing.half, standing.acceleration
    return (
        pool.name,
        str(pool.n_settings),
        str(pool.n_winners),
        str(len(standing.scores)),
        str(n),
        str(standing.random_half),
        f"{standing.oracle_half:g}",
        _half(standing),
        _not_half(standing),
        _promise(standing),
        f"{_factor(factor.value, standing)} ({_factor(factor.low, standing)} to "
        f"{_factor(factor.high, standing)})",
        f"{standing.ceiling:.1f}",
        f"{100 * standing.share_of_ceiling:.0f} %" if math.isfinite(half.value) else "-",
    )


def _regret_cells(standing: Standing) -> tuple[str, ...]:
    found, regret = standing.n_found, standing.mean_regret
    return (
        standing.pool.name,
        str(len(standing.share)),
        f"{found.value:g} ({found.low:g} to {found.high:g}) of {standing.pool.n_winners}",
        f"{regret.value:.3f} ({regret.low:.3f} to {regret.high:.3f})",
        f"{standing.random_regret:.3f}",
        _seconds(standing.ask_cpu_s),
        _seconds(standing.ask_wall_s),
        str(standing.n_fallback),
    )


def _half(standing: Standing) -> str:
    n, half = len(standing.share), standing.half
    low, high = trials(half.low, n_trials=n), trials(half.high, n_trials=n)
    return f"{trials(half.value, n_trials=n)} ({low} to {high})"


def _not_half(standing: Standing) -> str:
    return f"{standing.n_not_half} of {len(standing.scores)}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.3f}"


def _promise(standing: Standing) -> str:
    if standing.keeps_promise is None:
        return "-"
    kept = "kept" if standing.keeps_promise else "missed"
    return f"at most {standing.pool.promise}: {kept}"


def _factor(value: float, standing: Standing) -> str:
    if value > 0:
        return f"{value:.1f}"
    return f"< {standing.random_half / len(standing.share):.1f}"


def _interval_json(interval: Interval) -> dict[str, float | None]:
    return {
        "value": _finite(interval.value),
        "low": _finite(interval.low),
        "high": _finite(interval.high),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
