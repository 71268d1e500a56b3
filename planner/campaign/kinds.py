"""Which kinds of parameters a family of models is made for."""

from __future__ import annotations

_MIXING, _BENDING = "mixed_gp", "warped_gp"


def unserved(family: str, *, has_choices: bool, has_numbers: bool) -> str | None:
    """Returns why a family of models does not serve a space, in words; None where it does.

    Args:
        family: as the campaign file spells it.
        has_choices: whether any parameter is a choice that has neither an order nor descriptors.
        has_numbers: whether any other parameter varies.
    """
    if family == _MIXING and not has_choices:
        return (
            f"{family} mixes numbers with choices, and no parameter is a choice without order and "
            f"descriptors"
        )
    if family == _MIXING and not has_numbers:
        return f"{family} mixes numbers with choices, and every parameter is a choice"
    if family == _BENDING and not has_numbers:
        return f"{family} bends numbers, and every parameter is a choice"
    return None
