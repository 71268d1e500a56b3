"""A real table of a mixture whose rows sum to a hundred only within rounding."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from planner.campaign import parse_campaign, read_space
from planner.errors import InputError
from tests.campaigns.shipped import completed, run_shipped

CAMPAIGN = """
schema: 1
campaign: composite
parameters:
  polymer: {low: 0, high: 100, unit: wt_percent}
  long_tubes: {low: 0, high: 100, unit: wt_percent}
  short_tubes: {low: 0, high: 100, unit: wt_percent}
  many_walls: {low: 0, high: 100, unit: wt_percent}
  two_walls: {low: 0, high: 100, unit: wt_percent}
constraints:
  - {mixture: [polymer, long_tubes, short_tubes, many_walls, two_walls], total: 100}
outcomes:
  conductivity: {unit: S/cm, bounds: [0, null]}
objectives:
  - {aim: maximise, outcome: conductivity}
candidates: {source: films, tolerance: TOLERANCE}
sources:
  films:
    kind: table
    table:
      path: PATH
      columns:
        polymer: P3HT_pct
        long_tubes: CNT_D1_pct
        short_tubes: CNT_D2_pct
        many_walls: CNT_D6_pct
        two_walls: CNT_D8_pct
        conductivity: conductivity_S_cm
budget: {trials: 7}
"""


def campaign(real_tables: Path, tolerance: float) -> str:
    table = real_tables / "p3ht_cnt" / "data.csv"
    return CAMPAIGN.replace("PATH", str(table)).replace("TOLERANCE", str(tolerance))


def test_films_as_they_were_weighed_are_chosen_as_they_stand(
    real_tables: Path, tmp_path: Path
) -> None:
    """They sum to 99.89 to 100.11."""
    file = tmp_path / "composite.yaml"
    file.write_text(campaign(real_tables, 0.15), encoding="utf-8")
    state = run_shipped(file)
    sums = [math.fsum(trial.configuration.values()) for trial in completed(state)]
    assert len(sums) == 7
    assert all(abs(each - 100) <= 0.15 for each in sums)
    space = read_space(state.spec, folder=tmp_path)
    assert any(math.fsum(row.values()) != 100 for row in space.rows or ())


def test_without_a_tolerance_the_first_row_that_is_off_is_named(real_tables: Path) -> None:
    spec = parse_campaign(campaign(real_tables, 0.0), path="composite.yaml")
    with pytest.raises(InputError, match="tolerance"):
        read_space(spec, folder=real_tables)
