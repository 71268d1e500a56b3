"""What one measurement of an outcome can be: a number, a class, a curve, or a file kept by hash."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Discriminator, Field, StrictFloat, StrictInt, StrictStr, Tag

from planner.errors import InputError

MOST_INLINE_POINTS = 512  # a longer curve is kept among the artifacts, not in the ledger

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:\s*;\s*[\w.+-]+=[^;]+)*")
_MOST_NAME = 255  # what a file system takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A curve, or a distribution as weights over values.

    Args:
        x: where it was measured, in the outcome's own unit, in any order; of a distribution the
            values.
        y: what was measured there, in the outcome's own unit; of a distribution the weights.

    Raises:
        InputError: the two differ in length, or hold what is no finite number.
    """

    x: tuple[StrictFloat, ...]
    y: tuple[StrictFloat, ...]

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise InputError(
                f"A curve has {len(self.x)} values of x and {len(self.y)} of y. Give one y for "
                f"each x."
            )
        if not all(map(math.isfinite, (*self.x, *self.y))):
            raise InputError(
                "A curve holds a value that is not finite. Leave out the points that were not "
                "measured."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCurve:
    """A curve of many points, kept as a table (Parquet, columns x and y) among the artifacts.

    Args:
        sha256: of the table's bytes, in hexadecimal.
        n_points: of the curve.
    """

    sha256: StrictStr
    n_points: Annotated[StrictInt, Field(ge=0)]

    def __post_init__(self) -> None:
        check_sha256(self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file or image, kept by its hash.

    Args:
        sha256: of its bytes, in hexadecimal.
        media_type: such as ``image/png``.
        n_bytes: its size.
        name: what its source called it, without a folder.
    """

    sha256: StrictStr
    media_type: StrictStr
    n_bytes: Annotated[StrictInt, Field(ge=0)]
    name: StrictStr

    def __post_init__(self) -> None:
        check_sha256(self.sha256)
        if _MEDIA_TYPE.fullmatch(self.media_type) is None:
            raise InputError(
                f"{self.media_type!r} is no media type. Give one such as image/png or text/csv."
            )
        is_plain = self.name.isprintable() and not set(self.name) & set("/\\")
        if not is_plain or self.name in ("", ".", "..") or len(self.name) > _MOST_NAME:
            raise InputError(
                f"{self.name[:_MOST_NAME]!r} is no name of a file. Give it without a folder, with "
                f"at most {_MOST_NAME} characters."
            )


def _kind(value: object) -> str | None:
    """Tells the kinds apart, also as JSON writes them: one clear error instead of five."""
    if isinstance(value, Curve | StoredCurve | Artifact):
        return type(value).__name__
    if isinstance(value, Mapping):
        keys = {"n_points": "StoredCurve", "media_type": "Artifact", "x": "Curve"}
        return next((kind for key, kind in keys.items() if key in value), None)
    if isinstance(value, str):
        return "class"
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    return "number" if is_number else None


OutcomeValue = Annotated[
    Annotated[StrictFloat, Tag("number")]
    | Annotated[StrictStr, Tag("class")]
    | Annotated[Curve, Tag("Curve")]
    | Annotated[StoredCurve, Tag("StoredCurve")]
    | Annotated[Artifact, Tag("Artifact")],
    Discriminator(
        _kind,
        custom_error_type="outcome_value",
        custom_error_message="is no value of an outcome: give a number, a class, a curve or a file",
    ),
]


def check_sha256(text: str) -> None:
    """Accepts a SHA-256 as hexadecimal text; it becomes part of a path.

    Raises:
        InputError: it is something else.
    """
    if _SHA256.fullmatch(text) is None:
        raise InputError(
            f"{text[:80]!r} is no SHA-256. Give its 64 hexadecimal digits in lower case."
        )
