"""What all sources have: cost and duration; those that run trials, hours, devices and stock."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    StrictFloat,
    StrictInt,
    Tag,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from planner import units
from planner.campaign.hours import ALWAYS, Holidays, Hours, HoursText, TimeZone
from planner.errors import UnitError
from planner.space import Configuration, Expression, read_number, read_unit
from planner.space.base import as_decimal


def _seconds(value: object) -> object:
    return units.parse_quantity(value, wanted="s") if isinstance(value, str) else value


Duration = Annotated[
    StrictFloat,
    BeforeValidator(_seconds, json_schema_input_type=str | float),
    Field(gt=0, description="A time with its unit, such as '20 min'; a bare number is seconds."),
]


_MONEY = re.compile(r"\s*\d+(?:\.\d+)?\s*(?:[A-Z]{3}|[€$£¥])\s*")


def _formula(text: str) -> str:
    """Accepts an expression of the parameters, which is parsed to find mistakes."""
    if _MONEY.fullmatch(text):
        number = re.sub(r"[^\d.]", "", text)
        raise ValueError(
            f"{text!r} names a currency, which stands once, at the budget (cost: '500 EUR'): "
            f"write {number}"
        )
    Expression.parse(text)
    return text


# Told apart by their form, so that a mistake is said once and not for each.
Amount = Annotated[
    Annotated[StrictFloat, Tag("number")]
    | Annotated[str, AfterValidator(_formula), Tag("formula")],
    Discriminator(lambda each: "formula" if isinstance(each, str) else "number"),
]


class Part(BaseModel):
    """A part of a campaign file that knows all its keys and never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SetUp(Part):
    """Work between two trials that differ in some parameters, such as cooling a furnace.

    Args:
        time: what a change takes, such as '40 min'.
        parameters: those whose change takes it; all of them together take it once.
    """

    time: Duration
    parameters: tuple[str, ...] = Field(min_length=1)


class Consumable(Part):
    """Something that trials use up.

    Args:
        unit: of stock and use.
    """

    unit: str = "1"
    stock: StrictFloat = Field(
        ge=0, description="How much there is when the campaign begins, such as 20 or '20 g'."
    )
    use: Amount = Field(
        description="What one trial uses, such as 0.5, '500 mg' or '0.02 * precursor'."
    )

    @field_validator("unit", mode="before", json_schema_input_type=str | Literal[1])
    @classmethod
    def _unit_is_known(cls, unit: object) -> object:
        return read_unit(unit)

    @field_validator("stock", mode="before", json_schema_input_type=float | str)
    @classmethod
    def _stock_may_have_a_unit(cls, value: object, info: ValidationInfo) -> object:
        return read_number(value, unit=info.data.get("unit"))

    @field_validator("use", mode="before", json_schema_input_type=float | str)
    @classmethod
    def _use_may_have_a_unit(cls, value: object, info: ValidationInfo) -> object:
        return _read_use(value, unit=info.data.get("unit"))

    def used_by(self, configuration: Configuration) -> Decimal:
        """Returns what one trial uses, in the consumable's unit, at least 0."""
        return max(Decimal(0), exact_amount(self.use, configuration))


def _read_use(use: object, *, unit: str | None) -> object:
    """Converts a number with its unit, such as ``5 mg``; a formula is left as it is.

    Raises:
        UnitError: the unit is of another dimension.
    """
    if not isinstance(use, str):
        return use
    try:
        _, given = units.split_quantity(use, wanted=unit or units.DIMENSIONLESS)
        units.check_unit(given)
    except UnitError:  # what is no number with a unit is a formula, or said to be none
        return use
    return read_number(use, unit=unit) if given else use


class SourceBase(Part):
    """What all sources have."""

    name: str
    kind: str
    about: str = ""
    cost: Amount = Field(
        default=0.0,
        description="Money that one trial costs: a number, or an expression of the parameters "
        "such as '2.5 + 0.8 * precursor'.",
    )
    duration: Duration | None = Field(
        default=None, description="Expected time of one trial, such as '20 min'."
    )

    @model_serializer(mode="wrap")
    def _keep_kind(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Writes the kind even where defaults are left out: it tells sources apart."""
        return {"kind": self.kind, **write(self)}

    def cost_of(self, configuration: Configuration) -> Decimal:
        """Returns the money that one trial costs, at least 0."""
        return max(Decimal(0), exact_amount(self.cost, configuration))


class RunnerBase(SourceBase):
    """What all sources have that run trials."""

    capacity: StrictInt = Field(
        default=1, ge=1, description="Trials that may be under way at once on each device."
    )
    devices: tuple[str, ...] = Field(
        default=(), description="Names of identical devices that share the work; none for one."
    )
    shared: tuple[str, ...] = Field(
        default=(),
        description="Parameters that all trials under way on one device have in common, such as "
        "the temperature of one oven.",
    )
    set_up: SetUp | None = Field(
        default=None, description="What a change of some parameters takes between two trials."
    )
    hours: HoursText = ALWAYS
    time_zone: TimeZone | None = Field(
        default=None,
        description="Of the hours and holidays, such as Europe/Berlin; needed where they are.",
    )
    holidays: Holidays = ()
    consumables: dict[str, Consumable] = Field(
        default_factory=dict, description="What trials use up, with its stock."
    )
    retries: StrictInt = Field(
        default=0,
        ge=0,
        description="New runs after a failed one; above 0 declares that repeating is safe.",
    )
    time_limit: Duration | None = Field(
        default=None,
        description="Longest time that one run may take from when the device has it, such as "
        "'2 h'; its order's wait is not counted.",
    )

    @field_validator("devices", "shared")
    @classmethod
    def _named_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) != len(names):
            raise ValueError("a name is listed twice: leave one out")
        return names

    @model_validator(mode="after")
    def _hours_are_those_of_a_place(self) -> RunnerBase:
        if (self.hours != ALWAYS or self.holidays) and self.time_zone is None:
            raise ValueError(
                "has hours or holidays, and no clock to read them on: add the time zone, such as "
                "time_zone: Europe/Berlin"
            )
        return self

    @cached_property
    def opening(self) -> Hours:
        """When trials can run."""
        zone = self.time_zone or "UTC"  # none is given only where it never closes
        return Hours.parse(self.hours, time_zone=zone, holidays=self.holidays)

    @property
    def places(self) -> int:
        """How many trials may be under way at once on all devices together."""
        return self.capacity * max(1, len(self.devices))


def exact_amount(amount: float | str, configuration: Configuration) -> Decimal:
    """Returns a number, or what an expression of the parameters comes to, in decimal.

    Raises:
        InputError: the expression has no value there, such as a division by zero.
    """
    if not isinstance(amount, str):
        return as_decimal(amount)
    return _parsed(amount).exact(configuration)


@cache
def _parsed(text: str) -> Expression:
    return Expression.parse(text)
