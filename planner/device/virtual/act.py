"""A device that moves nothing: it records that it did, and says what a formula says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from planner.device.contract import Aborted, Control, Job, MachineFailed, ProcessFailed
from planner.device.virtual.record import PhysicalRecord
from planner.device.virtual.spec import CrashPoint, VirtualAct, VirtualOutcome
from planner.errors import PlannerError
from planner.rng import derive_seed, make_generator
from planner.space import Value
from planner.space.expressions import Expression
from planner.trials import Reported, Result

_READINGS = 10


class VirtualDevice:
    """Performs jobs on paper.

    The same key gives the same outcome, but for drift, which counts the acts performed so far.

    Args:
        spec: formulas and faults.
        record: of physical acts.
        passing: is told where the act passes.
    """

    is_adjustable = True

    def __init__(
        self,
        spec: VirtualAct,
        *,
        record: PhysicalRecord,
        passing: Callable[[CrashPoint, str], None],
    ) -> None:
        self._spec = spec
        self._record = record
        self._passing = passing
        self._acts = sum(line["event"] == "begun" for line in record.read())
        self._stuck: dict[str, float] = {}

    def perform(self, job: Job, control: Control) -> Result:
        """Records an act and returns its outcomes.

        Raises:
            ProcessFailed: the settings are infeasible.
            MachineFailed: a formula cannot be computed.
            Aborted: it was asked to stop.
        """
        settings = {name: each.value for name, each in job.parameters.items()}
        self._record.write("begun", job.key, parameters=settings)
        self._acts += 1
        how, found = "failed", dict[str, object]()
        try:
            self._move(job, control, settings)
            result = self._measure(job, settings)
            how = "done"
            found = {name: each.value for name, each in result.outcomes.items()}
            return result
        except Aborted:
            how = "aborted"
            raise
        finally:
            self._record.write("ended", job.key, how=how, parameters=settings, outcomes=found)

    def _move(self, job: Job, control: Control, settings: dict[str, Value]) -> None:
        latency = self._spec.faults.latency
        if latency:
            latency *= make_generator(derive_seed(self._spec.seed, "latency", job.key)).random()
        step_s = (self._spec.duration + latency) / _READINGS
        for step in range(_READINGS):
            if step == _READINGS // 2:
                self._passing("acting", job.key)
            self._read_sensors(control, settings, elapsed=step / _READINGS)
            if step_s:
                control.wait_s(step_s)
            for change in control.adjustments():
                settings.update({name: each.value for name, each in change.items()})
        for name, value in settings.items():
            unit = job.parameters[name].unit if name in job.parameters else None
            control.achieve(name, value, unit=unit)

    def _read_sensors(
        self, control: Control, settings: Mapping[str, Value], *, elapsed: float
    ) -> None:
        for name, sensor in self._spec.sensors.items():
            value = _compute(sensor.formula, {**settings, "elapsed": elapsed})
            limit = self._spec.faults.stuck_after
            if limit is not None and self._acts > limit:
                value = self._stuck.setdefault(name, value)
            control.read(name, value, unit=sensor.unit)

    def _measure(self, job: Job, settings: Mapping[str, Value]) -> Result:
        if self._spec.infeasible and _compute(self._spec.infeasible, settings) > 0:
            raise ProcessFailed(f"no product: {self._spec.infeasible} is above 0")
        return Result(
            outcomes={
                name: self._report(name, outcome, job.key, settings)
                for name, outcome in self._spec.outcomes.items()
            }
        )

    def _report(
        self, name: str, outcome: VirtualOutcome, key: str, settings: Mapping[str, Value]
    ) -> Reported:
        faults = self._spec.faults
        generator = make_generator(derive_seed(self._spec.seed, "outcome", key, name))
        error, wild = generator.standard_normal(), generator.random()
        value = _compute(outcome.formula, settings) + error * outcome.sd * faults.noise
        value += faults.drift.get(name, 0.0) * (self._acts - 1)
        if wild < faults.nan:
            value = math.nan
        return Reported(value=value, unit=faults.wrong_units.get(name, outcome.unit))


def _compute(formula: str, settings: Mapping[str, Value]) -> float:
    try:
        return float(Expression.parse(formula).exact(settings))
    except PlannerError as error:
        raise MachineFailed(f"The formula {formula!r} has no value: {error}") from error
