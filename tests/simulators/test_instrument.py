"""Readings: how far from the truth, and always the same for the same seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from planner.errors import UnknownName, ValueOutOfRange
from planner.simulators.contract import Curve, Diagnostics, SimulatorResult, Status, no_result
from planner.simulators.instrument import Noise, measure

TRUTH = SimulatorResult(
    status=Status.OK,
    values={"length": 40.0, "rate": 0.5},
    diagnostics=Diagnostics(converged=True, n_steps=3),
)
GAUGE = {"length": Noise(relative=0.03, absolute=0.5)}


def readings(noise: Noise, n: int, *, value: float = 40.0) -> np.ndarray:
    truth = SimulatorResult(
        status=Status.OK, values={"length": value}, diagnostics=Diagnostics(converged=True)
    )
    return np.array(
        [measure(truth, {"length": noise}, seed=seed).values["length"] for seed in range(n)]
    )


def test_the_same_seed_gives_the_same_reading_and_another_gives_another() -> None:
    assert measure(TRUTH, GAUGE, seed=7) == measure(TRUTH, GAUGE, seed=7)
    assert measure(TRUTH, GAUGE, seed=7).values != measure(TRUTH, GAUGE, seed=8).values


def test_only_what_has_noise_is_changed() -> None:
    measured = measure(TRUTH, GAUGE, seed=1)
    assert measured.values["rate"] == 0.5
    assert measured.values["length"] != 40.0
    assert measured.diagnostics == TRUTH.diagnostics
    assert TRUTH.values == {"length": 40.0, "rate": 0.5}


def test_reading_one_more_outcome_changes_none_of_the_rest() -> None:
    both = measure(TRUTH, {**GAUGE, "rate": Noise(absolute=0.1)}, seed=3)
    assert both.values["length"] == measure(TRUTH, GAUGE, seed=3).values["length"]


def test_two_outcomes_read_with_one_seed_do_not_move_together() -> None:
    """Correlation of 2000 pairs: sd 1/sqrt(2000) = 0.022 if independent, 1 if they share a draw."""
    noise = {"length": Noise(absolute=1.0), "rate": Noise(absolute=1.0)}
    pairs = np.array([list(measure(TRUTH, noise, seed=s).values.values()) for s in range(2000)])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 5 / math.sqrt(2000)


def test_the_standard_deviation_adds_both_parts_in_squares() -> None:
    assert Noise(relative=0.03, absolute=0.5).sd_at(40.0) == pytest.approx(1.3)  # 1.2, 0.5, 1.3
    assert Noise(relative=0.03).sd_at(-40.0) == pytest.approx(1.2)


def test_readings_scatter_around_the_truth_as_stated() -> None:
    """Of 4000 readings the mean has the sd 1.3/sqrt(n) and the sd 1.3/sqrt(2 n): five of each.

    The seeds are fixed, so there is no false alarm; an sd that is wrong by 6 % would be caught.
    """
    n, sd = 4000, 1.3
    read = readings(Noise(relative=0.03, absolute=0.5), n)
    assert abs(read.mean() - 40.0) < 5 * sd / math.sqrt(n)
    assert abs(read.std(ddof=1) - sd) < 5 * sd / math.sqrt(2 * n)


def test_a_gauge_shows_nothing_below_its_lowest_reading() -> None:
    """At a true zero half the readings are cut: 200 of 400, sd 10."""
    read = readings(Noise(absolute=1.0, lowest=0.0), 400, value=0.0)
    assert read.min() == 0.0
    assert abs(np.count_nonzero(read == 0.0) - 200) < 50


def test_without_noise_the_truth_is_read() -> None:
    assert measure(TRUTH, {"length": Noise()}, seed=0).values == TRUTH.values


def test_a_failed_run_has_nothing_to_read() -> None:
    failed = no_result(Status.FAILED, "it did not converge")
    assert measure(failed, GAUGE, seed=0) is failed


def test_noise_for_an_outcome_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownName, match=r"'lenght'.*yields: length, rate"):
        measure(TRUTH, {"lenght": Noise(absolute=1.0)}, seed=0)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueOutOfRange, match="seed"):
        measure(TRUTH, GAUGE, seed=-1)


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
def test_a_noise_that_is_negative_or_not_finite_cannot_be_stated(value: float) -> None:
    with pytest.raises(ValueOutOfRange, match="relative noise"):
        Noise(relative=value)
    with pytest.raises(ValueOutOfRange, match="absolute noise"):
        Noise(absolute=value)


def test_every_point_of_a_curve_is_read_for_itself_and_a_class_as_it_is() -> None:
    """2000 points of true value 2: their deviations have sd 0.1 to 5 sd/sqrt(2 n) = 0.008."""
    flat = Curve(x=tuple(map(float, range(2000))), y=(2.0,) * 2000)
    truth = SimulatorResult(
        status=Status.OK,
        values={"spectrum": flat, "phase": "anatase"},
        diagnostics=Diagnostics(converged=True),
    )
    noise = Noise(relative=0.05)
    read = measure(truth, {"spectrum": noise, "phase": noise}, seed=5).values
    assert read["phase"] == "anatase"
    assert read["spectrum"].x == flat.x
    assert np.std(read["spectrum"].y) == pytest.approx(0.1, abs=0.008)
    one_apart = np.corrcoef(read["spectrum"].y[:-1], read["spectrum"].y[1:])[0, 1]
    assert abs(one_apart) < 5 / math.sqrt(2000)
