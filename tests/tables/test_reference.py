from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl.workbook import Workbook
from pydantic import ValidationError

from planner.errors import MissingPackage, TableError
from planner.tables import SheetColumn, TableRef, locate_table, read_column, read_table, write_sheet

CSV = "temp,time,who\nTYPE,DATA,DATA\n100,3,Ann\n110,4.5, Bob \n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data.csv").write_text(CSV, encoding="utf-8")
    return tmp_path


def test_columns_are_found_by_header(folder: Path) -> None:
    table = TableRef(path="data.csv", columns={"t": "temp", "name": "who"}, skip_rows=1)
    assert read_table(table, folder=folder) == {"t": ["100", "110"], "name": ["Ann", "Bob"]}


def test_columns_are_found_by_position_where_there_is_no_header(folder: Path) -> None:
    (folder / "bare.csv").write_text("1,2\n3,4\n")
    table = TableRef(path="bare.csv", columns={"a": 2, "b": 1})
    assert read_table(table, folder=folder) == {"a": ["2", "4"], "b": ["1", "3"]}


def test_another_delimiter_a_byte_order_mark_and_empty_lines_do_not_matter(folder: Path) -> None:
    (folder / "export.csv").write_bytes(b"\xef\xbb\xbfa;b\r\n\r\n1;2\r\n")
    table = TableRef(path="export.csv", columns={"x": "a"}, delimiter=";")
    assert read_table(table, folder=folder) == {"x": ["1"]}


def test_what_divides_the_cells_is_found_where_it_is_not_said(folder: Path) -> None:
    (folder / "german.csv").write_text("a;b;c\n1,5;2;x\n80,5;3;y\n")
    named = TableRef(path="german.csv", columns={"x": "a", "z": "c"})
    assert read_table(named, folder=folder) == {"x": ["1,5", "80,5"], "z": ["x", "y"]}
    bare = TableRef(path="german.csv", columns={"y": 2}, skip_rows=1)
    assert read_table(bare, folder=folder) == {"y": ["2", "3"]}


def test_commas_divide_where_they_give_the_wanted_headers(folder: Path) -> None:
    (folder / "smiles.csv").write_text("a|b;n,t|u;v,y\n1|2;3,4|5;6,7\n")
    table = TableRef(path="smiles.csv", columns={"y": "y"})
    assert read_table(table, folder=folder) == {"y": ["7"]}


@pytest.mark.parametrize("columns", [{"a": "a"}, {"a": 2}])
def test_a_wrong_delimiter_is_named_with_its_key(
    columns: dict[str, str | int], folder: Path
) -> None:
    (folder / "german.csv").write_text("a;b\n1,5;2\n")
    table = TableRef(path="german.csv", columns=columns, delimiter="|")
    with pytest.raises(TableError, match=r"Give the table the delimiter of 'a;b', now it is '\|'"):
        read_table(table, folder=folder)


def test_numbers_with_decimal_commas_are_read_where_the_table_says_so(folder: Path) -> None:
    (folder / "german.csv").write_text("a;b\n7,7;x\n1.234;x\n1.234,5;x\n-0,5;x\n1,234;x\n3;x\n")
    table = TableRef(path="german.csv", columns={"a": "a"}, decimal=",")
    values = read_table(table, folder=folder)["a"]
    assert read_column(values, name="a", table=table) == [7.7, 1234.0, 1234.5, -0.5, 1.234, 3.0]


def test_a_decimal_comma_that_is_not_said_is_refused_with_its_line_and_key(folder: Path) -> None:
    (folder / "german.csv").write_text("a;b\n\n1;x\n\n7,7;x\n")
    table = TableRef(path="german.csv", columns={"a": "a"})
    values = read_table(table, folder=folder)["a"]
    with pytest.raises(TableError, match=r"Line 5 of german\.csv: '7,7'.*decimal: ','"):
        read_column(values, name="a", table=table)


def test_a_workbook_has_no_decimal_mark(tmp_path: Path) -> None:
    write_sheet([(1.5,)], tmp_path / "data.xlsx", columns=[SheetColumn(header="a")])
    table = TableRef(path="data.xlsx", columns={"a": "a"}, decimal=",")
    with pytest.raises(TableError, match="decimal is not for it"):
        read_table(table, folder=tmp_path)


def test_quoted_values_may_hold_the_delimiter(folder: Path) -> None:
    (folder / "quoted.csv").write_text('a,b\n"1,5","x ""y"""\n')
    table = TableRef(path="quoted.csv", columns={"a": "a", "b": "b"})
    assert read_table(table, folder=folder) == {"a": ["1,5"], "b": ['x "y"']}


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"t": "tmp"}, "has no column 'tmp' for 't'. Its columns are temp, time, who"),
        ({"t": 4}, "there is none at 4"),
        ({"t": "temp", "u": 9}, "there is none at 9"),
    ],
)
def test_a_column_that_is_not_there_is_named_beside_those_that_are(
    columns: dict[str, str | int], text: str, folder: Path
) -> None:
    with pytest.raises(TableError) as caught:
        read_table(TableRef(path="data.csv", columns=columns), folder=folder)
    assert text in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"\n\n"])
def test_a_table_without_rows_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(content)
    with pytest.raises(TableError, match="no rows"):
        read_table(TableRef(path="empty.csv", columns={"a": "a"}), folder=tmp_path)


@pytest.mark.parametrize("content", [b"a,b\n\xff\xfe,1\n", b"a,b\n" + b'"' + b"x" * 200_000])
def test_what_is_no_csv_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_bytes(content)
    with pytest.raises(TableError, match="cannot be read"):
        read_table(TableRef(path="broken.csv", columns={"a": "a"}), folder=tmp_path)


@pytest.mark.parametrize("ending", [".xlsx", ".parquet"])
def test_a_table_may_be_a_workbook_or_parquet(ending: str, tmp_path: Path) -> None:
    columns = [SheetColumn(header="temp"), SheetColumn(header="solvent")]
    write_sheet([(100, "THF"), (81.5, "DMF")], tmp_path / f"data{ending}", columns=columns)
    table = TableRef(path=f"data{ending}", columns={"t": "temp", "s": "solvent"})
    assert read_table(table, folder=tmp_path) == {"t": ["100", "81.5"], "s": ["THF", "DMF"]}


def test_a_workbook_with_a_formula_without_result_is_refused(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["temp"])
    book.worksheets[0].append(["=1+1"])
    book.save(tmp_path / "data.xlsx")
    with pytest.raises(TableError, match=r"row 2: its formula =1\+1 has no result yet"):
        read_table(TableRef(path="data.xlsx", columns={"t": "temp"}), folder=tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"There is no table .*nowhere\.csv"):
        locate_table(TableRef(path="nowhere.csv", columns={"a": 1}), folder=tmp_path)


def test_a_missing_package_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    table = TableRef(path="x.csv", distribution="no-such-package", version="1.2", columns={"a": 1})
    with pytest.raises(MissingPackage, match=r"pip install --no-deps no-such-package==1\.2"):
        locate_table(table, folder=tmp_path)


def test_a_table_in_an_installed_package_is_found() -> None:
    """Pytest itself is installed, with this file in it."""
    table = TableRef(path="pytest/py.typed", distribution="pytest", columns={"a": 1})
    assert locate_table(table, folder=Path("/nowhere")).is_file()


@pytest.mark.parametrize("place", [True, 0, -1, 1.5, None, []])
def test_a_column_is_a_header_or_a_position_from_one(place: object) -> None:
    with pytest.raises(ValidationError):
        TableRef.model_validate({"path": "x.csv", "columns": {"a": place}})
