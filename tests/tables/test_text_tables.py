"""CSV files as people and programs leave them."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import TableError
from planner.tables import (
    BelowDetection,
    Cell,
    Empty,
    Number,
    Sheet,
    Text,
    Unreadable,
    read_sheet,
)
from planner.tables import contents as contents_module
from planner.tables import delimited as delimited_module

LINES = "temperature (°C){0}yield (%){0}solvent\n80{0}81.5{0}THF\n"
ROW = (Number(80.0), Number(81.5), Text("THF"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def read(path: Path, content: str | bytes, **how: object) -> Sheet:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_sheet(path, **how)  # type: ignore[arg-type]


def values(sheet: Sheet) -> list[tuple[Cell, ...]]:
    return [row.cells for row in sheet.rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_divides_the_cells_is_found(path: Path, delimiter: str) -> None:
    sheet = read(path, LINES.format(delimiter))
    assert values(sheet) == [ROW]
    assert [(each.name, each.unit) for each in sheet.headers] == [
        ("temperature", "°C"),
        ("yield", "%"),
        ("solvent", None),
    ]
    assert sheet.notes == ()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_the_encoding_is_found_and_said(path: Path, encoding: str) -> None:
    sheet = read(path, LINES.format(";").encode(encoding))
    assert sheet.headers[0].raw == "temperature (°C)"
    assert values(sheet) == [ROW]
    assert bool(sheet.notes) is not encoding.startswith("utf-8")
    if encoding == "cp1252":
        assert "Windows-1252" in sheet.notes[0]


def test_excels_first_line_says_what_divides_the_cells(path: Path) -> None:
    sheet = read(path, "sep=|\r\na,b|c\r\n1,5|2\r\n")
    assert values(sheet) == [(Number(1.5), Number(2.0))]
    assert sheet.rows[0].number == 3


def test_commas_in_headers_and_numbers_do_not_divide_where_semicolons_do(path: Path) -> None:
    sheet = read(path, "temperature;yield (%), isolated\n80;81,5\n")
    assert values(sheet) == [(Number(80.0), Number(81.5))]


def test_rows_are_named_by_their_line(path: Path) -> None:
    text = '# made by hand; "cold\n\na;b\r\n1;"x\ny"\r\n# in between; 7\n\n;;\n2;z\n'
    sheet = read(path, text)
    assert [(row.number, row.cells[1]) for row in sheet.rows] == [(4, Text("x\ny")), (9, Text("z"))]
    assert sheet.notes == ("Comment lines were left out: 1, 6.",)
    assert sheet.place(sheet.rows[1], 1) == "line 9, column 'b'"


def test_line_ends_may_be_of_any_system(path: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        sheet = read(path, end.join(["a;b", "1;x", "2;y", ""]))
        assert [row.number for row in sheet.rows] == [2, 3]


def test_trailing_empty_columns_and_rows_are_left_out(path: Path) -> None:
    sheet = read(path, "a;b;;\n1;2;;\n;;;\n;;;\n")
    assert values(sheet) == [(Number(1.0), Number(2.0))]
    assert sheet.notes == ()


def test_a_form_that_is_not_filled_in_is_read(path: Path) -> None:
    sheet = read(path, "trial,yield,remark\n1,,\n2,,\n")
    assert values(sheet) == [(Number(1.0), Empty(), Empty()), (Number(2.0), Empty(), Empty())]


def test_a_column_without_a_header_is_left_out_and_said(path: Path) -> None:
    sheet = read(path, ",a,b\n0,1,2\n1,3,4\n")
    assert values(sheet) == [(Number(1.0), Number(2.0)), (Number(3.0), Number(4.0))]
    assert sheet.notes == ("Columns without a header were left out: 1.",)
    assert sheet.headers[0].position == 2


def test_a_short_row_is_filled_and_said(path: Path) -> None:
    sheet = read(path, "a,b,c\n1,2,3\n4\n")
    assert values(sheet)[1] == (Number(4.0), Empty(), Empty())
    assert sheet.notes == ("Lines with fewer than 3 cells, the rest read as empty: 3.",)


def test_a_column_may_be_headed_by_a_number_sign(path: Path) -> None:
    sheet = read(path, "#;yield\n#3;81,5\n#REF!;2\n")
    assert [header.name for header in sheet.headers] == ["#", "yield"]
    assert sheet.rows[0].cells[0] == Text("#3")
    assert isinstance(sheet.rows[1].cells[0], Unreadable)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('a,b\n1,"1,234"\n', None),
        ('a;b\n1;1,234\n', None),
        ('a;b\n1,5;1,234\n', Number(1.234)),  # another column has decimal commas
        ('a;b\n1.5;1,234\n', None),
        ('a,b\n1.5,"1,234"\n', Number(1234.0)),
        ('a,b\n1,"1,234"\n2,"1,234,567"\n', Number(1234.0)),
        ('a;b\n1,5;1.234\n', None),
        ('a;b\n1,5;1.234\n2;1.5\n', Number(1.234)),  # the column's own marks count first
        ('a;b\n1;1.234\n', None),
        ('a\tb\n1\t1.234\n', None),
        ('a;b\n1;1.234\n2;0.5\n', Number(1.234)),
        ('a;b\n0.5;1.234\n', Number(1.234)),  # another column has decimal points
        ('a,b\n1,1.234\n', Number(1.234)),  # commas divide the cells
    ],
)  # fmt: skip
def test_a_decimal_mark_is_found_with_certainty_or_not_at_all(
    path: Path, text: str, cell: Cell | None
) -> None:
    found = read(path, text).rows[0].cells[1]
    if cell is None:
        assert isinstance(found, Unreadable)
        assert "say which mark is the decimal one" in found.why
    else:
        assert found == cell


@pytest.mark.parametrize(("decimal", "value"), [(",", 1.234), (".", 1234.0)])
def test_a_person_may_say_the_decimal_mark(path: Path, decimal: str, value: float) -> None:
    sheet = read(path, "a;b\n1;1,234\n", decimal=decimal)
    assert sheet.rows[0].cells[1] == Number(value)


def test_a_person_may_say_what_divides_the_cells(path: Path) -> None:
    sheet = read(path, "a;b,c\n1;2,3\n", delimiter=",")
    assert [header.name for header in sheet.headers] == ["a;b", "c"]
    with pytest.raises(TableError, match="divides no cells"):
        read(path, "a b", delimiter=" ")


def test_below_detection_has_a_decimal_comma_too(path: Path) -> None:
    assert read(path, "a;b\n1;<0,5\n").rows[0].cells[1] == BelowDetection(0.5)


def test_a_title_above_the_names_is_refused_unless_their_row_is_said(path: Path) -> None:
    text = "Screening of May, second week\n\na;b\n1;2\n"
    with pytest.raises(TableError, match=r"beyond its 1 named columns in line 3, 4.*say its row"):
        read(path, text)
    sheet = read(path, text, header_row=3)
    assert values(sheet) == [(Number(1.0), Number(2.0))]
    assert sheet.notes == ("What stands above line 3 was left out.",)
    with pytest.raises(TableError, match="nothing in line 2"):
        read(path, text, header_row=2)


def test_a_decimal_comma_that_divides_a_number_is_refused(path: Path) -> None:
    with pytest.raises(TableError, match=r"line 2.*divide the cells by semicolons"):
        read(path, "a,b\n80,81,5\n")


def test_one_column_is_a_table(path: Path) -> None:
    assert values(read(path, "yield\n81,5\n82,5\n")) == [(Number(81.5),), (Number(82.5),)]


def test_a_table_without_names_is_refused(path: Path) -> None:
    with pytest.raises(TableError, match=r"no names in line 1, only numbers \(80, 81.5\)"):
        read(path, "80;81.5\n90;82.5\n")


def test_names_without_rows_are_a_table(path: Path) -> None:
    assert read(path, "a;b\n").rows == ()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "is a picture"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, r"old Excel workbook \(.xls\)"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"\n<html><table>", "web page"),
        (b"PK\x03\x04 and no more", "damaged"),
        (b"PAR1 and no more", "damaged"),
        (bytes(range(256)), "zero bytes|no text"),
        (b"a,b\n1,\x00\n", "zero bytes"),
        (b"a;b\n\x81\x8d;1\n", "no text in cp1252"),
        (b"\xff\xfea", "no text in utf-16"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b";;\n;;\n", "is empty"),
        (b'a;b\n1;"open\n2;3\n', "opened at line 2 is not closed"),
        (b'a;b\n1;"x"y\n', "line 2"),
        (b"a;b\n" + b'1;"' + b"x" * 200_000, "opened at line 2"),
    ],
)
def test_what_is_no_table_is_refused_with_the_remedy(path: Path, content: bytes, text: str) -> None:
    with pytest.raises(TableError, match=text):
        read(path, content)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"There is no table .*nowhere\.csv"):
        read_sheet(tmp_path / "nowhere.csv")
    with pytest.raises(TableError, match="cannot be read"):
        read_sheet(tmp_path)


def test_a_text_has_no_sheets(path: Path) -> None:
    with pytest.raises(TableError, match="has no sheet 'May'"):
        read(path, "a;b\n1;2\n", sheet="May")


def test_what_is_too_large_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited_module, "MAX_ROWS", 3)
    assert len(read(path, "a;b\n1;2\n1;2\n1;2\n").rows) == 3
    with pytest.raises(TableError, match="more than 3 rows"):
        read(path, "a;b\n1;2\n1;2\n1;2\n1;2\n")
    monkeypatch.setattr(contents_module, "MAX_BYTES", 10)
    with pytest.raises(TableError, match="larger than"):
        read(path, "a;b\n1;2\n1;2\n")
