"""Where a class is wanted, conditions that do not work are learned from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planner.campaign import read_space
from planner.ledger.replay import CampaignState
from planner.loop.deciding.model import fit_surrogate, make_situation, predict
from planner.models import FitFailure
from planner.trials import TrialState
from tests.campaigns.shipped import copy_shipped, run_shipped

# Every film of more than 400 nm cracks above 800 degC: it takes 389 nm or less.
TOO_THICK = "thickness: {low: 420, high: 600"


@pytest.fixture
def all_cracked(project: Path, tmp_path: Path) -> CampaignState:
    file = copy_shipped(project, tmp_path, "titania_phase", trials=6)
    text = file.read_text(encoding="utf-8")
    changed = text.replace("thickness: {low: 80, high: 600", TOO_THICK)
    changed = changed.replace("temperature: {low: 550", "temperature: {low: 810")
    assert changed.count("810") == changed.count("420") == 1
    file.write_text(changed, encoding="utf-8")
    return run_shipped(file)


def test_a_film_that_cracked_was_not_the_wanted_phase(
    all_cracked: CampaignState, tmp_path: Path
) -> None:
    cracked = all_cracked.in_state(TrialState.FAILED_BY_PROCESS)
    assert len(cracked) == 6
    assert not all_cracked.observations
    space = read_space(all_cracked.spec, folder=tmp_path)
    situation = make_situation(all_cracked, space)
    places = space.encode([trial.configuration for trial in cracked])
    np.testing.assert_array_equal(situation.x, places)
    np.testing.assert_array_equal(situation.y, np.zeros(6))
    assert np.isnan(situation.var).all()

    surrogate = fit_surrogate(all_cracked, space)
    assert not isinstance(surrogate, FitFailure)
    stated = [each.mean for each in predict(surrogate, places, all_cracked.spec)]
    assert max(stated) < 0.5, "six films that came to nothing make it less probable there"
