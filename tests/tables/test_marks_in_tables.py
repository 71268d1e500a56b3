"""Numbers as two countries write them: what is read is what was written."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planner.tables import Number, Unreadable, read_sheet

Decimal = Literal[".", ","]
# hundredths, so that no mark of theirs can stand between thousands
hundredths = st.integers(-(10**9), 10**9)


def spelled(n: int, decimal: Decimal, *, is_grouped: bool) -> str:
    """Writes ``n`` hundredths; ``is_grouped``: with the country's mark between thousands."""
    english = f"{n / 100:,.2f}" if is_grouped else f"{n / 100:.2f}"
    return english if decimal == "." else english.translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("is_said", [False, True])
@given(numbers=st.lists(st.tuples(hundredths, st.booleans()), min_size=1, max_size=8))
@example(numbers=[(123_450, True), (50, False)])
@example(numbers=[(50, False), (125, False), (20_50, False)])
def test_numbers_with_and_without_thousands_marks_are_read_as_written(
    numbers: list[tuple[int, bool]], decimal: Decimal, is_said: bool
) -> None:
    lines = [spelled(n, decimal, is_grouped=grouped) for n, grouped in numbers]
    read = read_cells(lines, decimal if is_said else None)
    assert read == [Number(n / 100) for n, _ in numbers]


@pytest.mark.parametrize(("decimal", "between"), [(".", ","), (",", ".")])
@given(n=st.integers(1_000, 999_999), others=st.lists(hundredths, max_size=4))
def test_a_group_of_thousands_beside_decimals_is_never_read_as_something_else(
    n: int, others: list[int], decimal: Decimal, between: str
) -> None:
    whole = f"{n:,}".replace(",", between)
    lines = [whole, *(spelled(each, decimal, is_grouped=False) for each in others)]
    assert read_cells(lines, decimal)[0] == Number(float(n))
    found = read_cells(lines, None)[0]
    assert isinstance(found, Unreadable)
    assert f"holds {whole}, which can be" in found.why


@given(thousandths=st.lists(st.integers(1_000, 999_999), min_size=1, max_size=5))
@pytest.mark.parametrize("mark", [",", "."])
def test_commas_and_points_before_three_digits_are_refused_alike(
    thousandths: list[int], mark: str
) -> None:
    lines = [f"{n // 1000}{mark}{n % 1000:03d}" for n in thousandths]
    assert all(isinstance(cell, Unreadable) for cell in read_cells(lines, None))


def read_cells(lines: list[str], decimal: Decimal | None) -> list[object]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_text("trial;y (g)\n" + "".join(f"1;{line}\n" for line in lines))
        return [row.cells[1] for row in read_sheet(path, decimal=decimal).rows]
