"""Pages: the figures of the standings, and a picture that shows them."""

from __future__ import annotations

from xml.etree import ElementTree

from planner.bench import Rules, stand
from planner.bench.pages import (
    Origin,
    best_found,
    draw_standings,
    write_campaign_page,
    write_tables_page,
)
from tests.bench.hand_made import make_pool, make_race

# the best has the mean 40 and repeats 39.5 and 40.5: their deviation is 0.707, twice that 1.41
POOL = make_pool([*([float(place)] for place in range(40)), [39.5, 40.5]], promise=5)
RACES = [
    make_race(POOL, [0, 1, 2, 3, 4, 38, 40, 39]),
    make_race(POOL, [0, 1, 2, 3, 4, 5, 39, 6], seed=1),
    make_race(POOL, [0, 1, 2, 3, 4, 5, 7, 38], seed=2),
]
ORIGIN = Origin(command="planner bench", code="c0de", versions="numpy 2", machine="an abacus")


def test_the_page_of_tables_has_a_section_for_each_planner_and_says_what_was_missed():
    racers = (Rules(n_trials=8), Rules(n_trials=8, replay="repeat"))
    standings = [stand(POOL, rules, RACES) for rules in racers]
    page = write_tables_page(standings, picture="tables.svg", origin=ORIGIN)
    assert "README.md" not in page
    beside = write_tables_page(standings, picture="x.svg", origin=ORIGIN, has_readme=True)
    assert "said in [README.md](README.md)" in beside
    assert page.count("## Upper confidence bound") == 2
    assert "one real repeat drawn" in page
    assert page.count("at most 5: missed") == 1  # promised on means alone
    assert "> 8 (7 to > 8)" in page  # the median of 7, infinity and infinity
    assert "| 2 of 3 |" in page
    assert page.endswith("Measured on an abacus.\n")


def test_every_table_of_a_page_has_as_many_cells_in_every_row():
    standing = stand(POOL, Rules(), RACES)
    for page in (
        write_tables_page([standing], picture="x.svg", origin=ORIGIN),
        write_campaign_page(standing, picture="x.svg", origin=ORIGIN),
    ):
        tables = [part.splitlines() for part in page.split("\n\n") if part.startswith("|")]
        assert len(tables) >= 2
        for table in tables:
            assert len({line.count("|") for line in table}) == 1


def test_the_page_of_a_campaign_counts_what_was_found():
    page = write_campaign_page(stand(POOL, Rules(), RACES), picture="x.svg", origin=ORIGIN)
    assert "Median 1 of 3" in page
    assert "| 1 | 2 |\n| 3 | 1 |" in page  # campaigns that found 1, and 3
    assert "within two repeat deviations (1.4) of the table's best in 2 of 3 campaigns" in page
    assert "the worst of the best found 38" in page


def test_a_column_in_which_nothing_was_measured_is_left_out():
    unmeasured = [race.model_copy(update={"ask_cpu_s": (), "ask_wall_s": ()}) for race in RACES]
    pages = [
        write_tables_page([stand(POOL, Rules(), races)], picture="x.svg", origin=ORIGIN)
        for races in (RACES, unmeasured)
    ]
    assert ["CPU s an ask" in page for page in pages] == [True, False]


def test_the_best_found_is_judged_by_its_mean():
    assert best_found(stand(POOL, Rules(), RACES)) == (40.0, 38.0, 2)


def test_the_picture_has_a_panel_a_table_and_a_line_a_planner():
    other = make_pool(range(41), name="another")
    standings = [
        stand(pool, rules, [make_race(pool, [0, 1, 2, 3, 4, 38, 40, 39])])
        for pool in (POOL, other)
        for rules in (Rules(), Rules(replay="repeat"))
    ]
    svg = draw_standings(standings)
    root = ElementTree.fromstring(svg)
    classes = [element.get("class", "") for element in root.iter()]
    assert classes.count("panel") == 2
    assert classes.count("planner-0") == classes.count("planner-1") == 2
    assert "one real repeat drawn" in svg
    assert "another" in svg
