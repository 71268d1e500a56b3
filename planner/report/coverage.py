"""How well a campaign's stated intervals held: for the page, the terminal and JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from planner import pictures
from planner.campaign import CampaignSpec
from planner.ledger.replay import CampaignState
from planner.loop.deciding.alarms import raised_alarms
from planner.loop.deciding.forecasting import describe_correction, measure_coverage
from planner.models.coverage.measuring import LEVELS, RECENT, Chooser, Coverage, running_mean
from planner.report.words import NOT_COUNTED, percent, rough, rounded, unit_of
from planner.space import Floats

_TITLES: Mapping[Chooser, str] = MappingProxyType(
    {"chosen": "Settings that the planner chose:", "own": "People's own settings:"}
)


def gather_coverage(state: CampaignState) -> Coverage | None:
    """Returns how well the forecasts of a campaign held; None while none can be judged."""
    return measure_coverage(state)


def describe_coverage(coverage: Coverage | None, state: CampaignState) -> list[str]:
    """Returns the same in lines of text, with what was corrected and every alarm."""
    if coverage is None:
        return ["No trial with a stated interval has been measured yet."]
    parts = coverage.by_chooser
    lines = [_how_many(coverage)]
    for chooser, part in parts.items():
        lines += ["", *([_TITLES[chooser]] if len(parts) > 1 else [])]
        lines += [*_table(part), "", *_scores(part, state.spec)]
    if any(level.n < coverage.n for level in coverage.levels):
        lines += ["", NOT_COUNTED]
    if len(coverage.over_time) > 1:
        lines += ["", "In the order of the results:", *_over_time(coverage, state.spec)]
    if state.corrections:
        lines += ["", describe_correction(state)]
    lines += [each.in_words() for each in raised_alarms(state)]
    return lines


def _how_many(coverage: Coverage) -> str:
    n = {chooser: part.n for chooser, part in coverage.by_chooser.items()}
    words = f"{coverage.n} forecast{'s' if coverage.n != 1 else ''} with a result"
    if len(n) > 1:
        words += (
            f", {n['chosen']} of settings that the planner chose and {n['own']} of people's own"
        )
    elif "own" in n:
        words += ", of people's own settings"
    return f"{words}."


def _over_time(coverage: Coverage, spec: CampaignSpec) -> list[str]:
    """Returns a line for each part of the campaign."""
    levels = [f"{percent(level)} held" for level in LEVELS]
    rows, before = [("results", *levels, "CRPS", "negative log density")], 0
    for part in coverage.over_time:
        held = [f"{each.held} of {each.n}" for each in part.levels]
        crps = f"{rough(part.crps, 3)}{unit_of(spec.outcome.unit)}"
        results = f"{before + 1} to {before + part.n}"
        rows.append((results, *held, crps, f"{rough(part.nlpd, 3)} nat"))
        before += part.n
    return _aligned(rows)


def _table(coverage: Coverage) -> list[str]:
    rows = [("interval", "held", "of", "share", "right intervals", "")]
    for each in coverage.levels:
        share = "-" if each.share is None else f"{100 * each.share:.0f} %"
        rows.append(
            (percent(each.level), str(each.held), str(each.n), share,
             f"{each.low} to {each.high}", each.verdict)
        )  # fmt: skip
    return _aligned(rows)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _scores(coverage: Coverage, spec: CampaignSpec) -> list[str]:
    unit = unit_of(spec.outcome.unit)
    width = float(np.median([each.width for each in coverage.judged]))
    share, nlpd = coverage.crps_of_spread, coverage.nlpd_of_spread
    lines = [f"CRPS {rough(coverage.crps, 3)}{unit}" + _of_spread(share)]
    lines.append(
        f"Negative log predictive density {rough(coverage.nlpd, 3)} nat"
        + (f", {rough(nlpd, 3)} in units of the results' deviation" if nlpd is not None else "")
    )
    lines.append(f"Width of the 90 % interval {rounded(width)}{unit} in the middle")
    return lines


def _of_spread(share: float | None) -> str:
    return "" if share is None else f", {rough(share, 3)} of the results' deviation"


def coverage_json(coverage: Coverage | None, state: CampaignState) -> dict[str, Any]:
    """Returns all figures as plain JSON values."""
    correction = state.corrections[-1] if state.corrections else None
    said = {
        "campaign": state.campaign,
        "outcome": {"name": state.spec.outcome.name, "unit": state.spec.outcome.unit},
        "correction": None
        if correction is None
        else {"known": correction.known, "unknown": correction.unknown, "tail": correction.tail,
              "widths_known": correction.widths_known,
              "widths_unknown": correction.widths_unknown,
              "forecasts": correction.n_forecasts, "before_trial": state.corrected_before},
        "alarms": [each.facts() for each in raised_alarms(state)],
    }  # fmt: skip
    if coverage is None:
        return {**said, "forecasts": 0, "levels": [], "trials": []}
    return {
        **said,
        **_figures(coverage),
        "by_chooser": {name: _figures(part) for name, part in coverage.by_chooser.items()},
        "trials": [
            {"trial": each.trial, "chooser": "own" if each.is_own else "chosen",
             "measured": each.value, "level_needed": each.needed, "level_uncut": each.uncut,
             "crps": each.crps, "nlpd": -each.log_density}
            for each in coverage.judged
        ],
    }  # fmt: skip


def _figures(coverage: Coverage) -> dict[str, Any]:
    return {
        "forecasts": coverage.n,
        "levels": [
            {"level": each.level, "held": each.held, "of": each.n, "low": each.low,
             "high": each.high, "verdict": each.verdict}
            for each in coverage.levels
        ],
        "crps": coverage.crps,
        "nlpd": coverage.nlpd,
        "crps_of_deviation": coverage.crps_of_spread,
        "nlpd_of_deviation": coverage.nlpd_of_spread,
    }  # fmt: skip


def make_coverage(coverage: Coverage | None, spec: CampaignSpec) -> pictures.Coverage | None:
    """Returns the picture's record; None where there are too few forecasts for one."""
    if coverage is None or coverage.n < 2:
        return None
    counted = [each for each in coverage.levels if each.n]
    if not counted:
        return None
    outcome = spec.outcome
    return pictures.Coverage(
        outcome=outcome.name,
        unit=outcome.unit if outcome.label != outcome.name else "",
        levels=np.array([each.level for each in counted]),
        shares=np.array([each.held / each.n for each in counted]),
        bands=np.array([(each.low / each.n, each.high / each.n) for each in counted]),
        running=np.column_stack([_running(coverage, each.level) for each in counted]),
        crps=running_mean([each.crps for each in coverage.judged]),
        nlpd=running_mean([-each.log_density for each in coverage.judged]),
        over=RECENT,
    )


def _running(coverage: Coverage, level: float) -> Floats:
    """Returns the share that held up to each forecast, of those that count; NaN before any."""
    held, n, shares = 0, 0, []
    for each in coverage.judged:
        if each.uncut >= level:
            held, n = held + each.held(level), n + 1
        shares.append(held / n if n else math.nan)
    return np.array(shares)
