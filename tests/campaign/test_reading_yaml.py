"""Values of a campaign file are read as people mean them (the core of YAML 1.2)."""

from __future__ import annotations

import pytest

from planner.campaign.document import is_word, load_document


def read(value: str) -> object:
    document = load_document(f"x: {value}\n", path="test")
    assert not document.mistakes
    assert isinstance(document.content, dict)
    return document.content["x"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("-2.5e+2", -250.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("+7", 7),
        ("010", 10),
        ("true", True),
        ("False", False),
        ("", None),
        ("~", None),
        ("null", None),
    ],
)
def test_numbers_truths_and_nothing(written: str, value: object) -> None:
    assert read(written) == value
    assert type(read(written)) is type(value)


@pytest.mark.parametrize(
    "word",
    ["on", "off", "yes", "no", "Yes", "NO", "y", "n", "1:30", "2026-11-21", "1_000", "0x1F", "0o17",
     "1e", "e3", "NaN", "inf", "0.0.1b0", "<<", "=", "P1-L1", "\uff11\uff12"],
)  # fmt: skip
def test_words_stay_words(word: str) -> None:
    """YAML 1.1 makes truths, minutes, dates or numbers of these."""
    assert read(word) == word
    assert is_word(word)


@pytest.mark.parametrize("text", ["1e-3", "12", "true", "null", "", ".inf", ".nan", "~"])
def test_what_looks_like_a_value_is_no_word(text: str) -> None:
    assert not is_word(text)
    assert read(f"'{text}'") == text


def test_lines_are_counted_from_one_through_comments_and_texts() -> None:
    text = "# head\na: 1\n\nb:\n  - c: |\n      long\n      text\n  - {d: 4,\n     e: 5}\n"
    document = load_document(text, path="test")
    assert document.lines[("a",)] == 2
    assert document.lines[("b",)] == 4
    assert document.lines[("b", 0, "c")] == 5
    assert document.lines[("b", 1, "d")] == 8
    assert document.lines[("b", 1, "e")] == 9
    assert document.line(("b", 1, "missing")) == 8
    assert document.line(("nowhere",)) == 2  # where the content begins
