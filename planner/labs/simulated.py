"""A lab that is a physics simulator, read by an instrument with noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner import units
from planner.campaign import CampaignSpec, SimulatedProcess
from planner.errors import UnknownName
from planner.labs.contract import Answer, DeliveryClass, Order, Reported, Result, Series
from planner.rng import derive_seed
from planner.simulators.catalogue import find
from planner.simulators.contract import Simulator, Status
from planner.simulators.instrument import Noise, measure
from planner.simulators.pool import SimulatorPool
from planner.simulators.worker import FinishedRun
from planner.trials import Curve, DeviceState

TIME_LIMIT_S = 600.0


class SimulatorLab:
    """Runs orders in worker processes; the same key gives the same draw.

    A run that the workers lose (their parent was killed) is simply submitted again.

    Args:
        source: names the simulator, its further inputs and the instrument's noise.
        spec: the campaign, for the names and units of parameters and outcomes.

    Raises:
        UnknownName: no such simulator, or it lacks a parameter or an outcome of the campaign.
        UnitError: a parameter's unit cannot be converted to the simulator's.
    """

    delivery = DeliveryClass.KEYED
    is_repeatable = True
    is_person = False

    def __init__(self, source: SimulatedProcess, spec: CampaignSpec) -> None:
        self._source = source
        self._simulator = find(source.simulator)
        self._input_units = {each.name: each.unit for each in self._simulator.inputs}
        self._outcome_units = {each.name: each.unit for each in self._simulator.outcomes}
        _check_names(self._simulator, source, spec)
        self._outcomes = tuple(spec.outcomes)
        noise = Noise(relative=source.noise, absolute=source.noise_floor)
        self._noise = dict.fromkeys(self._outcomes, noise)
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
            inputs = dict(self._source.inputs)
            for name, setting in order.parameters.items():
                wanted = self._input_units[name]
                inputs[name] = units.convert(
                    float(setting.value), given=setting.unit, wanted=wanted
                )
            self._pool.submit(
                order.key,
                self._source.simulator,
                inputs=inputs,
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

    def abort(self, key: str) -> Answer:
        """Forgets a run; its worker may finish it for nobody."""
        self._open.discard(key)
        return Answer(key=key, state=DeviceState.ABORTED, reason="the simulation was dropped")

    def close(self) -> None:
        """Ends the worker processes."""
        self._pool.close()

    def _answer(self, finished: FinishedRun) -> Answer:
        key, result = finished.job_id, finished.result
        if result.status is not Status.OK:
            reason = f"simulation {result.status}: {result.diagnostics.message}"
            return Answer(key=key, state=DeviceState.FAILED, reason=reason)
        read = measure(result, self._noise, seed=derive_seed(0, "instrument", key))
        outcomes = {
            name: Reported(value=_as_sent(read.values[name]), unit=self._outcome_units[name])
            for name in self._outcomes
        }
        return Answer(key=key, state=DeviceState.DONE, result=Result(outcomes=outcomes))


def _as_sent(value: float | str | Curve) -> float | str | Series:
    return Series(x=value.x, y=value.y) if isinstance(value, Curve) else value


def _check_names(simulator: Simulator, source: SimulatedProcess, spec: CampaignSpec) -> None:
    inputs = {each.name: each for each in simulator.inputs}
    outcomes = {each.name: each for each in simulator.outcomes}
    for name, parameter in spec.scalars.items():
        if name not in inputs:
            raise UnknownName(
                f"Simulator {simulator.name!r} has no input {name!r}. "
                f"Its inputs are {', '.join(inputs)}; name the parameter like one of them."
            )
        units.convert(1.0, given=parameter.unit, wanted=inputs[name].unit)
    for name in source.inputs:
        if name not in inputs:
            raise UnknownName(
                f"Source {source.name!r} gives {name!r}, which is no input of simulator "
                f"{simulator.name!r}. Its inputs are {', '.join(inputs)}."
            )
    for name, outcome in spec.outcomes.items():
        if name not in outcomes:
            raise UnknownName(
                f"Simulator {simulator.name!r} yields no {name!r}. "
                f"It yields {', '.join(outcomes)}; name the outcome like one of them."
            )
        units.convert(1.0, given=outcomes[name].unit, wanted=outcome.unit)
