"""What is measured and not set, read off sensors: for the forecast, and with the result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from planner.campaign import SensedContext
from planner.errors import InputError
from planner.labs import Answer, Order, Reported
from planner.loop import people
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.people import Told, Verdict
from planner.loop.sensors.sensed import PATIENCE_S, SETTLED_S, summary_of
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Waiting, advance
from planner.readings import Archive
from planner.trials import TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done
from tests.loop.sensed import send

WINDOW = "before 10 s"


def text_of(*, window: str = WINDOW, more: str = "gap: 5 s", kind: str = "", **how: str) -> str:
    text = campaign_text(**how).replace(
        "outcomes:\n",
        "  humidity: {kind: contextual, low: 0, high: 100, unit: percent}\noutcomes:\n",
    )
    if kind:
        text = text.replace("{kind: adapter, adapter: none, SOURCE}", f"{{kind: {kind}}}")
    sensors = f"sensors:\n  air: {{unit: dimensionless, {more}}}\n"
    return text + sensors + f"context:\n  humidity: {{sensor: air, window: {window}}}\n"


def yielding(
    *, achieved: float | None = None, latency: int = 0, began: datetime | None = None
) -> ScriptedLab:
    def script(order: Order, _: int) -> Answer:
        assert "humidity" not in order.parameters
        answer = replace(done(order, **{"yield": 50.0}), began=began)
        if achieved is None or answer.result is None:
            return answer
        reported = {"humidity": Reported(value=achieved)}
        return replace(answer, result=replace(answer.result, achieved=reported))

    return ScriptedLab(script, latency=latency)


@contextmanager
def opened(make_session: MakeSession, lab: ScriptedLab, **how: str) -> Iterator[Session]:
    session = make_session(lab, text=text_of(**how))
    yield session
    let_devices_go(session)


def test_a_forecast_is_made_for_what_the_sensor_says_and_the_result_has_what_it_said(
    make_session: MakeSession,
) -> None:
    """The device says at its end that it began five seconds after it was asked to.

    Six readings of the ten seconds before that are of the old humidity, four of the new.
    """
    began = datetime(2026, 1, 5, 8, 0, 5, tzinfo=UTC)
    with opened(make_session, yielding(latency=1, began=began)) as session:
        send(session, "air", *[0.40] * 10)
        advance(session)
        trial = session.state.trial(1)
        assert trial.configuration["humidity"] == pytest.approx(40)
        reason = trial.proposal.reason
        assert "As sensors say: humidity 40 percent (mean of the last 10 s)." in reason
        session.clock.wait_s(5)
        send(session, "air", *[0.60] * 5)
        session.clock.wait_s(1)
        send(session, "air", 0.99)
        advance(session)
        observation = session.state.trial(1).observation
        assert observation is not None
        assert observation.configuration["humidity"] == pytest.approx((6 * 40 + 4 * 60) / 10)
        assert observation.configuration["temperature"] == trial.configuration["temperature"]


def test_the_time_of_the_trial_itself_is_only_known_with_its_result(
    make_session: MakeSession,
) -> None:
    with opened(make_session, yielding(latency=2), window="during") as session:
        advance(session)
        assert session.state.trial(1).configuration["humidity"] == 50  # the middle, as it says
        assert "humidity" in session.state.trial(1).proposal.reason
        advance(session)
        session.clock.wait_s(4)
        send(session, "air", 0.2, 0.3, 0.4, 0.5)
        advance(session)
        session.clock.wait_s(SETTLED_S)
        advance(session)
        observation = session.state.trial(1).observation
        assert observation is not None
        assert observation.configuration["humidity"] == pytest.approx(
            30
        )  # what is read at its end is not within it


def test_what_the_device_reports_itself_counts_before_its_sensor(
    make_session: MakeSession,
) -> None:
    with opened(make_session, yielding(achieved=77.0)) as session:
        advance(session)
        observation = session.state.trial(1).observation
        assert observation is not None
        assert observation.configuration["humidity"] == 77


def test_a_result_waits_for_readings_on_their_way_and_then_for_a_person(
    make_session: MakeSession,
) -> None:
    with opened(make_session, yielding()) as session:
        step = advance(session)
        assert "Sensors do not tell humidity (nothing has come of air)" in (
            session.state.trial(1).proposal.reason
        )
        for _ in range(20):  # others may begin meanwhile
            step = advance(session)
        assert step.waiting is Waiting.MACHINE
        assert session.state.trial(1).observation is None
        session.clock.wait_s(PATIENCE_S + 1)
        advance(session)
        trial = session.state.trial(1)
        assert trial.state is TrialState.IN_DOUBT
        assert "humidity is not known: nothing has come of air" in trial.reason
        told = Told(outcomes={"yield": Reported(value=50.0)}, reason="I was there")
        with pytest.raises(InputError, match="--achieved humidity=VALUE"):
            people.resolve(session, 1, Verdict.PERFORMED, told)
        told = replace(told, achieved={"humidity": Reported(value=41.0)})
        people.resolve(session, 1, Verdict.PERFORMED, told)
        observation = session.state.trial(1).observation
        assert observation is not None
        assert observation.configuration["humidity"] == 41


def test_readings_that_come_late_are_taken_in(make_session: MakeSession) -> None:
    """The device had stored them while its line was down."""
    with opened(make_session, yielding()) as session:
        advance(session)
        began = session.state.trial(1).run
        assert began is not None
        session.clock.wait_s(PATIENCE_S / 2)
        advance(session)
        assert session.state.trial(1).observation is None
        send(session, "air", *[0.25] * 12, at=began.opened_at + timedelta(seconds=1))
        advance(session)
        observation = session.state.trial(1).observation
        assert observation is not None
        assert observation.configuration["humidity"] == pytest.approx(25)


MISSING = {
    "has a gap of": lambda s: send(s, "air", 0.4, 0.4, every_s=8),
    "only 1 of 3 readings": lambda s: send(s, "air", None, None, 0.4, 0.4),
    "nothing came of air": lambda s: send(s, "air", 0.4, at=s.clock.now() - timedelta(seconds=11)),
}


@pytest.mark.parametrize("why", MISSING)
def test_what_is_missing_stale_or_bad_is_said_and_nothing_is_put_in_its_place(
    why: str, make_session: MakeSession
) -> None:
    more = "gap: 5 s" if "gap" in why else "limits: [0, 1]"
    with opened(make_session, yielding(), more=more) as session:
        MISSING[why](session)
        advance(session)
        trial = session.state.trial(1)
        assert "Sensors do not tell humidity" in trial.proposal.reason
        assert why in trial.proposal.reason
        session.clock.wait_s(PATIENCE_S + 1)
        advance(session)
        assert session.state.trial(1).state is TrialState.IN_DOUBT


def test_who_tells_by_hand_need_not_tell_what_the_sensor_knows(make_session: MakeSession) -> None:
    text = text_of().replace("{kind: adapter, adapter: none}", "{kind: person}")
    session = make_session(ScriptedLab(lambda order, _: done(order)), text=text)
    session.lab.is_person = True
    send(session, "air", *[0.4] * 10)
    (trial,) = people.ask(session, 1)
    assert trial.configuration["humidity"] == pytest.approx(40)
    told = Told(outcomes={"yield": Reported(value=50.0)})
    people.tell(session, 1, told)
    observation = session.state.trial(1).observation
    assert observation is not None
    assert observation.configuration["humidity"] == pytest.approx(40)
    people.ask(session, 1, wishes=people.Wishes(context={"humidity": Reported(value=30.0)}))
    assert session.state.trial(2).configuration["humidity"] == 30  # a person says so
    session.clock.wait_s(3600)
    people.ask(session, 1)
    with pytest.raises(InputError, match="--achieved humidity=VALUE"):
        people.tell(session, 3, told)


SUMMARIES = {
    "mean": (20 + 30 + 40 + 10) / 4,
    "lowest": 10.0,
    "highest": 40.0,
    "last": 10.0,
    "sd": float(np.std([20, 30, 40, 10], ddof=1)),
    "slope": float(np.polyfit([0, 1, 2, 3], [20, 30, 40, 10], 1)[0]),
    "time_above": 2.0,  # from the second reading to the fourth
}


def test_a_summary_is_what_a_plain_computation_gives(make_session: MakeSession) -> None:
    with opened(make_session, yielding(), more="gap: 9 s") as session:
        send(session, "air", 20.0, 30.0, 40.0, 10.0)
        archive = Archive(session.ledger.engine, session.state.spec.sensors)
        now: datetime = session.clock.now()
        window = archive.window(
            "robot", "air", now - timedelta(seconds=3), now + timedelta(seconds=1)
        )
    for name, value in SUMMARIES.items():
        above = 25.0 if name == "time_above" else None
        sensed = SensedContext.model_validate(
            {"sensor": "air", "summary": name, "window": "during", "above": above}
        )
        assert summary_of(window, sensed) == pytest.approx(value), name
