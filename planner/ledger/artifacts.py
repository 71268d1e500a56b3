"""Files, images and long curves of a campaign, kept by the hash of their bytes.

A file has its name only when all of its bytes are on the disk; until then it is a draft
(``*.part``), which a process that is killed leaves behind and a later one clears away. A file is
never overwritten: the same bytes are the same file, so writers of the same content need no lock.
"""

from __future__ import annotations

import hashlib
import io
import mimetypes
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from planner.errors import InputError, LedgerUnavailable
from planner.trials.values import Artifact, Curve, StoredCurve, check_sha256

_CHUNK = 1 << 20
_OLD_S = 86_400.0  # no writer needs a day: a draft that was not written to for so long is nobody's
_UNKNOWN_TYPE = "application/octet-stream"


class ArtifactStore:
    """The artifacts in a folder, such as ``NAME.planner/artifacts``; it is made when needed.

    Args:
        folder: where they lie, in folders of the first two digits of their hashes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put_bytes(self, data: bytes, *, media_type: str, name: str) -> Artifact:
        """Keeps bytes.

        Args:
            data: of the file.
            media_type: such as ``image/png``.
            name: what its source calls it, without a folder.

        Raises:
            InputError: the media type or the name is none.
            LedgerUnavailable: the folder cannot be written.
        """
        artifact = Artifact(
            sha256=hashlib.sha256(data).hexdigest(),
            media_type=media_type,
            n_bytes=len(data),
            name=name,
        )
        self._keep(io.BytesIO(data))
        return artifact

    def put_file(self, path: Path, *, media_type: str | None = None) -> Artifact:
        """Keeps a copy of a file, of any size.

        Args:
            path: of the file.
            media_type: by default what its ending says.

        Raises:
            InputError: it cannot be read, or its name or the media type is none.
            LedgerUnavailable: the folder cannot be written.
        """
        guessed = media_type or mimetypes.guess_type(path.name)[0] or _UNKNOWN_TYPE
        try:
            source = path.open("rb")
        except OSError as error:
            raise InputError(
                f"{path} cannot be read ({error.strerror}). Check the path."
            ) from error
        with source:
            sha256, n_bytes = self._keep(source)
        return Artifact(sha256=sha256, media_type=guessed, n_bytes=n_bytes, name=path.name)

    def put_curve(self, curve: Curve) -> StoredCurve:
        """Keeps a curve as a Parquet table with the columns x and y, exact to the last bit.

        Raises:
            LedgerUnavailable: the folder cannot be written.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {"x": pa.array(curve.x, pa.float64()), "y": pa.array(curve.y, pa.float64())}
        buffer = io.BytesIO()
        pq.write_table(pa.table(columns), buffer)
        buffer.seek(0)
        sha256, _ = self._keep(buffer)
        return StoredCurve(sha256=sha256, n_points=len(curve.x))

    def get_bytes(self, sha256: str) -> bytes:
        """Returns the bytes with this hash, which is checked.

        Raises:
            InputError: the text is no hash.
            LedgerUnavailable: there is no such artifact, or its file is damaged.
        """
        path = self.path_of(sha256)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise LedgerUnavailable(
                f"The artifact {path} cannot be read ({error.strerror}). Mend the permissions of "
                f"the file and its folder, or restore it from a backup."
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise LedgerUnavailable(
                f"The artifact {path} is damaged: its bytes have another hash than its name. "
                f"Restore it from a backup, or keep the original file again."
            )
        return data

    def get_curve(self, stored: StoredCurve) -> Curve:
        """Returns a kept curve.

        Raises:
            LedgerUnavailable: there is no such artifact, or it is damaged or no curve.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(pa.BufferReader(self.get_bytes(stored.sha256)))
            x, y = (table.column(name).cast(pa.float64()).to_numpy().tolist() for name in "xy")
            return Curve(x=tuple(x), y=tuple(y))
        except (pa.ArrowException, KeyError, InputError) as error:
            raise LedgerUnavailable(
                f"The artifact {stored.sha256} is no curve: it is no table with the columns x and "
                f"y. The entry that names it belongs to another file."
            ) from error

    def hashes(self) -> Iterator[str]:
        """Yields the hash of every artifact, in their order."""
        for path in sorted(self.folder.glob("??/*")):
            if path.is_file():
                yield path.name

    def path_of(self, sha256: str) -> Path:
        """Returns the file of an artifact, to be read only; its bytes are not checked.

        Raises:
            InputError: the text is no hash.
            LedgerUnavailable: there is no such artifact.
        """
        path = self._place(sha256)
        if not path.is_file():
            raise LedgerUnavailable(
                f"There is no artifact {path}. Restore it from a backup, or copy the artifacts "
                f"folder from where the campaign ran."
            )
        return path

    def _place(self, sha256: str) -> Path:
        check_sha256(sha256)
        return self.folder / sha256[:2] / sha256

    def _keep(self, source: BinaryIO) -> tuple[str, int]:
        """Copies all bytes to their place and returns their hash and number."""
        with self._explained():
            self.folder.mkdir(parents=True, exist_ok=True)
            with _draft(self.folder) as draft:
                sha256, n_bytes = _copy(source, draft)
                self._publish(draft, self._place(sha256))
        return sha256, n_bytes

    def _publish(self, draft: BinaryIO, place: Path) -> None:
        if _has_hash(place, place.name):
            return
        place.parent.mkdir(exist_ok=True)
        _flush(self.folder)
        # its bytes are what this name stands for: should another writer be first, nothing changes,
        # and a damaged file is mended
        Path(draft.name).replace(place)
        _flush(place.parent)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LedgerUnavailable(
                f"An artifact cannot be kept in {self.folder} ({error.strerror}). Make room there "
                f"or mend its permissions, then go on: nothing was kept of it."
            ) from error


@contextmanager
def _draft(folder: Path) -> Iterator[BinaryIO]:
    """Opens a file of its own, which is gone in the end unless it was given a name."""
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
        draft = cast("BinaryIO", file)
        try:
            _clear_old(folder, now_s=os.fstat(draft.fileno()).st_mtime)
            yield draft
        finally:
            Path(draft.name).unlink(missing_ok=True)


def _clear_old(folder: Path, *, now_s: float) -> None:
    """Deletes drafts of writers that were killed; the disk's own clock tells their age."""
    for path in folder.glob("*.part"):
        with suppress(OSError):  # another writer was first
            if now_s - path.stat().st_mtime > _OLD_S:
                path.unlink()


def _copy(source: BinaryIO, draft: BinaryIO) -> tuple[str, int]:
    """Copies bytes to the disk and returns their hash and number."""
    digest, n_bytes = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        draft.write(chunk)
        digest.update(chunk)
        n_bytes += len(chunk)
    draft.flush()
    os.fchmod(draft.fileno(), 0o444)  # to be read by all, written by nobody
    os.fsync(draft.fileno())
    return digest.hexdigest(), n_bytes


def _has_hash(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def _flush(folder: Path) -> None:
    """Puts the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
