"""The page: what it says, that it stands alone, and that nothing in a name can break it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from planner.ledger.entries import CoverageAlarm, Noted
from planner.report import gather, make_page, write_report
from planner.report.words import rough, rounded
from planner.trials import TrialState
from tests.report.campaigns import Diary, at, make_spec, measured

VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}


class Reader(HTMLParser):
    """Reads a page, refuses tags that do not close in order, and keeps what was said."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text, self.cells = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text.append(data)
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def page_of(diary, **more):
    return make_page(gather(diary.state, diary.space, folder=Path(), **more))


@pytest.fixture(scope="module")
def page():
    diary = measured(make_spec(), [10.0, 25.0, 40.0, 75.0, 60.0])
    diary.propose(6, at(810.0), prediction=(70.0, 60.0, 80.0), reason="Highest mean + 1 sd.")
    diary.start(6)
    diary.move(6, TrialState.IN_DOUBT, "the line was cut")
    diary.propose(7, at(820.0), prediction=(71.0, 60.0, 80.0))
    diary.start(7)
    diary.move(7, TrialState.FAILED_BY_PROCESS, "the tube was clogged")
    diary.write(Noted(text="new bottle"), author="ben")
    return page_of(diary, history=diary.entries, ledger_id="ledger-1")


def test_of_a_target_it_says_that_nothing_is_better_than_a_hit():
    target = "{aim: target, outcome: yield, target: 40, tolerance: 5}"
    words = read(page_of(measured(make_spec(objective=target), [10.0, 25.0, 40.0]))).words
    assert "Probability that nothing better is left, all hits being equal: " in words


def test_it_says_what_was_found_and_why(page):
    words = read(page).words
    for said in (
        "furnace",
        "growth of nanotubes",
        "the highest yield",
        "90 % interval of the mean",
        "Probability that nothing better by more than 1 percent is left",
        "(estimate)",
        "Trial 6 is in doubt: the line was cut",
        "planner resolve",
        "Failed by process: the tube was clogged.",
        "Highest mean + 1 sd.",
        "2 of 3 intervals that were stated before a trial held",
        "new bottle",
        "ledger-1",
        "experiment-planner",
    ):
        assert said in words, said


def test_every_trial_is_a_row_with_its_numbers(page):
    cells = [" ".join(cell.split()) for cell in read(page).cells]
    first = cells.index("4")
    assert cells[first : first + 7] == ["4", "825", "3", "Fe", "50", "30 to 70", "75 best outside"]
    assert [cell for cell in cells if cell in map(str, range(1, 8))]


def test_it_needs_no_other_file_and_no_script(page):
    reader = read(page)
    names = {tag for tag, _ in reader.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    for _, attributes in reader.tags:
        for name, value in attributes.items():
            assert name != "style"
            assert not name.startswith("on")
            if name in ("src", "href", "xlink:href", "action"):
                assert value.startswith("#")
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)", page)


def test_its_policy_admits_its_own_style_alone(page):
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page


def test_it_can_be_read_out(page):
    reader = read(page)
    tags = reader.tags
    assert ("html", {"lang": "en"}) in tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all(attributes.get("scope") for tag, attributes in tags if tag == "th")
    pictures = [attributes for tag, attributes in tags if tag == "svg"]
    assert len(pictures) == 10  # five, each for a desk and for a telephone
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for picture in pictures:
        assert picture["role"] == "img"
        assert all(name in ids for name in picture["aria-labelledby"].split())


def test_an_alarm_is_loud_until_later_forecasts_speak_against_it():
    diary = measured(make_spec(), [10.0, 25.0])
    diary.write(CoverageAlarm(trial=2, level=0.9, held=0, n=3, reason="Coverage alarm."))
    said = "Coverage alarm. The result of trial 2 set it off."
    assert f"<strong>{said}" in page_of(diary)
    for number in range(3, 13):
        diary.propose(number, at(700.0 + number), prediction=(50.0, 30.0, 70.0))
        diary.complete(number, 51.0)
    page = page_of(diary)
    assert said in page
    assert f"<strong>{said}" not in page


def test_names_and_notes_cannot_become_markup():
    evil = '<script>alert(1)</script> & \\"><b>'
    diary = measured(make_spec(about=f'"{evil}"'), [10.0, 20.0, 30.0])
    diary.write(Noted(text="<img src=x onerror=y> & more"), author="<i>ben</i>")
    diary.propose(4, at(700.0), reason="</td><td>& 5 < 6")
    diary.start(4)
    diary.move(4, TrialState.FAILED_BY_MACHINE, "<u>broke</u>")
    page = page_of(diary, history=diary.entries)
    reader = read(page)
    assert not {"script", "img", "i", "u", "b"} & {tag for tag, _ in reader.tags}
    assert '<script>alert(1)</script> & "><b>' in reader.words
    assert "<img src=x onerror=y> & more" in reader.words
    assert "</td><td>& 5 < 6" in reader.words


@pytest.mark.parametrize("n", [0, 1, 2])
def test_it_stands_from_the_first_trial_on(n):
    words = read(page_of(measured(make_spec(), [10.0, 60.0][:n]))).words
    assert ("None yet: nothing was measured." in words) == (n == 0)
    assert ("No interval:" in words) == (n == 1)


def test_a_simulation_has_a_banner_and_a_lab_has_none(page, project):
    from planner.campaign import read_campaign, read_space

    assert 'class="banner"' not in page
    spec = read_campaign(project / "campaigns" / "nanotube_cvd.yaml")
    space = read_space(spec, folder=project / "campaigns")
    simulated = make_page(gather(Diary(spec).state, space, folder=project / "campaigns"))
    assert "No experiment was run for this campaign." in read(simulated).words


def test_the_same_facts_give_the_same_bytes():
    diary = measured(make_spec(), [10.0, 20.0, 60.0])
    assert page_of(diary) == page_of(diary)


def test_it_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    diary = measured(make_spec(), [10.0])
    facts = gather(diary.state, diary.space, folder=tmp_path)
    path = write_report(facts, folder=tmp_path)
    assert path == tmp_path / "furnace.planner" / "report.html"
    former = path.read_text(encoding="utf-8")
    assert former == make_page(facts)

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_report(facts, folder=tmp_path)
    assert path.read_text(encoding="utf-8") == former
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("value", "spread", "shown"),
    [
        (0.94812, 0.01, "0.948"),
        (0.94812, 0.0099, "0.9481"),
        (93.26, 12.0, "93"),
        (93.26, 250.0, "93"),
        (-0.0004, 0.01, "0.000"),
        (-12.34, 0.5, "\u221212.34"),
        (1.2347e-9, 1e-11, "1.235\u00d710⁻⁹"),
        (2.5, 0.0, "2.5"),
    ],
)
def test_numbers_carry_two_digits_of_their_spread(value, spread, shown):
    assert rounded(value, spread) == shown


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [(99.7, 2, "100"), (283.0, 2, "280"), (0.01549, 2, "0.015"), (-1312.0, 3, "\u22121310"),
     (0.0, 2, "0"), (2.84e7, 2, "2.8\u00d710⁷")],
)  # fmt: skip
def test_estimates_are_written_out(value, digits, shown):
    assert rough(value, digits) == shown
