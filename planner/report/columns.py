"""Which columns a table of trials has beside those that every campaign's table has."""

from __future__ import annotations

from dataclasses import dataclass

from planner.campaign import CampaignSpec, NumberOutcome

_MOST = 5  # parameters and further outcomes, on a printed page and on a desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What has a column of its own.

    Args:
        has_settings: whether each parameter has one; else the settings stand below each trial.
        others: numbers that are measured beside the outcome of the objective.
    """

    has_settings: bool
    others: tuple[NumberOutcome, ...]

    @property
    def names(self) -> frozenset[str]:
        """Names of the further outcomes."""
        return frozenset(each.name for each in self.others)


def columns_of(spec: CampaignSpec) -> Columns:
    """Returns the columns that fit; where there are too many, the settings give way first."""
    others = other_numbers(spec)
    return Columns(
        has_settings=len(spec.scalars) + len(others) <= _MOST,
        others=others[:_MOST],
    )


def other_numbers(spec: CampaignSpec) -> tuple[NumberOutcome, ...]:
    """Returns the numbers that are measured beside the outcome of the objective."""
    return tuple(
        each
        for name, each in spec.outcomes.items()
        if isinstance(each, NumberOutcome) and name != spec.objective.outcome
    )
