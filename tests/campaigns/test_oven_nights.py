"""The oven at night, by a clock that is moved: hours, one temperature a night, stock and money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from planner.clock import ManualClock
from planner.labs import Answer, DeliveryClass, Order, Reported, Result
from planner.ledger.replay import CampaignState
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.desk import Place, at_work
from planner.loop.steps.inline import run_inline
from planner.simulators.catalogue import find
from planner.trials import DeviceState
from tests.campaigns.shipped import completed, copy_shipped

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY_NOON = datetime(2026, 3, 27, 12, tzinfo=BERLIN)  # the clocks go forward on Sunday
TEN_HOURS = timedelta(hours=10)


class Oven:
    """Six vials that are heated for ten hours of the clock; asking it passes five minutes."""

    delivery = DeliveryClass.KEYED
    is_repeatable = True
    is_person = False

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._heated: dict[str, tuple[datetime, Order]] = {}
        self.most_at_once = 0

    def submit(self, order: Order) -> Answer:
        self._heated.setdefault(order.key, (self._clock.now(), order))
        now = self._clock.now()
        inside = [began for began, _ in self._heated.values() if now < began + TEN_HOURS]
        self.most_at_once = max(self.most_at_once, len(inside))
        return Answer(key=order.key, state=DeviceState.STARTED)

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        self._clock.wait_s(300.0)
        return {key: self._answer(key) for key in keys if key in self._heated}

    def _answer(self, key: str) -> Answer:
        began, order = self._heated[key]
        if self._clock.now() < began + TEN_HOURS:
            return Answer(key=key, state=DeviceState.STARTED)
        inputs = {name: float(setting.value) for name, setting in order.parameters.items()}
        made = find("vial_synthesis").run(inputs, seed=0).values["product"]
        assert isinstance(made, float)
        outcomes = {"product": Reported(value=made, unit="mM")}
        return Answer(key=key, state=DeviceState.DONE, result=Result(outcomes=outcomes))

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        return Answer(key=key, state=DeviceState.ABORTED)

    def close(self) -> None:
        pass


@pytest.fixture
def nights(project: Path, tmp_path: Path) -> Iterator[tuple[CampaignState, Oven]]:
    """Three nights of six, begun on a Friday at noon."""
    clock = ManualClock(FRIDAY_NOON.astimezone(UTC))
    file = copy_shipped(project, tmp_path, "oven_nights", trials=18, family="gp")
    with at_work(Place(file=file), clock=clock) as opened:
        oven = Oven(clock)
        session = replace(opened, lab=oven)
        with holding(session):
            run_inline(session)
        yield session.refresh(), oven


@pytest.mark.slow
def test_vials_are_heated_by_night_six_at_a_time_at_one_temperature(
    nights: tuple[CampaignState, Oven],
) -> None:
    state, oven = nights
    trials = completed(state)
    assert len(trials) == 18
    assert oven.most_at_once == 6
    by_night: dict[object, set[object]] = {}
    for trial in trials:
        assert trial.ended_at is not None
        began = trial.runs[0].opened_at.astimezone(BERLIN)
        ended = trial.ended_at.astimezone(BERLIN)
        assert began.weekday() < 5
        assert time(18) <= began.time() <= time(20), "later would not end before six"
        assert ended.time() <= time(6)
        by_night.setdefault(began.date(), set()).add(trial.configuration["temperature"])
    # nothing on Saturday or Sunday
    assert [str(night) for night in by_night] == ["2026-03-27", "2026-03-30", "2026-03-31"]
    assert all(len(temperatures) == 1 for temperatures in by_night.values())
