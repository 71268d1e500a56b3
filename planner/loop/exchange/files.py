"""Curves and files beside a table: written for people, read back exactly."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from planner.campaign import (
    CampaignSpec,
    CurveOutcome,
    DistributionOutcome,
    FileOutcome,
    ImageOutcome,
)
from planner.errors import InputError
from planner.labs import Attachment, Reported, Series
from planner.ledger.artifacts import ArtifactStore
from planner.loop.results.measuring import points_of
from planner.tables import Number, Sheet, SheetColumn, read_sheet, write_sheet
from planner.trials import Artifact, Curve, OutcomeValue

MOST_BYTES = 256 * 2**20
_MOST_LINES = 100_000  # a longer curve is no table that people open: it is written as Parquet


@dataclass(frozen=True, slots=True)
class Written:
    """A file beside a table: where, from the table, and the hash of its bytes."""

    path: str
    sha256: str


class FilesBeside:
    """Writes the curves and files of a table into a folder beside it, ``NAME_files``.

    What is there already with the same content is used; with another it stays, for another table
    may name it, and the new file's name gets a part of its hash.

    Args:
        table: the table's own path.
        artifacts: where the campaign keeps them.
    """

    def __init__(self, table: Path, artifacts: ArtifactStore) -> None:
        self.folder = table.with_name(f"{table.stem}_files")
        self.is_used = False
        self._artifacts = artifacts

    def write(self, row: str, name: str, value: OutcomeValue, spec: CampaignSpec) -> Written:
        """Writes one curve or file.

        Args:
            row: name of the row, such as ``trial-3``.
            name: of the outcome.
            value: to be written.
            spec: for the names and units of axes.

        Raises:
            LedgerUnavailable: it is missing among the artifacts, or damaged.
            OSError: the folder cannot be written.
        """
        if isinstance(value, Artifact):
            path = self.folder / row / name / value.name
            content = self._artifacts.get_bytes(value.sha256)
        else:
            curve = points_of(value, self._artifacts)
            path = self.folder / f"{row}-{name}{_ending(curve)}"
            content = _curve_bytes(curve, spec.outcomes[name], path.name)
        sha256 = hashlib.sha256(content).hexdigest()
        if path.exists() and path.read_bytes() != content:
            path = path.with_name(f"{path.stem}-{sha256[:12]}{path.suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.is_used = True
        return Written(path.relative_to(self.folder.parent).as_posix(), sha256)


def _ending(curve: Curve) -> str:
    return ".parquet" if len(curve.x) > _MOST_LINES else ".csv"


def _curve_bytes(curve: Curve, outcome: object, name: str) -> bytes:
    """Returns the file of a curve."""
    assert isinstance(outcome, CurveOutcome | DistributionOutcome)
    columns = [SheetColumn(header=header) for header in _headers(outcome)]
    rows = list(zip(curve.x, curve.y, strict=True))
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_sheet(rows, path, columns=columns)
        return path.read_bytes()


def _headers(outcome: CurveOutcome | DistributionOutcome) -> tuple[str, str]:
    if isinstance(outcome, DistributionOutcome):
        return f"{outcome.name} ({outcome.unit})", "weight"
    return f"{outcome.x_name} ({outcome.x_unit})", f"{outcome.name} ({outcome.unit})"


def read_reference(
    reference: str,
    outcome: CurveOutcome | DistributionOutcome | FileOutcome | ImageOutcome,
    *,
    folder: Path,
    sha256: str | None = None,
    media_type: str | None = None,
) -> Reported:
    """Reads a curve or file that a table names.

    Args:
        reference: its path, from the folder of the table.
        outcome: what it is a value of.
        folder: of the table.
        sha256: of its bytes, where the table says it; another hash is refused.
        media_type: where the table says it; by default what its ending says.

    Raises:
        InputError: there is no such file, it is too large, changed, or no curve.
    """
    path = folder / reference
    content = _read(path)
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise InputError(
            f"{reference} has changed since the table was written: its SHA-256 is another. Put the "
            f"file back, or empty the cell of its SHA-256 where the change is meant"
        )
    if isinstance(outcome, FileOutcome | ImageOutcome):
        guessed = media_type or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return Reported(value=Attachment(name=path.name, content=content, media_type=guessed))
    return read_curve(path)


def read_curve(path: Path) -> Reported:
    """Reads a curve or distribution: a table of two columns, units in their heads.

    Raises:
        InputError: it is no table of two columns of numbers.
    """
    if path.suffix.lower() == ".parquet":
        return _read_long(path)
    sheet = read_sheet(path)
    if len(sheet.headers) != 2:
        raise InputError(
            f"{path.name} has {len(sheet.headers)} columns; a curve has two, x and y, each with a "
            f"name and a unit: 'wavelength (nm)'"
        )
    x, y = (_numbers(sheet, index) for index in (0, 1))
    return Reported(
        value=Series(x=x, y=y), unit=sheet.headers[1].unit, x_unit=sheet.headers[0].unit
    )


def _numbers(sheet: Sheet, index: int) -> tuple[float, ...]:
    numbers = []
    for row in sheet.rows:
        cell = row.cells[index]
        if not isinstance(cell, Number) or cell.unit is not None:
            place = sheet.place(row, index)
            why = getattr(cell, "why", f"{cell.raw.strip()!r} is no number")
            raise InputError(f"{sheet.title}, {place}: {why}")
        numbers.append(cell.value)
    return tuple(numbers)


def _read_long(path: Path) -> Reported:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from planner.tables import read_header

    try:
        table = pq.read_table(path)
        x, y = (column.cast(pa.float64()).to_numpy().tolist() for column in table.columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path.name} is no curve: two columns of numbers ({error})") from error
    first, second = (read_header(name, position=1) for name in table.column_names)
    return Reported(value=Series(x=tuple(x), y=tuple(y)), unit=second.unit, x_unit=first.unit)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path} is larger than {MOST_BYTES // 2**20} MiB, the most kept")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path") from error
