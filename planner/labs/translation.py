"""Between the planner's names and units and the device's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from planner import units
from planner.campaign import AnyDevice, CampaignSpec, MappedParameter
from planner.campaign.mapped import find_loss, to_device
from planner.errors import InputError
from planner.space import ProfileTable
from planner.trials import Answer, Order, Reported, Result, Setting

_AS_IT_IS = MappedParameter()


class Translation:
    """Writes orders in the device's words, and reads its answers.

    What is not mapped goes and comes as it is: whether it is sound is for those to say who check
    results. A unit that the device does not state is the one that the map states.

    Args:
        source: whose map it is.
        spec: the campaign, for the names and units of parameters and outcomes.

    Raises:
        InputError: the map loses something on the way there and back.
    """

    def __init__(self, source: AnyDevice, spec: CampaignSpec) -> None:
        self._map = source.map
        self._fields = {
            name: _field(source.map, name) for name in (*spec.scalars, *spec.parameters)
        }
        self._outcomes = source.outcomes
        self._settings = {self._fields[name]: name for name in spec.scalars}
        self._measured = {_field(source.outcomes, name): name for name in spec.outcomes}
        _check_round_trip(source, spec)

    def write_order(self, order: Order) -> Order:
        """Returns an order in the device's names and units; its key and digest stay."""
        return replace(
            order,
            parameters=self.write_settings(order.parameters),
            profiles={
                self._name(name): self._write_profile(name, table)
                for name, table in order.profiles.items()
            },
        )

    def write_settings(self, settings: Mapping[str, Setting]) -> dict[str, Setting]:
        """Returns settings in the device's names and units."""
        return {
            self._name(name): self._write_setting(name, setting)
            for name, setting in settings.items()
        }

    def read_answer(self, answer: Answer) -> Answer:
        """Returns an answer in the planner's names."""
        if answer.result is None:
            return answer
        result = Result(
            outcomes=_read(answer.result.outcomes, self._measured, _units_of(self._outcomes)),
            achieved=_read(answer.result.achieved, self._settings, _units_of(self._map)),
        )
        return replace(answer, result=result)

    def _name(self, name: str) -> str:
        return self._fields.get(name, name)

    def _write_setting(self, name: str, setting: Setting) -> Setting:
        mapped = self._map.get(name)
        if mapped is None or isinstance(setting.value, str):
            return setting
        return Setting(
            value=to_device(setting.value, mapped, unit=setting.unit),
            unit=setting.unit if mapped.unit is None else mapped.unit,
        )

    def _write_profile(self, name: str, table: ProfileTable) -> ProfileTable:
        mapped = self._map.get(name, _AS_IT_IS)
        values = [float(to_device(each, mapped, unit=table.unit)) for each in table.values]
        unit = table.unit if mapped.unit is None else mapped.unit
        return table.model_copy(update={"values": tuple(values), "unit": unit})


def _field(named: Mapping[str, object], name: str) -> str:
    return getattr(named.get(name), "field", None) or name


def _units_of(named: Mapping[str, object]) -> dict[str, str | None]:
    return {name: getattr(each, "unit", None) for name, each in named.items()}


def _read(
    reported: Mapping[str, Reported], names: Mapping[str, str], known: Mapping[str, str | None]
) -> dict[str, Reported]:
    """Returns values under the planner's names; no two ever become one."""
    found: dict[str, Reported] = {}
    for field, each in reported.items():
        name = names.get(field)
        if name is None:
            # a device's name that happens to be ours, of something that we call otherwise
            name = f"{field} (the device's)" if field in names.values() else field
        unit = known.get(name) if each.unit is None else each.unit
        found[name] = each if unit == each.unit else replace(each, unit=unit)
    return found


def _check_round_trip(source: AnyDevice, spec: CampaignSpec) -> None:
    """Refuses a map that would lose something, also where no campaign file was read for it."""
    where = f"The map of source {source.name!r}"
    for names in ([*spec.scalars], [*spec.profiles]):
        fields = [_field(source.map, name) for name in names]
        for name, field in zip(names, fields, strict=True):
            if fields.count(field) > 1:
                raise InputError(
                    f"{where} gives the field {field!r} to {name!r} and to another parameter, "
                    f"which the device could not tell apart. Give each a field of its own."
                )
    for name, mapped in source.map.items():
        profile = spec.profiles.get(name)
        if profile is not None and mapped.unit is not None:
            units.convert(0.0, given=profile.unit, wanted=mapped.unit)
        elif name in spec.scalars and (loss := find_loss(spec.scalars[name], mapped)):
            raise InputError(f"{where}: {name!r} {loss}")
