"""What holds of every picture, whatever it shows."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import combinations, pairwise

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planner.errors import InputError
from planner.pictures.palette import GREY, LINE_LOOKS, MORE_LOOKS
from planner.pictures.svg import TOLERANCE_PX, _distances, _short_path, _simplified
from tests.pictures.drawn import parsed, texts
from tests.pictures.samples import ALL

every_picture = pytest.mark.parametrize("name", ALL)


def freshly_drawn(name, *args, width_px=700.0):
    draw, sample = ALL[name]
    return draw(sample(*args), width_px=width_px)


_kept = lru_cache(maxsize=None)(freshly_drawn)


def drawn(name, *args, width_px=700.0):
    """What was drawn before, if it was."""
    return _kept(name, *args, width_px=width_px)


@every_picture
def test_it_is_one_svg_element_of_the_width_asked_for(name):
    for width_px in (360.0, 700.0):
        root = parsed(drawn(name, width_px=width_px))
        assert root.tag == "svg"
        assert root.get("width") == f"{width_px:g}"
        assert root.get("viewBox") == f"0 0 {width_px:g} {root.get('height')}"


@every_picture
def test_a_screen_reader_finds_a_title_and_a_summary(name):
    root = parsed(drawn(name))
    title, summary = root[0], root[1]
    assert (root.get("role"), title.tag, summary.tag) == ("img", "title", "desc")
    assert root.get("aria-labelledby").split() == [title.get("id"), summary.get("id")]
    assert title.text
    assert len(summary.text) > 60


@every_picture
def test_nothing_is_fetched_and_every_reference_is_answered_inside(name):
    svg = drawn(name)
    assert re.findall(r"https?:[^\"]*", svg) == ["http://www.w3.org/2000/svg"]  # the namespace
    root = parsed(svg)
    ids = {e.get("id") for e in root.iter() if e.get("id")}
    values = [v for e in root.iter() for k, v in e.attrib.items() if k == "href" or "url(" in v]
    wanted = {re.fullmatch(r"(?:url\()?#([^)]+)\)?", value)[1] for value in values}
    assert wanted
    assert wanted <= ids


@every_picture
def test_nothing_reaches_the_page_around_it(name):
    """A style sheet would restyle the page; a strict content policy refuses style attributes."""
    root = parsed(drawn(name))
    assert not {e.tag for e in root.iter()} & {"style", "script", "metadata", "image", "a"}
    assert not [e for e in root.iter() if "style" in e.attrib]


def test_no_two_pictures_share_an_id():
    found = []
    for name in ALL:
        for args in ((), ("yield", "g")):
            for width_px in (360.0, 700.0):
                root = parsed(drawn(name, *args, width_px=width_px))
                ids = [e.get("id") for e in root.iter() if e.get("id")]
                assert len(ids) == len(set(ids))
                found.append(set(ids))
    assert all(not a & b for a, b in combinations(found, 2))


@every_picture
def test_the_same_record_gives_the_same_bytes_whatever_matplotlib_is_set_to(name):
    first = drawn(name)
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": True}):
        before = dict(mpl.rcParams)
        assert freshly_drawn(name) == first
        assert dict(mpl.rcParams) == before


def test_threads_that_draw_at_once_get_what_they_would_alone():
    before = dict(mpl.rcParams)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(freshly_drawn, ALL))
    assert together == [drawn(name) for name in ALL]
    assert dict(mpl.rcParams) == before


@every_picture
def test_names_are_shown_as_written(name):
    """Markup, a dollar sign (matplotlib's mathematics) and other scripts are just letters."""
    odd = "<b>CO₂ & $x^2$</b>"
    root = parsed(drawn(name, odd, "µmol"))
    shown = " ".join(texts(root))
    assert odd in shown
    assert odd in (root[0].text + root[1].text)
    assert not list(root.iter("b"))


@every_picture
def test_characters_that_xml_cannot_hold_are_left_out(name):
    root = parsed(drawn(name, "a\x00b\nc\ud800d", "%"))
    assert "a b c d" in " ".join(texts(root))


@every_picture
def test_long_names_are_cut_in_the_picture_and_whole_in_the_summary(name):
    long = "outcome of the longest name " * 12 + "END"
    for width_px in (360.0, 700.0):
        root = parsed(drawn(name, long, "%", width_px=width_px))
        assert any("…" in text for text in texts(root))
        assert "END" in root[1].text


@every_picture
@pytest.mark.parametrize("width_px", [279.0, 1601.0, float("nan")])
def test_a_width_that_nobody_can_read_is_refused(name, width_px):
    with pytest.raises(InputError, match="pixels wide"):
        drawn(name, width_px=width_px)


@pytest.mark.parametrize("looks", [LINE_LOOKS, MORE_LOOKS])
def test_lines_that_differ_in_colour_differ_in_dash_or_marker_too(looks):
    assert len({look.colour for look in looks}) == len(looks)
    assert len({look.marker for look in looks}) == len(looks)


# Linear RGB as it is seen without one kind of cone: Machado, Oliveira and Fernandes, IEEE TVCG 15,
# 1291 (2009), severity 1; and linear RGB to XYZ (sRGB, D65), over white.
SEEN = [
    np.eye(3),
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
     [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
     [-0.011820, 0.042940, 0.968881]],
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
     [0.004733, 0.691367, 0.303900]],
]  # fmt: skip
XYZ = np.array([[0.4339, 0.3762, 0.1899], [0.2127, 0.7152, 0.0722], [0.0178, 0.1095, 0.8730]])


def lab(colour, seen):
    """CIELAB of a colour as it is seen."""
    rgb = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    t = XYZ @ np.clip(np.array(seen) @ linear, 0, 1)
    x, y, z = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(one, other):
    """Distance of two colours for whoever tells them apart worst."""
    return min(np.linalg.norm(lab(one, seen) - lab(other, seen)) for seen in SEEN)


def test_colours_that_were_added_are_as_far_from_others_as_those_of_okabe_and_ito():
    proven = [look.colour for look in LINE_LOOKS]
    least = min(apart(*pair) for pair in combinations(proven, 2))
    added = [look.colour for look in MORE_LOOKS if look.colour not in proven]
    others = [*(look.colour for look in MORE_LOOKS), GREY]
    assert len(added) == 3
    for colour in added:
        assert min(apart(colour, other) for other in others if other != colour) >= least


@given(arrays(np.float64, st.tuples(st.integers(2, 60), st.just(2)), elements=st.floats(-500, 500)))
def test_a_simplified_line_keeps_its_ends_and_passes_by_every_point(points):
    """Every point left out lies within the tolerance of the stretch that bridges it."""
    short = _simplified(points)
    np.testing.assert_array_equal(short[[0, -1]], points[[0, -1]])
    nearest = np.min([_distances(points, a, b) for a, b in pairwise(short)], 0)
    # distances of numbers up to 500 carry rounding of some 500 * 1e-16 * 10
    assert nearest.max() <= TOLERANCE_PX + 1e-12


def test_a_straight_line_becomes_two_points_and_a_broken_one_stays_broken():
    assert _short_path("M 0 0 \nL 1.004 1.004 \nL 2 2 \n") == "M0 0 2 2"
    assert _short_path("M 0 0 \nL 1 0 \nM 2 0 \nL 3 0 \nz\n") == "M0 0 1 0M2 0 3 0z"


def test_pictures_need_nothing_of_the_planner_but_its_errors_and_no_pyplot():
    """Pyplot keeps figures and a backend for the whole process; a server must not have it."""
    said = subprocess.run(
        [sys.executable, "-c", "import sys, planner.pictures; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = said.stdout.split()
    ours = {name for name in loaded if name.startswith("planner.")}
    assert {name for name in ours if not name.startswith("planner.pictures")} == {"planner.errors"}
    assert "matplotlib.pyplot" not in loaded
    assert "torch" not in loaded


@every_picture
def test_letters_that_the_measuring_font_lacks_are_shown_without_a_warning(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = freshly_drawn(name, "收率 η", "%")
    assert "收率 η" in " ".join(texts(parsed(svg)))
