"""Mistakes between what is read off sensors, the sensors themselves, and parameters."""

from __future__ import annotations

from planner import units
from planner.campaign.contradictions.draft import Found, Parts, Where, scalars_of, unknown
from planner.campaign.sensed import Precondition, SensedContext
from planner.campaign.sensors import Sensor
from planner.errors import UnitError
from planner.space import Contextual


def find_in_sensed(parts: Parts) -> Found:
    """Finds preconditions and context of sensors that are not there or measure something else."""
    for index, text in enumerate(parts.preconditions):
        if text is not None:
            yield from _of_precondition(parts, ("preconditions", index), Precondition.parse(text))
    for name, sensed in parts.context.items():
        if sensed is not None:
            yield from _of_context(parts, ("context", name), name, sensed)


def _of_precondition(parts: Parts, where: Where, required: Precondition) -> Found:
    sensor = parts.sensors.get(required.sensor)
    if required.sensor not in parts.sensors:
        yield where, unknown("sensor", required.sensor, parts.sensors)
    elif sensor is not None:
        try:
            required.limit_in(sensor.unit)
        except UnitError as error:
            yield where, f"{required.limit!r}: {error}"


def _of_context(parts: Parts, where: Where, name: str, sensed: SensedContext) -> Found:
    scalars = scalars_of(parts)
    parameter, sensor = scalars.get(name), parts.sensors.get(sensed.sensor)
    if name not in scalars:
        yield where, unknown("parameter", name, scalars)
    elif parameter is not None and not isinstance(parameter, Contextual):
        yield (
            where,
            f"{name!r} is set, not measured: give what is read off a sensor a parameter of its "
            f"own, {{kind: contextual, low: ..., high: ...}}",
        )
    if sensed.sensor not in parts.sensors:
        yield (*where, "sensor"), unknown("sensor", sensed.sensor, parts.sensors)
    elif sensor is not None and isinstance(parameter, Contextual):
        yield from _of_units(where, parameter, sensor, sensed)


def _of_units(where: Where, parameter: Contextual, sensor: Sensor, sensed: SensedContext) -> Found:
    unit = sensed.unit_of(sensor.unit)
    if not units.are_compatible(unit, parameter.unit):
        yield (
            where,
            f"the {sensed.summary.replace('_', ' ')} of {sensed.sensor!r} is in {unit!r}, and "
            f"parameter {parameter.name!r} in {parameter.unit!r}: give the parameter a unit of "
            f"the same kind",
        )
