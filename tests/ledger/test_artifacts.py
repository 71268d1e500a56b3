from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_processes import CLEAN

from planner.errors import InputError, LedgerUnavailable
from planner.ledger.artifacts import ArtifactStore
from planner.trials.values import Artifact, Curve, StoredCurve

_DEADLINE_S = 60.0


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "x.planner" / "artifacts")


def kept(store: ArtifactStore) -> list[Path]:
    return sorted(each for each in store.folder.rglob("*") if each.is_file())


def png(store: ArtifactStore, data: bytes) -> Artifact:
    return store.put_bytes(data, media_type="image/png", name="sem.png")


def test_bytes_come_back_as_they_were(store: ArtifactStore) -> None:
    artifact = png(store, b"\x89PNG\r\n")
    assert artifact == Artifact(
        sha256=hashlib.sha256(b"\x89PNG\r\n").hexdigest(),
        media_type="image/png",
        n_bytes=6,
        name="sem.png",
    )
    assert store.get_bytes(artifact.sha256) == b"\x89PNG\r\n"
    assert kept(store) == [store.path_of(artifact.sha256)]
    assert ArtifactStore(store.folder).get_bytes(artifact.sha256) == b"\x89PNG\r\n"


def test_a_file_is_copied_with_its_name_and_type(store: ArtifactStore, tmp_path: Path) -> None:
    """Larger than the pieces in which it is copied."""
    source = tmp_path / "SEM 12.tiff"
    data = os.urandom(3 * (1 << 20) + 17)
    source.write_bytes(data)
    artifact = store.put_file(source)
    assert (artifact.name, artifact.media_type) == ("SEM 12.tiff", "image/tiff")
    assert artifact.n_bytes == len(data)
    source.unlink()
    assert store.get_bytes(artifact.sha256) == data
    odd = tmp_path / "scan.own"
    odd.write_bytes(b"")
    assert store.put_file(odd).media_type == "application/octet-stream"
    assert store.put_file(odd, media_type="chemical/x-own").media_type == "chemical/x-own"
    assert store.put_file(odd).n_bytes == 0


def test_the_same_content_is_kept_once_and_never_written_again(store: ArtifactStore) -> None:
    first = store.path_of(png(store, b"same").sha256).stat()
    again = store.put_bytes(b"same", media_type="text/plain", name="another.txt")
    second = store.path_of(again.sha256).stat()
    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)
    assert len(kept(store)) == 1


def test_what_is_kept_may_be_read_by_all_and_written_by_nobody(store: ArtifactStore) -> None:
    path = store.path_of(png(store, b"data").sha256)
    assert path.stat().st_mode & 0o777 == 0o444


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    st.lists(
        st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2), min_size=0, max_size=50
    )
)
def test_curves_come_back_to_the_last_bit(
    store: ArtifactStore, pairs: list[tuple[float, float]]
) -> None:
    curve = Curve(x=tuple(x for x, _ in pairs), y=tuple(y for _, y in pairs))
    stored = store.put_curve(curve)
    found = store.get_curve(stored)
    assert stored.n_points == len(pairs)
    assert [each.hex() for each in (*found.x, *found.y)] == [
        each.hex() for each in (*curve.x, *curve.y)
    ]


def test_a_kept_curve_is_a_table_that_others_can_read(store: ArtifactStore) -> None:
    stored = store.put_curve(Curve(x=(1.0, 2.0), y=(0.1, -0.0)))
    table = pq.read_table(store.path_of(stored.sha256))
    assert table.schema.names == ["x", "y"]
    assert {column.type for column in table.columns} == {pa.float64()}
    assert table.column("y").to_pylist() == [0.1, -0.0]


def test_a_missing_artifact_is_said(store: ArtifactStore) -> None:
    absent = "0" * 64
    for ask in (store.get_bytes, store.path_of):
        with pytest.raises(LedgerUnavailable, match=f"no artifact .*{absent}.*backup"):
            ask(absent)
    with pytest.raises(InputError, match="SHA-256"):
        store.path_of("../../ledger.db")


@pytest.mark.parametrize("damage", [b"dat", b"DATA", b"", b"data and more"])
def test_a_damaged_artifact_is_never_handed_out(store: ArtifactStore, damage: bytes) -> None:
    artifact = png(store, b"data")
    path = store.path_of(artifact.sha256)
    path.chmod(0o644)
    path.write_bytes(damage)
    with pytest.raises(LedgerUnavailable, match=r"is damaged.*backup"):
        store.get_bytes(artifact.sha256)
    png(store, b"data")  # keeping the original again mends it
    assert store.get_bytes(artifact.sha256) == b"data"


def test_what_is_no_curve_is_said(store: ArtifactStore) -> None:
    artifact = png(store, b"no parquet")
    with pytest.raises(LedgerUnavailable, match="is no curve"):
        store.get_curve(StoredCurve(sha256=artifact.sha256, n_points=1))


@pytest.mark.parametrize(
    "columns", [{"x": [1.0]}, {"x": [1.0], "y": ["a"]}, {"x": [1.0], "y": [None]}]
)
def test_a_table_of_something_else_is_no_curve(
    store: ArtifactStore, tmp_path: Path, columns: dict[str, list[object]]
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    artifact = store.put_file(tmp_path / "t.parquet", media_type="application/x-parquet")
    with pytest.raises(LedgerUnavailable, match="is no curve"):
        store.get_curve(StoredCurve(sha256=artifact.sha256, n_points=1))


def test_a_file_that_cannot_be_read_and_a_folder_that_cannot_be_made_are_said(
    store: ArtifactStore, tmp_path: Path
) -> None:
    for wrong in (tmp_path / "absent.png", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            store.put_file(wrong)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LedgerUnavailable, match="cannot be kept in"):
        png(ArtifactStore(tmp_path / "file" / "artifacts"), b"data")


def test_a_full_disk_is_said_and_leaves_nothing(store: ArtifactStore) -> None:
    """A process that may write no file larger than 64 kB: the write fails as on a full disk."""
    program = f"""
import resource, signal
from pathlib import Path
from planner.errors import LedgerUnavailable
from planner.ledger.artifacts import ArtifactStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
try:
    ArtifactStore(Path({str(store.folder)!r})).put_bytes(b"x" * 10**6, media_type="a/b", name="a")
except LedgerUnavailable as error:
    assert "nothing was kept" in str(error)
    print("said")
"""
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "said\n"
    assert kept(store) == []


def test_drafts_of_a_day_ago_are_cleared_away_and_fresh_ones_are_left(
    store: ArtifactStore,
) -> None:
    png(store, b"first")
    old, fresh = store.folder / "old.part", store.folder / "fresh.part"
    for draft in (old, fresh):
        draft.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    png(store, b"second")
    assert not old.exists()
    assert fresh.exists()


def _start(work: Callable[..., None], *arguments: object) -> BaseProcess:
    process = CLEAN.Process(target=work, args=arguments)
    process.start()
    return process


def _put_the_same(folder: Path, barrier: object) -> None:
    store = ArtifactStore(folder)
    for number in range(20):
        barrier.wait(_DEADLINE_S)  # type: ignore[attr-defined]
        artifact = png(store, bytes([number]) * 300_000)
        assert store.get_bytes(artifact.sha256) == bytes([number]) * 300_000


def test_writers_of_the_same_content_do_not_disturb_each_other(store: ArtifactStore) -> None:
    """Four processes, each file begun by all of them at once."""
    barrier = CLEAN.Barrier(4)
    processes = [_start(_put_the_same, store.folder, barrier) for _ in range(4)]
    for process in processes:
        process.join(_DEADLINE_S)
        assert process.exitcode == 0
    assert len(kept(store)) == 20
    for path in kept(store):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def _put_forever(folder: Path, writer: Connection) -> None:
    store, number = ArtifactStore(folder), 0
    while True:
        number += 1
        data = number.to_bytes(8, "big") * (1 << 18)  # 2 MB: most of the time is writing
        writer.send(png(store, data).sha256)


@pytest.mark.parametrize("n_acknowledged", range(6))
def test_a_writer_that_is_killed_loses_nothing_that_it_acknowledged_and_leaves_nothing_half(
    store: ArtifactStore, n_acknowledged: int
) -> None:
    """Killed with a draft on the disk, that is while it writes."""
    reader, writer = CLEAN.Pipe(duplex=False)
    process = _start(_put_forever, store.folder, writer)
    writer.close()
    acknowledged = []
    for _ in range(n_acknowledged):
        assert reader.poll(_DEADLINE_S)
        acknowledged.append(reader.recv())
    deadline = time.monotonic() + _DEADLINE_S
    while not any(_size(draft) for draft in store.folder.glob("*.part")):
        assert time.monotonic() < deadline, "no draft was seen"
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(_DEADLINE_S)
    try:
        while reader.poll():
            acknowledged.append(reader.recv())
    except EOFError:
        pass  # its end of the pipe is closed: there is no more
    for sha256 in acknowledged:
        assert len(store.get_bytes(sha256)) == 1 << 21
    for path in kept(store):
        if path.suffix != ".part":
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    png(store, b"and the next writer goes on")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def test_the_store_is_imported_without_pyarrow() -> None:
    program = "import sys, planner.ledger.artifacts; assert 'pyarrow' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
