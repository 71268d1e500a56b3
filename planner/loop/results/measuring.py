"""From a value as it was reported to what is measured: of the right kind, in the right unit."""

from __future__ import annotations

import difflib
import math

from planner import units
from planner.campaign import (
    AnyOutcome,
    ClassOutcome,
    CurveOutcome,
    DistributionOutcome,
    FileOutcome,
    ImageOutcome,
    NumberOutcome,
)
from planner.errors import InputError, LedgerUnavailable
from planner.labs import Attachment, Reported, Series
from planner.ledger.artifacts import ArtifactStore
from planner.tables import number_text
from planner.trials import Artifact, Curve, Measured, StoredCurve
from planner.trials.values import MOST_INLINE_POINTS

_FEWEST_POINTS = 2


def measure(reported: Reported, outcome: AnyOutcome, artifacts: ArtifactStore) -> Measured:
    """Returns a reported value in the outcome's own units; a file is kept by its hash.

    Args:
        reported: as the source or a person gave it.
        outcome: what it is a value of.
        artifacts: where files and long curves are kept.

    Raises:
        InputError: it is of another kind or dimension, not finite, outside the bounds, or no
            known class.
        LedgerUnavailable: a file cannot be kept.
    """
    match outcome:
        case NumberOutcome():
            return _number(reported, outcome)
        case ClassOutcome():
            return _class(reported, outcome)
        case CurveOutcome() | DistributionOutcome():
            return _curve(reported, outcome, artifacts)
        case FileOutcome() | ImageOutcome():
            return _file(reported, outcome, artifacts)


def read_finite(value: object, what: str) -> float:
    """Returns a number, also where it came as text.

    Raises:
        InputError: it is no finite number.
    """
    number = math.nan
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{what} is {_shown(value)}, not a finite number")
    return number


def points_of(value: object, artifacts: ArtifactStore) -> Curve:
    """Returns the points of a measured curve or distribution, wherever they are kept.

    Raises:
        LedgerUnavailable: its file is missing or damaged.
    """
    if isinstance(value, StoredCurve):
        return artifacts.get_curve(value)
    assert isinstance(value, Curve)  # what was accepted is of its kind
    return value


def _number(reported: Reported, outcome: NumberOutcome) -> Measured:
    what = f"outcome {outcome.name!r}"
    given = reported.unit if reported.unit is not None else outcome.unit
    value = units.convert(read_finite(reported.value, what), given=given, wanted=outcome.unit)
    check_bounds(value, outcome)
    sd = reported.sd
    if sd is not None:
        if not (math.isfinite(sd) and sd > 0):  # a model would trust a value of none without end
            raise InputError(
                f"{what} has the deviation {sd:g}, and a deviation is above 0: leave it out where "
                f"it is not known"
            )
        sd = units.convert_difference(sd, given=given, wanted=outcome.unit)
    return Measured(value=value, sd=sd if sd is not None else outcome.noise)


def check_bounds(value: float, outcome: NumberOutcome) -> None:
    """Accepts a value within the outcome's bounds.

    Raises:
        InputError: it is impossible.
    """
    low, high = outcome.bounds
    if (low is not None and value < low) or (high is not None and value > high):
        unit = "" if outcome.unit in ("", units.DIMENSIONLESS) else f"{outcome.unit}, "
        raise InputError(
            f"outcome {outcome.name!r} is {value:g} {unit}outside its bounds "
            f"{_bound(low)} to {_bound(high)}"
        )


def _class(reported: Reported, outcome: ClassOutcome) -> Measured:
    _refuse_number_like(reported, outcome)
    value = reported.value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    name = number_text(float(value)) if is_number else value  # type: ignore[arg-type]
    if not isinstance(name, str):
        raise InputError(f"outcome {outcome.name!r} is {_shown(value)}, not the name of a class")
    name = name.strip()
    if name not in outcome.classes:
        raise InputError(
            f"outcome {outcome.name!r} is {name!r}, which is not one of "
            f"{', '.join(outcome.classes)}{_suggested(name, outcome.classes)}"
        )
    return Measured(value=name)


def _refuse_number_like(reported: Reported, outcome: AnyOutcome) -> None:
    if reported.sd is not None:
        raise InputError(f"outcome {outcome.name!r} is of kind {outcome.kind} and has no deviation")
    if reported.unit not in (None, "", units.DIMENSIONLESS):
        raise InputError(
            f"outcome {outcome.name!r} is of kind {outcome.kind} and has no unit; it came with "
            f"{reported.unit!r}"
        )


def _suggested(name: str, known: tuple[str, ...]) -> str:
    by_case = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), by_case, n=1)
    return f": is {by_case[near[0]]!r} meant?" if near else ""


def _curve(
    reported: Reported, outcome: CurveOutcome | DistributionOutcome, artifacts: ArtifactStore
) -> Measured:
    if reported.sd is not None:
        raise InputError(f"outcome {outcome.name!r} is of kind {outcome.kind} and has no deviation")
    given = _points(reported, outcome, artifacts)
    curve = _in_own_units(given, reported, outcome)
    _check_points(curve, outcome)
    if isinstance(reported.value, StoredCurve) and curve == given:
        return Measured(value=reported.value)
    if len(curve.x) > MOST_INLINE_POINTS:
        return Measured(value=artifacts.put_curve(curve))
    return Measured(value=curve)


def _points(reported: Reported, outcome: AnyOutcome, artifacts: ArtifactStore) -> Curve:
    value, what = reported.value, f"outcome {outcome.name!r}"
    if isinstance(value, StoredCurve):
        _check_kept(value, outcome, artifacts)
        return artifacts.get_curve(value)
    if not isinstance(value, Series):
        raise InputError(f"{what} is {_shown(value)}, not a {outcome.kind} with x and y")
    try:
        return Curve(x=tuple(map(float, value.x)), y=tuple(map(float, value.y)))
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise InputError(f"{what}: {_uncapitalised(str(error))}") from error
        raise InputError(f"{what} holds what is no number") from error


def _in_own_units(
    curve: Curve, reported: Reported, outcome: CurveOutcome | DistributionOutcome
) -> Curve:
    """Returns the points in the outcome's units and in the order of x."""
    x_unit = reported.x_unit if reported.x_unit is not None else outcome.x_unit
    x, y = list(curve.x), list(curve.y)
    if x_unit != outcome.x_unit:
        x = [units.convert(each, given=x_unit, wanted=outcome.x_unit) for each in x]
    if isinstance(outcome, CurveOutcome) and reported.unit not in (None, outcome.unit):
        y = [units.convert(each, given=str(reported.unit), wanted=outcome.unit) for each in y]
    elif isinstance(outcome, DistributionOutcome) and reported.unit is not None:
        units.convert(1.0, given=reported.unit, wanted=units.DIMENSIONLESS)  # weights are relative
    pairs = sorted(zip(x, y, strict=True), key=lambda pair: pair[0])
    return Curve(x=tuple(x for x, _ in pairs), y=tuple(y for _, y in pairs))


def _check_points(curve: Curve, outcome: CurveOutcome | DistributionOutcome) -> None:
    what = f"outcome {outcome.name!r}"
    if len(curve.x) < _FEWEST_POINTS and isinstance(outcome, CurveOutcome):
        raise InputError(f"{what} has {len(curve.x)} points; a curve needs {_FEWEST_POINTS}")
    if not curve.x:
        raise InputError(f"{what} has no points")
    for one, other in zip(curve.x, curve.x[1:], strict=False):
        if one == other:
            raise InputError(
                f"{what} has two values at {one:g} {outcome.x_unit}: keep one, or their mean"
            )
    if isinstance(outcome, CurveOutcome):
        return
    if min(curve.y) < 0:
        at = curve.x[curve.y.index(min(curve.y))]
        raise InputError(
            f"{what} has the weight {min(curve.y):g} at {at:g} {outcome.x_unit}; weights are 0 "
            f"or more"
        )
    if sum(curve.y) == 0:
        raise InputError(f"{what} has no weight anywhere; was anything measured?")


def _file(
    reported: Reported, outcome: FileOutcome | ImageOutcome, artifacts: ArtifactStore
) -> Measured:
    _refuse_number_like(reported, outcome)
    value, what = reported.value, f"outcome {outcome.name!r}"
    if isinstance(value, Artifact):
        _check_kept(value, outcome, artifacts)
        _check_file(value.media_type, value.n_bytes, outcome)
        return Measured(value=value)
    if not isinstance(value, Attachment):
        raise InputError(f"{what} is {_shown(value)}, not a file")
    _check_file(value.media_type, len(value.content), outcome)
    kept = artifacts.put_bytes(value.content, media_type=value.media_type, name=value.name)
    return Measured(value=kept)


def _check_file(media_type: str, n_bytes: int, outcome: FileOutcome | ImageOutcome) -> None:
    if n_bytes == 0:
        raise InputError(f"outcome {outcome.name!r} is an empty file")
    if isinstance(outcome, ImageOutcome) and not media_type.startswith("image/"):
        raise InputError(
            f"outcome {outcome.name!r} is an image, and what came is {media_type}: say its media "
            f"type, such as image/png, or make the outcome one of kind file"
        )


def _check_kept(
    value: StoredCurve | Artifact, outcome: AnyOutcome, artifacts: ArtifactStore
) -> None:
    try:
        artifacts.path_of(value.sha256)
    except LedgerUnavailable as error:
        raise InputError(
            f"outcome {outcome.name!r} names the file {value.sha256[:12]}, which is not among the "
            f"campaign's ({artifacts.folder})"
        ) from error


def _shown(value: object) -> str:
    if isinstance(value, Series | StoredCurve):
        return "a curve"
    if isinstance(value, Attachment | Artifact):
        return f"the file {value.name!r}"
    return f"{value!r:.60}"


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def _uncapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
