"""What a result needs to become data: a place for its files, targets of reductions, functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from planner.campaign import CampaignSpec, CurveOutcome, DistributionOutcome, NumberOutcome
from planner.campaign.reductions import Axes, Own, Points, read_target
from planner.campaign.reductions.custom import Custom
from planner.errors import InputError
from planner.labs import Attachment, Reported, Result, Series
from planner.ledger.artifacts import ArtifactStore
from planner.trials import Artifact, Curve, StoredCurve
from planner.trials.values import MOST_INLINE_POINTS

_UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What a result needs to become data.

    Args:
        artifacts: where files and long curves are kept.
        targets: by the name of a computed outcome, what its reduction compares with.
        own: the user's reductions, handed over in Python, by name.
    """

    artifacts: ArtifactStore
    targets: Mapping[str, Points] = field(default_factory=dict)
    own: Own = field(default_factory=dict)


def make_intake(
    spec: CampaignSpec, *, folder: Path, artifacts: Path, own: Own | None = None
) -> Intake:
    """Reads what the campaign's reductions need, so that nothing is missing when a result comes.

    Args:
        spec: the campaign.
        folder: of the campaign file, where relative paths of tables start.
        artifacts: folder of its files.
        own: the user's reductions by name.

    Raises:
        TableError: the table of a target cannot be read.
    """
    targets = {}
    for name, outcome in reduced(spec).items():
        assert outcome.reduce is not None  # that is what makes it one
        assert outcome.by is not None
        axes = axes_of(spec, outcome.reduce)
        target = read_target(outcome.by, axes=axes, folder=folder)
        if target is not None:
            targets[name] = target
    return Intake(artifacts=ArtifactStore(artifacts), targets=targets, own=dict(own or {}))


def check_own(spec: CampaignSpec, intake: Intake) -> None:
    """Accepts a campaign all of whose own reductions were handed over.

    Raises:
        InputError: one is missing, so that no result could become data.
    """
    for name, outcome in reduced(spec).items():
        if isinstance(outcome.by, Custom) and outcome.by.function not in intake.own:
            raise InputError(
                f"Outcome {name!r} is computed by the function {outcome.by.function!r} of your "
                f"own, which was not handed over. Open the campaign in Python: "
                f"planner.open(FILE, reductions={{{outcome.by.function!r}: your_function}})."
            )


def reduced(spec: CampaignSpec) -> dict[str, NumberOutcome]:
    """Returns the outcomes that are computed from a curve or distribution."""
    return {
        name: outcome
        for name, outcome in spec.outcomes.items()
        if isinstance(outcome, NumberOutcome) and outcome.reduce is not None
    }


def axes_of(spec: CampaignSpec, name: str) -> Axes:
    """Returns the units of an outcome that is a curve or distribution."""
    outcome = spec.outcomes[name]
    assert isinstance(outcome, CurveOutcome | DistributionOutcome)  # the file was checked
    y_unit = outcome.unit if isinstance(outcome, CurveOutcome) else "1"
    return Axes(x_unit=outcome.x_unit, y_unit=y_unit)


def stow(result: Result, artifacts: ArtifactStore) -> Result:
    """Returns a result whose files and long curves lie among the artifacts.

    They are kept before the ledger says that they arrived, so that a crash in between leaves a
    file that nobody names, never a name without its file.

    Raises:
        LedgerUnavailable: they cannot be written.
    """
    return replace(
        result,
        outcomes={
            name: replace(reported, value=_stowed(name, reported, artifacts))
            for name, reported in result.outcomes.items()
        },
    )


def _stowed(
    name: str, reported: Reported, artifacts: ArtifactStore
) -> float | str | Series | Attachment | StoredCurve | Artifact | None:
    value = reported.value
    if isinstance(value, Series) and max(len(value.x), len(value.y)) > MOST_INLINE_POINTS:
        return _stowed_curve(name, value, artifacts)
    if isinstance(value, Attachment):
        return _stowed_file(name, value, artifacts)
    return value


def _stowed_curve(name: str, series: Series, artifacts: ArtifactStore) -> StoredCurve | Artifact:
    try:
        return artifacts.put_curve(Curve(x=series.x, y=series.y))
    except (InputError, TypeError):  # no curve, as the check will say: kept as it is
        content = json.dumps({"x": series.x, "y": series.y}, default=str).encode()
        return artifacts.put_bytes(content, media_type="application/json", name=f"{name}.json")


def _stowed_file(name: str, file: Attachment, artifacts: ArtifactStore) -> Artifact:
    try:
        return artifacts.put_bytes(file.content, media_type=file.media_type, name=file.name)
    except InputError:  # the bytes are what was measured, whatever they are called
        return artifacts.put_bytes(file.content, media_type=_UNKNOWN_TYPE, name=f"{name}.bin")
