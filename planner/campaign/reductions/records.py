"""All reductions as one type, told apart by their names."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from planner.campaign.reductions.base import ReductionBase
from planner.campaign.reductions.custom import Custom
from planner.campaign.reductions.of_curves import (
    Area,
    Average,
    Centroid,
    Distance,
    HalfWidth,
    Maximum,
    Minimum,
    Onset,
    PeakHeight,
    PeakPosition,
    Ratio,
    ValueAt,
)
from planner.campaign.reductions.of_distributions import (
    Divergence,
    Mean,
    Median,
    Mode,
    Polydispersity,
    Quantile,
    Span,
    StandardDeviation,
    Wasserstein,
)

AnyReduction = (
    Mean
    | Median
    | Quantile
    | Mode
    | StandardDeviation
    | Span
    | Polydispersity
    | Divergence
    | Wasserstein
    | PeakPosition
    | PeakHeight
    | HalfWidth
    | Area
    | Centroid
    | Average
    | Maximum
    | Minimum
    | Onset
    | ValueAt
    | Ratio
    | Distance
    | Custom
)


def name_reduction(part: object) -> object:
    """Returns what stands for a bare name in the file: the reduction with its defaults."""
    return {"name": part} if isinstance(part, str) else part


_Discriminated = Annotated[AnyReduction, Field(discriminator="name")]
Reduction = Annotated[
    _Discriminated, BeforeValidator(name_reduction, json_schema_input_type=str | _Discriminated)
]


def names_for(subject: Literal["curve", "distribution"]) -> tuple[str, ...]:
    """Returns the names of the reductions of a curve or a distribution."""
    kinds: tuple[type[ReductionBase], ...] = get_args(AnyReduction)
    return tuple(
        kind.model_fields["name"].default for kind in kinds if kind.subject in (subject, "either")
    )
