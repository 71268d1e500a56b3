"""A lab that is a physics simulator, read by an instrument with noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from planner import units
from planner.campaign import (
    AnyOutcome,
    CampaignSpec,
    CurveOutcome,
    DistributionOutcome,
    NumberOutcome,
    SimulatedProcess,
)
from planner.labs.contract import DeliveryClass
from planner.labs.matching import Matched, match_simulator
from planner.rng import derive_seed, make_generator
from planner.simulators.catalogue import find
from planner.simulators.contract import Course, Curve, Given, Status
from planner.simulators.instrument import Noise, measure
from planner.simulators.pool import SimulatorPool
from planner.simulators.worker import FinishedRun
from planner.trials import Answer, DeviceState, Order, Reported, Result, Series

TIME_LIMIT_S = 600.0


class SimulatorLab:
    """Runs orders in worker processes; the same key gives the same draw.

    A run that the workers lose (their parent was killed) is simply submitted again. What is
    measured of the conditions, and not set, is drawn for each run between its bounds.

    Args:
        source: names the simulator, its further inputs and the instrument's noise.
        spec: the campaign, for the names and units of parameters and outcomes.

    Raises:
        UnknownName: no such simulator, or it lacks a parameter or an outcome of the campaign.
        UnitError: a parameter's unit cannot be converted to the simulator's.
        InputError: a parameter or outcome is of another kind than the simulator's.
    """

    delivery = DeliveryClass.KEYED
    is_repeatable = True
    is_person = False

    def __init__(self, source: SimulatedProcess, spec: CampaignSpec) -> None:
        self._source = source
        self._matched = match_simulator(find(source.simulator), source, spec)
        self._noise = {
            name: _noise(source, spec.outcomes[name], each.unit)
            for name, each in self._matched.outcomes.items()
        }
        self._pool = SimulatorPool(
            capacity=source.capacity, limit_s=source.time_limit or TIME_LIMIT_S
        )
        self._finished: dict[str, Answer] = {}
        self._open: set[str] = set()

    def submit(self, order: Order) -> Answer:
        """Starts the run in a worker process, unless it is under way or done already."""
        if order.key in self._finished:
            return self._finished[order.key]
        if order.key not in self._open:
            self._pool.submit(
                order.key,
                self._source.simulator,
                inputs=_inputs(order, self._source, self._matched),
                theta=self._source.calibration or None,
                seed=derive_seed(0, "simulator", order.key),
            )
            self._open.add(order.key)
        return Answer(key=order.key, state=DeviceState.STARTED, reason="a worker process runs it")

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Tells which runs are done; a run that no worker knows is left out."""
        for finished in self._pool.poll():
            self._open.discard(finished.job_id)
            self._finished[finished.job_id] = self._answer(finished)
        known: dict[str, Answer] = {}
        for key in keys:
            if key in self._finished:
                known[key] = self._finished.pop(key)
            elif key in self._open:
                known[key] = Answer(key=key, state=DeviceState.STARTED)
        return known

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        """Forgets a run; its worker may finish it for nobody."""
        self._open.discard(key)
        return Answer(key=key, state=DeviceState.ABORTED, reason="the simulation was dropped")

    def close(self) -> None:
        """Ends the worker processes."""
        self._pool.close()

    def _answer(self, finished: FinishedRun) -> Answer:
        key, result = finished.job_id, finished.result
        if result.status is not Status.OK:
            return Answer(
                key=key,
                state=DeviceState.FAILED,
                reason=f"simulation {result.status}: {result.diagnostics.message}",
                # no product is what the process does there; anything else is the machine's fault
                failure="process" if result.status is Status.NO_PRODUCT else "machine",
            )
        read = measure(result, self._noise, seed=derive_seed(0, "instrument", key))
        outcomes = {
            name: _reported(read.values[name], unit=outcome.unit, x_unit=outcome.x_unit)
            for name, outcome in self._matched.outcomes.items()
        }
        weather = {
            name: Reported(value=value, unit=self._matched.contextual[name].unit)
            for name, value in _weather(key, self._matched).items()
        }
        return Answer(
            key=key, state=DeviceState.DONE, result=Result(outcomes=outcomes, achieved=weather)
        )


def _inputs(order: Order, source: SimulatedProcess, matched: Matched) -> dict[str, Given]:
    """Returns what the simulator is told, in its own units."""
    inputs: dict[str, Given] = dict(source.inputs)
    for name, setting in order.parameters.items():
        if name in matched.numbers:
            wanted = matched.numbers[name].unit
            inputs[name] = units.convert(float(setting.value), given=setting.unit, wanted=wanted)
    for name, table in order.profiles.items():
        course = matched.courses[name]
        inputs[name] = Course(
            times=tuple(
                units.convert(each, given=table.time_unit, wanted=course.time_unit)
                for each in table.times
            ),
            values=tuple(
                units.convert(each, given=table.unit, wanted=course.unit) for each in table.values
            ),
            is_stepped=table.interpolation == "step",
        )
    for name, value in _weather(order.key, matched).items():
        given, wanted = matched.contextual[name].unit, matched.numbers[name].unit
        inputs[name] = units.convert(value, given=given, wanted=wanted)
    return inputs


def _weather(key: str, matched: Matched) -> dict[str, float]:
    """Draws what is measured and not set, in the campaign's units; the same key the same draw."""
    generator = make_generator(derive_seed(0, "weather", key))
    return {
        name: float(generator.uniform(each.low, each.high))
        for name, each in matched.contextual.items()
    }


def _noise(source: SimulatedProcess, outcome: AnyOutcome, unit: str | None) -> Noise:
    """Returns the noise of the instrument in the simulator's unit of an outcome.

    An instrument shows nothing below what is possible, such as a negative concentration; nor does
    one count fewer than none.
    """
    floor, lowest = source.noise_floor, -math.inf
    match outcome:
        case NumberOutcome() if unit is not None:
            floor = units.convert_difference(floor, given=outcome.unit, wanted=unit)
            if outcome.bounds[0] is not None:
                lowest = units.convert(outcome.bounds[0], given=outcome.unit, wanted=unit)
        case CurveOutcome() if unit is not None:
            floor = units.convert_difference(floor, given=outcome.unit, wanted=unit)
        case DistributionOutcome():
            lowest = 0.0
    return Noise(relative=source.noise, absolute=floor, lowest=lowest)


def _reported(value: float | str | Curve, *, unit: str | None, x_unit: str | None) -> Reported:
    if isinstance(value, Curve):
        return Reported(value=Series(x=value.x, y=value.y), unit=unit, x_unit=x_unit)
    return Reported(value=value, unit=unit)
