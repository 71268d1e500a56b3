"""The report as one page: a file that needs no script, no network and no other file."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from planner.pictures import (
    Curves,
    draw_class_trials,
    draw_coverage,
    draw_curves,
    draw_effects,
    draw_observed,
    draw_progress,
    draw_slices,
)
from planner.report import words
from planner.report.columns import columns_of
from planner.report.coverage import make_coverage
from planner.report.facts import Facts
from planner.report.pictures import (
    make_class_trials,
    make_effects,
    make_observed,
    make_progress,
)
from planner.report.standalone import render_page
from planner.report.unbroken import hold_together

WIDE_PX, NARROW_PX = 700.0, 336.0  # a desk's or a printed page's column; a telephone's


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, drawn for a desk and for a telephone; the style sheet shows one of them."""

    wide: Markup
    narrow: Markup


def write_report(facts: Facts, *, folder: Path, path: Path | None = None) -> Path:
    """Writes the page, whole or not at all.

    Args:
        facts: what it states.
        folder: of the campaign file; the page goes to ``NAME.planner/report.html`` there.
        path: where else it goes.

    Returns:
        Where it lies.

    Raises:
        OSError: the place cannot be written.
    """
    target = path if path is not None else folder / f"{facts.spec.campaign}.planner" / "report.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(make_page(facts))
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)  # a temporary file is its owner's alone, a report is read by others
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def make_page(facts: Facts) -> str:
    """Returns the page as HTML; the same facts give the same bytes."""
    spec = facts.spec
    units = {each.unit for each in (*spec.scalars.values(), *spec.outcomes.values())}
    page = render_page(
        "page",
        {
            "facts": facts,
            "spec": spec,
            "words": words,
            "columns": columns_of(spec),
            "progress": _progress(facts),
            "slices": _slices(facts),
            "effects": _effects(facts),
            "observed": _observed(facts),
            "coverage": _coverage(facts),
            "curves": [_curves(each) for each in facts.curves],
        },
    )
    return hold_together(page, units | {spec.budget.currency})


def _curves(curves: Curves) -> Picture:
    return _both(draw_curves(curves, width_px=WIDE_PX), draw_curves(curves, width_px=NARROW_PX))


def _progress(facts: Facts) -> Picture:
    trials = make_class_trials(facts)
    if trials is not None:
        return _both(
            draw_class_trials(trials, width_px=WIDE_PX),
            draw_class_trials(trials, width_px=NARROW_PX),
        )
    progress = make_progress(facts)
    return _both(
        draw_progress(progress, width_px=WIDE_PX), draw_progress(progress, width_px=NARROW_PX)
    )


def _slices(facts: Facts) -> Picture | None:
    slices = facts.slices
    if slices is None:
        return None
    return _both(draw_slices(slices, width_px=WIDE_PX), draw_slices(slices, width_px=NARROW_PX))


def _effects(facts: Facts) -> Picture | None:
    effects = make_effects(facts)
    if effects is None:
        return None
    return _both(draw_effects(effects, width_px=WIDE_PX), draw_effects(effects, width_px=NARROW_PX))


def _observed(facts: Facts) -> Picture | None:
    observed = make_observed(facts)
    if observed is None:
        return None
    return _both(
        draw_observed(observed, width_px=WIDE_PX), draw_observed(observed, width_px=NARROW_PX)
    )


def _coverage(facts: Facts) -> Picture | None:
    coverage = make_coverage(facts.coverage, facts.spec)
    if coverage is None:
        return None
    return _both(
        draw_coverage(coverage, width_px=WIDE_PX), draw_coverage(coverage, width_px=NARROW_PX)
    )


def _both(wide: str, narrow: str) -> Picture:
    # pictures escape what they are given
    return Picture(wide=Markup(wide), narrow=Markup(narrow))  # noqa: S704
