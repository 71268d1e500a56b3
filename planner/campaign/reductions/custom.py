"""A reduction of a user's own, written in Python."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from planner.campaign.reductions.base import Axes, Given, ReductionBase
from planner.campaign.reductions.points import Points, Unreducible
from planner.errors import UnknownName
from planner.space import read_unit


class Custom(ReductionBase):
    """A function of the user's own, handed over from Python; a campaign file only names it."""

    subject = "either"
    gives = "number"
    name: Literal["own"] = "own"
    function: str = Field(min_length=1, description="Name under which it is handed over.")
    unit: str = Field(default="1", description="Unit of the number that it returns.")

    @field_validator("unit", mode="before", json_schema_input_type=str | Literal[1])
    @classmethod
    def _unit_is_known(cls, unit: object) -> object:
        return read_unit(unit)

    def unit_of(self, axes: Axes) -> str:
        """Returns what the file says."""
        return self.unit

    def compute(self, points: Points, given: Given) -> float:
        """Returns what the user's function makes of x and y, in the order of x."""
        function = given.own.get(self.function)
        if function is None:
            known = ", ".join(sorted(given.own)) or "none"
            raise UnknownName(
                f"There is no function {self.function!r} for the reduction 'own'; handed over: "
                f"{known}. Hand it over from Python, or name another."
            )
        try:
            return float(function(points.x, points.y))
        except Exception as error:  # whatever a user's function raises is about these points
            what = f"{type(error).__name__}: {error}"
            raise Unreducible(f"the function {self.function!r} failed ({what})") from error
