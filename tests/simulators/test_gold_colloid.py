"""The gold colloid: no gold is lost, and the spectrum follows from the particles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.simulators.contract import Curve
from planner.simulators.processes.gold_colloid import (
    GOLD_COLLOID,
    MOLAR_VOLUME_NM3,
    PRIORS,
    WAVELENGTHS_NM,
    Colloid,
    grow,
)

CENTRES = {each.name: each.prior.nominal for each in PRIORS}


def flask(seed_gold: float, gold_added: float, reductant: float, **more: float) -> Colloid:
    given = {
        "seed_gold": seed_gold,
        "gold_added": gold_added,
        "reductant": reductant,
        "seed_diameter": 15.0,
    }
    return grow({**given, **more}, CENTRES)


@given(
    seed_gold=st.floats(0.0005, 0.1),
    gold_added=st.floats(0.0, 1.0),
    reductant=st.floats(0.1, 6.0),
)
def test_all_gold_is_in_particles(seed_gold: float, gold_added: float, reductant: float) -> None:
    """Volumes of all particles against the gold that was weighed in; the root is found to 1e-15."""
    colloid = flask(seed_gold, gold_added, reductant)
    volume = math.fsum(colloid.numbers * math.pi / 6 * colloid.diameters**3)
    weighed_in = seed_gold + gold_added * min(1.0, reductant / 1.5)
    assert volume == pytest.approx(weighed_in * 1e-27 * MOLAR_VOLUME_NM3, rel=1e-12)


def test_without_gold_the_seeds_stay_as_they_are() -> None:
    assert flask(0.01, 0.0, 2.0).mean_diameter == pytest.approx(15.0, rel=1e-14)


def test_seeds_of_one_size_grow_by_the_cube_root() -> None:
    """With no spread and no new particles 8 times the gold makes twice the diameter."""
    theta = {**CENTRES, "seed_spread": 1e-9, "seeds_that_compete": 1e-30}
    given = {"seed_gold": 0.01, "gold_added": 0.07, "reductant": 2.0, "seed_diameter": 15.0}
    assert grow(given, theta).mean_diameter == pytest.approx(30.0, rel=1e-9)


def test_growth_narrows_the_spread() -> None:
    """Each seed grows by the same, so that the width in nm stays and the relative one falls."""
    colloid = flask(0.01, 0.3, 1.0)
    grown, shares = colloid.diameters[:-1], colloid.numbers[:-1] / colloid.numbers[:-1].sum()
    mean = shares @ grown
    assert math.sqrt(shares @ (grown - mean) ** 2) == pytest.approx(0.08 * 15.0, rel=1e-9)


def test_more_reductant_makes_more_new_particles_and_more_seeds_fewer() -> None:
    assert flask(0.01, 0.3, 3.0).new_share > flask(0.01, 0.3, 1.0).new_share
    assert flask(0.05, 0.3, 1.0).new_share < flask(0.01, 0.3, 1.0).new_share


def test_the_spectrum_is_a_curve_with_its_peak_in_the_green() -> None:
    inputs = {"seed_gold": 0.01, "gold_added": 0.2, "reductant": 1.0}
    spectrum = GOLD_COLLOID.run(inputs, seed=0).values["extinction"]
    assert isinstance(spectrum, Curve)
    assert spectrum.x == tuple(WAVELENGTHS_NM)
    assert 515 < spectrum.x[int(np.argmax(spectrum.y))] < 540
    assert min(spectrum.y) > 0


def test_ten_times_as_dilute_is_a_tenth_as_dark() -> None:
    """Seeds alone: extinction is in proportion to their number."""
    dark, pale = (
        GOLD_COLLOID.run({"seed_gold": gold, "gold_added": 0.0, "reductant": 1.0}, seed=0).values[
            "extinction"
        ]
        for gold in (0.02, 0.002)
    )
    np.testing.assert_allclose(np.array(dark.y), 10 * np.array(pale.y), rtol=1e-12)
