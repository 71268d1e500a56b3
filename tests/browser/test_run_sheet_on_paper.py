"""The run sheet on paper: A4, no trial cut by the end of a page, nothing wider than the page."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.loop import people
from planner.report.bench_sheet import make_bench_sheet
from tests.browser.chromium import Page, browsing
from tests.loop.bench_days import BENCH, bench_day, hand_out, settings
from tests.report.run_sheets import make_sheet

pytestmark = pytest.mark.slow

MM = 96 / 25.4  # a CSS pixel is 1/96 of an inch
WIDTH, HEIGHT = round((210 - 2 * 12) * MM), (297 - 12 - 16) * MM
A4_PT = (210 / 25.4 * 72, 297 / 25.4 * 72)
TOO_WIDE = """[...document.querySelectorAll('body *')]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
    .map(each => each.className + ': ' + each.textContent.slice(0, 40))"""
HIGHEST = """Math.max(...[...document.querySelectorAll('.trial')]
    .map(each => each.getBoundingClientRect().height))"""
BROKEN_NUMBERS = """[...document.querySelectorAll('.number')]
    .filter(each => each.getClientRects().length !== 1).length"""
SHEETS = [(1, 1, 1), (7, 5, 2), (4, 14, 6), (30, 3, 1)]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def open_on_paper(page: Page, path: Path) -> None:
    page.call("Emulation.setEmulatedMedia", media="print")
    page.open(path.as_uri(), width=WIDTH)


def print_pages(page: Page, path: Path) -> list[str]:
    """Prints to a PDF beside the page; returns the text of each of its pages."""
    printed = path.with_suffix(".pdf")
    content = page.call("Page.printToPDF", preferCSSPageSize=True)["data"]
    printed.write_bytes(base64.b64decode(content))
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed (apt-get install poppler-utils)")
    answer = subprocess.run(
        ["pdftotext", "-layout", str(printed), "-"], capture_output=True, text=True, check=True
    )
    return answer.stdout.split("\f")[:-1]


@pytest.mark.parametrize(("n_trials", "n_parameters", "n_outcomes"), SHEETS)
def test_it_fits_the_page(
    page: Page, tmp_path: Path, n_trials: int, n_parameters: int, n_outcomes: int
) -> None:
    path = tmp_path / "sheet.html"
    path.write_text(make_sheet(n_trials, n_parameters=n_parameters, n_outcomes=n_outcomes))
    page.complaints.clear()
    page.requests.clear()
    open_on_paper(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    assert page.evaluate(TOO_WIDE) == []
    # half a number is another number
    assert page.evaluate("document.querySelectorAll('.number').length") >= n_trials
    assert page.evaluate(BROKEN_NUMBERS) == 0
    # a trial that is lower than a page is never cut; the running head takes up to 12 mm of it
    assert page.evaluate(HIGHEST) < HEIGHT - 12 * MM
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("file:")] == []


@pytest.mark.parametrize(("n_trials", "n_parameters", "n_outcomes"), SHEETS)
def test_it_prints_on_a4_with_head_and_number_on_each_page_and_each_trial_whole(
    page: Page, tmp_path: Path, n_trials: int, n_parameters: int, n_outcomes: int
) -> None:
    path = tmp_path / "sheet.html"
    path.write_text(make_sheet(n_trials, n_parameters=n_parameters, n_outcomes=n_outcomes))
    open_on_paper(page, path)
    pages = print_pages(page, path)
    boxes = re.findall(rb"/MediaBox \[([\d. ]+)\]", path.with_suffix(".pdf").read_bytes())
    assert len(boxes) == len(pages)
    for box in boxes:
        # Chromium rounds the page to whole CSS pixels of 0.75 pt
        assert [float(each) for each in box.split()] == pytest.approx([0, 0, *A4_PT], abs=0.75)
    n_found = 0
    for number, text in enumerate(pages, start=1):
        assert "suzuki-coupling" in text
        assert f"page {number} of {len(pages)}" in text
        # the first and the last words of a trial stand on the same page
        trials = len(re.findall(r"^\s*trial\s+\d+", text, re.MULTILINE))
        n_found += trials
        assert trials >= 1
        assert len(re.findall("Chosen by the model", text)) == 2 * trials
    assert (
        sum(len(re.findall(r"^\s*trial\s+\d+", each, re.MULTILINE)) for each in pages) == n_trials
    )
    if n_parameters <= 5:
        assert len(pages) <= -(-n_trials // 3) + 1  # three on a page


def test_the_sheet_of_an_ask_fits_the_page(page: Page, tmp_path: Path) -> None:
    """As planner ask writes it: set-up to be changed, classes below their box, what is measured."""
    text = BENCH.replace(
        "{kind: adapter, adapter: none}",
        "{kind: person, set_up: {time: 40 min, parameters: [catalyst]}}",
    )
    with bench_day(tmp_path, text=text) as session:
        for degrees in range(110, 118):
            hand_out(session, settings(degrees + 0.125, ("P1-L1", "1-2")[degrees % 2]))
        trials, order = people.order_to_run(session.state, list(session.state.trials.values()))
        content = make_bench_sheet(
            session.state, trials, order=order, who="ada", date="5 January 2026"
        )
    path = tmp_path / "run.html"
    path.write_text(content)
    page.complaints.clear()
    open_on_paper(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate(BROKEN_NUMBERS) == 0
    assert page.evaluate("document.querySelectorAll('.set-up').length") == 1
    assert page.evaluate("document.querySelectorAll('.trial').length") == 8
    assert page.complaints == []


def test_what_is_wider_than_the_page_is_noticed(page: Page, tmp_path: Path) -> None:
    """The negative control: the measure does see a word that cannot be broken."""
    path = tmp_path / "wide.html"
    path.write_text("<body><div style='width:50px;white-space:nowrap'>a long line of words</div>")
    open_on_paper(page, path)
    assert page.evaluate(TOO_WIDE) != []
