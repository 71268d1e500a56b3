"""Limits, checked outside of what chooses: when a trial is proposed, approved and dispatched."""

from __future__ import annotations

from planner.campaign import CampaignSpec
from planner.errors import InputError
from planner.space import Configuration, Contextual


def find_breach(spec: CampaignSpec, configuration: Configuration) -> str | None:
    """Returns how settings break the bounds or rules now in force; None where they keep to them.

    Args:
        spec: as it is in force; it may have been amended since the trial was proposed.
        configuration: of a trial.
    """
    tolerance = spec.candidates.tolerance if spec.candidates is not None else 0.0
    try:
        for name, parameter in spec.scalars.items():
            if not isinstance(parameter, Contextual):  # what is measured is as it is
                parameter.check(configuration[name])
        for rule in spec.all_constraints:
            breach = rule.find_breach(configuration, tolerance=tolerance)
            if breach is not None:
                return breach
    except InputError as error:
        return str(error)
    return None


def why_outside(breach: str) -> str:
    """Says that a trial is outside of the limits now in force, and what leads on."""
    return f"it is outside of the limits now in force: {breach} (planner amend, or planner abort)"
