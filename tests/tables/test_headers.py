from __future__ import annotations

import pytest

from planner.errors import TableError
from planner.tables import Role, find_columns, read_header

KNOWN = ("temperature", "flow_rate", "yield", "P(a|b)", "size sd")


def headers(*texts: str) -> list[object]:
    return [read_header(text, position=i) for i, text in enumerate(texts, start=1)]


@pytest.mark.parametrize(
    ("text", "name", "unit", "role"),
    [
        ("yield", "yield", None, Role.VALUE),
        (" yield ", "yield", None, Role.VALUE),
        ("yield (%)", "yield", "%", Role.VALUE),
        ("yield[%]", "yield", "%", Role.VALUE),
        ("yield\n(%)", "yield", "%", Role.VALUE),
        ("yield sd", "yield", None, Role.SD),
        ("yield SD (%)", "yield", "%", Role.SD),
        ("yield (%) sd", "yield", "%", Role.SD),
        ("temperature achieved (K)", "temperature", "K", Role.ACHIEVED),
        ("heat (J/(mol K))", "heat", "J/(mol K)", Role.VALUE),
        ("ratio [-]", "ratio", "1", Role.VALUE),
        ("ratio ()", "ratio", None, Role.VALUE),
        ("P(a|b)", "P", "a|b", Role.VALUE),
        ("(K)", "(K)", None, Role.VALUE),
        ("a) b)", "a) b)", None, Role.VALUE),
        ("x (a]", "x (a]", None, Role.VALUE),
        ("sd", "sd", None, Role.VALUE),
    ],
)
def test_a_header_is_a_name_with_a_unit_and_a_role(
    text: str, name: str, unit: str | None, role: Role
) -> None:
    header = read_header(text, position=3)
    assert (header.name, header.unit, header.role) == (name, unit, role)
    assert (header.raw, header.position) == (text, 3)


@pytest.mark.parametrize("name", ["P(a|b)", "size sd"])
def test_a_known_name_is_taken_as_it_is_written(name: str) -> None:
    header = read_header(name, position=1, known=KNOWN)
    assert (header.name, header.unit, header.role) == (name, None, Role.VALUE)


def test_a_known_name_may_have_a_role_of_its_own() -> None:
    header = read_header("P(a|b) sd", position=1, known=KNOWN)
    assert (header.name, header.role) == ("P(a|b)", Role.SD)
    header = read_header("size sd (nm)", position=1, known=KNOWN)
    assert (header.name, header.unit, header.role) == ("size sd", "nm", Role.VALUE)


def test_columns_are_found_by_name_and_role() -> None:
    found = find_columns(headers("yield (%)", "operator", "yield sd", "temperature"), KNOWN)
    assert found.columns == {
        ("yield", Role.VALUE): 0,
        ("yield", Role.SD): 2,
        ("temperature", Role.VALUE): 3,
    }
    assert found.unknown == ("operator",)
    assert found.hints == ()


@pytest.mark.parametrize("text", ["Flow Rate (mL/min)", "flow-rate", "FLOW_RATE", "flow_rat"])
def test_a_similar_name_is_said_and_never_taken(text: str) -> None:
    found = find_columns(headers(text, "yield"), KNOWN)
    assert found.columns == {("yield", Role.VALUE): 1}
    assert found.resembling == {text: "flow_rate"}
    assert "if 'flow_rate' is meant, head it so" in found.hints[0]


def test_blanks_in_a_header_stand_for_underscores_in_a_name() -> None:
    found = find_columns(headers("flow rate (mL/min)", "flow rate sd"), KNOWN)
    assert found.columns == {("flow_rate", Role.VALUE): 0, ("flow_rate", Role.SD): 1}


def test_a_name_that_is_there_is_not_suggested_for_another_column() -> None:
    found = find_columns(headers("yield", "yields"), KNOWN)
    assert found.resembling == {}
    assert found.unknown == ("yields",)


def test_two_columns_that_say_the_same_are_refused() -> None:
    with pytest.raises(TableError, match=r"Columns 1 and 2 both hold the value of 'yield'"):
        find_columns(headers("yield (%)", "yield"), KNOWN)
