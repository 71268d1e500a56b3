"""The bytes of a file: bounded, of a kind that is a table, and as text."""

from __future__ import annotations

import io
import zipfile
from enum import StrEnum
from pathlib import Path

from planner.errors import TableError

MAX_BYTES = 32 * 2**20
MAX_UNPACKED_BYTES = 128 * 2**20  # of a workbook: about a million cells

_OTHERS = {  # how files begin that are no tables, and what to say
    b"\x89PNG": "is a picture (PNG). Give the table itself",
    b"\xff\xd8\xff": "is a picture (JPEG). Give the table itself",
    b"GIF8": "is a picture (GIF). Give the table itself",
    b"%PDF": "is a PDF document. Export the table as CSV or .xlsx",
    b"\x1f\x8b": "is compressed (gzip). Unpack it first",
    b"\xd0\xcf\x11\xe0": (
        "is an old Excel workbook (.xls), or one with a password. Open it in Excel and save it as "
        ".xlsx without a password"
    ),
    b"{\\rtf": "is a text document (RTF). Export the table as CSV or .xlsx",
    b"SQLite format 3": "is a database. Export the table as CSV",
}
_PAGES = (b"<!doctype html", b"<html", b"<table", b"<?xml")


class FileKind(StrEnum):
    """What a file is, by its contents and not by its name."""

    DELIMITED = "delimited text"
    WORKBOOK = "Excel workbook"
    PARQUET = "Parquet"


def read_bytes(path: Path) -> bytes:
    """Reads a file that is not too large.

    Raises:
        TableError: there is none, it cannot be read, it is empty, or it is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise TableError(f"There is no table {path}.") from error
    except OSError as error:
        raise TableError(f"Table {path} cannot be read ({error.strerror}).") from error
    if len(content) > MAX_BYTES:
        raise TableError(
            f"Table {path} is larger than {MAX_BYTES // 2**20} MiB, the most that is read. "
            "Give the columns and rows that are needed."
        )
    if not content.strip():
        raise TableError(f"Table {path} is empty.")
    return content


def find_kind(content: bytes, *, title: str) -> FileKind:
    """Tells what a file is.

    Raises:
        TableError: it is no table that can be read; the message says what it is and the remedy.
    """
    for start, what in _OTHERS.items():
        if content.startswith(start):
            raise TableError(f"Table {title} {what}.")
    if content[:512].lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_PAGES):
        raise TableError(
            f"Table {title} is a web page or XML, whatever its name. "
            "Open it in Excel and save it as .xlsx or CSV."
        )
    if content.startswith(b"PAR1"):
        return FileKind.PARQUET
    if content.startswith(b"PK\x03\x04"):
        _check_package(content, title)
        return FileKind.WORKBOOK
    return FileKind.DELIMITED


def _check_package(content: bytes, title: str) -> None:
    """Accepts a workbook as Excel has packed them since 2007."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            names = set(package.namelist())
            unpacked = sum(each.file_size for each in package.infolist())
            is_open_document = "mimetype" in names and b"opendocument" in package.read("mimetype")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise TableError(f"Table {title} is damaged ({error}). Save it anew in Excel.") from error
    if is_open_document:
        raise TableError(
            f"Table {title} is an OpenDocument sheet (.ods). Save it as .xlsx in LibreOffice."
        )
    if "xl/workbook.bin" in names:
        raise TableError(f"Table {title} is a binary workbook (.xlsb). Save it as .xlsx in Excel.")
    if "xl/workbook.xml" not in names:
        raise TableError(f"Table {title} is an archive and no table. Give the table itself.")
    if unpacked > MAX_UNPACKED_BYTES:
        raise TableError(
            f"Table {title} unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MiB, the most that "
            "is read. Delete sheets, rows and formats that are not needed."
        )


def decode(content: bytes, *, title: str) -> tuple[str, tuple[str, ...]]:
    """Returns the text of a file, and a note where its encoding is not UTF-8.

    Raises:
        TableError: it is no text.
    """
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise TableError(
            f"Table {title} is no text in {encoding}: {error.reason} at byte {error.start}. "
            "Save it as CSV UTF-8."
        ) from error
    if "\0" in text:
        raise TableError(f"Table {title} is no text: it holds zero bytes. Give a CSV file.")
    names = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
    names["cp1252"] = "Windows-1252, as it is not UTF-8; check its umlauts and degree signs"
    note = f"The file was read as {names[encoding]}." if encoding in names else ""
    return text, (note,) if note else ()


def _encoding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = content[:1000]  # without a mark: every other byte of Western text is zero
    if start and start[1::2].count(0) > len(start) // 3:
        return "utf-16-le"
    if start and start[::2].count(0) > len(start) // 3:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"
