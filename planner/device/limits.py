"""A device's own limits, checked by the agent and outside of the act."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, model_validator

from planner import units
from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.space import ProfileTable, Value
from planner.trials import Order, Setting


class Field(BaseModel):
    """One thing that the device can be set to.

    Args:
        low: the smallest value that the device accepts, in ``unit``.
        high: the largest.
        unit: of the device; an order in another unit of the same dimension is converted.
        choices: names that the device accepts, where it is set by name.
        required: whether an order must set it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: float | None = None
    high: float | None = None
    unit: str | None = None
    choices: tuple[str, ...] | None = None
    required: bool = True

    @model_validator(mode="after")
    def _is_whole(self) -> Field:
        if self.choices is None and (self.low is None or self.high is None or self.unit is None):
            raise ValueError(
                "needs low, high and unit ('1' for a plain number), or choices: a device without "
                "limits of its own is only as safe as its planner"
            )
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}: turn them round")
        if self.unit is not None:
            try:
                units.check_unit(self.unit)
            except InputError as error:
                raise ValueError(str(error)) from error
        return self


def fit_order(order: Order, fields: Mapping[str, Field]) -> dict[str, Setting]:
    """Returns the settings of an order in the device's own units.

    Args:
        order: as it came.
        fields: of the device, by name; without any, orders go through as they are.

    Raises:
        ValueOutOfRange: a value lies outside of the device's limits.
        UnknownName: the device has no such field, the order lacks one, or a value is none.
        UnitError: a unit that cannot be converted to the device's.
    """
    if not fields:
        return fit_settings(order.parameters, fields)
    _check_names(order, fields)
    for name, table in order.profiles.items():
        _check_profile(name, table, fields[name])
    return fit_settings(order.parameters, fields)


def fit_settings(
    settings: Mapping[str, Setting], fields: Mapping[str, Field]
) -> dict[str, Setting]:
    """Returns settings in the device's own units.

    Raises:
        ValueOutOfRange: a value lies outside of the device's limits.
        UnknownName: the device has no such field.
        UnitError: a unit that cannot be converted to the device's.
    """
    for name, setting in settings.items():
        if isinstance(setting.value, float) and not math.isfinite(setting.value):
            raise UnknownName(f"{name} = {setting.value}: that is no value to set.")
        if fields and name not in fields:
            raise UnknownName(_no_field(name, fields))
    if not fields:
        return dict(settings)
    return {name: _fit(name, each, fields[name]) for name, each in settings.items()}


def _check_names(order: Order, fields: Mapping[str, Field]) -> None:
    given = {*order.parameters, *order.profiles}
    for name in sorted(given - set(fields)):
        raise UnknownName(_no_field(name, fields))
    for name, field in fields.items():
        if field.required and name not in given:
            raise UnknownName(f"The order does not set {name!r}, which this device needs.")


def _no_field(name: str, fields: Mapping[str, Field]) -> str:
    return f"This device has no {name!r}; it has {', '.join(fields)}. Mend the source's map."


def _fit(name: str, setting: Setting, field: Field) -> Setting:
    if field.choices is not None:
        if setting.value not in field.choices:
            known = ", ".join(field.choices)
            raise ValueOutOfRange(f"{name} = {setting.value!r}: this device knows {known}.")
        return setting
    assert field.unit is not None  # of every field without choices
    if isinstance(setting.value, str):
        raise UnknownName(f"{name} = {setting.value!r}: this device sets it to a number.")
    value = units.convert(float(setting.value), given=setting.unit, wanted=field.unit)
    _check_value(name, value, field)
    is_same: Value = setting.value if setting.unit == field.unit else value
    return Setting(value=is_same, unit=field.unit)


def _check_value(name: str, value: float, field: Field) -> None:
    low, high = field.low, field.high
    assert low is not None  # of every field without choices
    assert high is not None
    if not low <= value <= high:  # nor is NaN
        raise ValueOutOfRange(
            f"{name} = {value:g} {field.unit}: this device's own limits are {low:g} to {high:g} "
            f"{field.unit}."
        )


def _check_profile(name: str, table: ProfileTable, field: Field) -> None:
    if field.unit is None:
        raise UnknownName(f"{name!r}: this device sets it by name, not by a programme.")
    for value in table.values:
        _check_value(name, units.convert(value, given=table.unit, wanted=field.unit), field)
