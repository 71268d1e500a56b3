"""What a campaign file may declare as a parameter, and the parameters that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from planner.errors import InputError
from planner.space.parameters import AnyParameter, Parameter
from planner.space.profile import Profile

AnyDeclared = AnyParameter | Profile
# What a campaign file may declare as a parameter.
DeclaredParameter = Annotated[Parameter | Profile, Field(discriminator="kind")]


def expand_profiles(parts: Mapping[str, AnyDeclared]) -> dict[str, AnyParameter]:
    """Returns the parameters with each profile replaced by those that it stands for.

    Raises:
        InputError: a profile's parameter has the name of another.
    """
    expanded: dict[str, AnyParameter] = {}
    for name, part in parts.items():
        stands_for = part.parameters() if isinstance(part, Profile) else (part,)
        for parameter in stands_for:
            key = parameter.name if isinstance(part, Profile) else name
            if key in expanded or (key != name and key in parts):
                raise InputError(
                    f"Two parameters would be named {key!r}, one of them from the knots of a "
                    f"profile. Rename the other, or the profile."
                )
            expanded[key] = parameter
    return expanded
