"""The report in a real browser: nothing is missing, nothing is asked of the network, it fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.report import gather, write_report
from tests.browser.chromium import Page, browsing
from tests.report.campaigns import make_spec, measured

pytestmark = pytest.mark.slow

FIGURES = "[...document.querySelectorAll('svg')].filter(each => each.getClientRects().length)"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    diary = measured(make_spec(), [10.0, 25.0, 40.0, 75.0, 60.0, 31.0, 44.0])
    return write_report(gather(diary.state, diary.space, folder=folder), folder=folder)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.mark.parametrize("width", [360, 900])
def test_it_is_drawn_without_complaint_or_request_and_fits_the_window(
    page: Page, report: Path, width: int
):
    page.requests.clear()
    page.open(report.as_uri(), width=width)
    assert page.evaluate(f"{FIGURES}.length") >= 2
    narrow = page.evaluate(f"{FIGURES}.every(each => each.getBoundingClientRect().height > 100)")
    assert narrow is True
    # a wide table may be scrolled in its own box; the page itself has no sideways scroll
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("file:")] == []


def test_a_page_that_breaks_its_own_policy_is_noticed(page: Page, tmp_path: Path):
    """The negative control: the browser does say when a picture is asked of another host."""
    broken = tmp_path / "broken.html"
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
    broken.write_text(f"<html><head>{policy}</head><body><img src='http://127.0.0.1:9/x.png'>")
    page.complaints.clear()
    page.open(broken.as_uri(), width=900)
    assert any("Content Security Policy" in each for each in page.complaints)
    page.complaints.clear()
