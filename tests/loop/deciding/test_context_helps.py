"""A model that is told what a sensor said predicts better, where the outcome depends on it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from planner.labs import Answer, Order
from planner.loop.deciding.model import expected_at, fit_surrogate
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.steps.advance import advance
from planner.models import Surrogate
from planner.trials import TrialState
from tests.loop.conftest import MakeSession
from tests.loop.scripted_lab import ScriptedLab, done
from tests.loop.sensed import send
from tests.loop.sensors.test_sensed_context import text_of

N_TRAIN, N_TEST, N_CAMPAIGNS = 14, 12, 2


def squares(
    make_session: MakeSession, generator: np.random.Generator, *, is_told: bool, effect: float
) -> list[float]:
    """Squared errors of the forecasts for trials that a model had not seen, of one campaign.

    The air's humidity is another one before each trial; the campaign either records it as context
    or knows nothing of it. Settings are spread over the space, so that both learn from the same.
    """
    air = 0.0

    def script(order: Order, _: int) -> Answer:
        temperature = float(order.parameters["temperature"].value)
        value = 50 + 5 * math.sin(temperature / 15) + effect * (100 * air - 50)
        return done(order, **{"yield": value + generator.standard_normal()})

    how = {"budget": f"trials: {N_TRAIN + N_TEST}", "policy": f"start: {N_TRAIN + N_TEST}"}
    text = text_of(**how) + f"seed: {generator.integers(1 << 30)}\n"
    if not is_told:
        text = text.partition("context:")[0] + text[text.index("seed:") :]
        text = "\n".join(line for line in text.splitlines() if "contextual" not in line)
    name = f"{generator.integers(1 << 60)}.db"
    session = make_session(ScriptedLab(script), text=text, ledger=name)
    surrogate: Surrogate | None = None
    for number in range(1, N_TRAIN + N_TEST + 1):
        air = generator.uniform(0.2, 0.8)
        session.clock.wait_s(60)
        send(session, "air", *[air] * 12)
        while len(session.state.in_state(TrialState.COMPLETED)) < number:
            advance(session)
            assert not session.state.in_state(TrialState.IN_DOUBT)
        if number == N_TRAIN:
            fitted = fit_surrogate(session.state, session.space)
            assert isinstance(fitted, Surrogate)
            surrogate = fitted
    let_devices_go(session)
    assert surrogate is not None
    unseen = [trial for trial in session.state.trials.values() if trial.number > N_TRAIN]
    x = session.space.encode([trial.configuration for trial in unseen])  # as it was proposed
    mean = expected_at(surrogate, torch.from_numpy(x), session.state.spec).mean.tolist()
    measured = [
        float(trial.observation.outcomes["yield"].value)  # type: ignore[arg-type]
        for trial in unseen
        if trial.observation is not None
    ]
    return [(m - y) ** 2 for m, y in zip(mean, measured, strict=True)]


def ratio(make_session: MakeSession, *, effect: float) -> float:
    """Mean squared error of forecasts with context, of that without."""
    generator = np.random.default_rng()
    errors = {
        is_told: np.mean(
            [
                squares(make_session, generator, is_told=is_told, effect=effect)
                for _ in range(N_CAMPAIGNS)
            ]
        )
        for is_told in (True, False)
    }
    return float(errors[True] / errors[False])


@pytest.mark.slow
def test_the_sensors_summary_as_context_makes_forecasts_better(make_session: MakeSession) -> None:
    """24 forecasts each; its sd moves the yield by 0.5 * 60 / sqrt(12) = 8.7 percent.

    A run has a noise of 1. Were the context of no use, the ratio of the two mean squares would be
    about F(24, 24), below a seventh once in 190,000.
    """
    assert ratio(make_session, effect=0.5) < 1 / 7


@pytest.mark.slow
def test_a_sensor_that_says_nothing_of_the_outcome_does_not_seem_to(
    make_session: MakeSession,
) -> None:
    """The control: the same figure is not reached where there is nothing to be learned."""
    assert ratio(make_session, effect=0.0) > 1 / 7
