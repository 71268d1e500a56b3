"""From a matplotlib figure to an SVG that can stand inside an HTML page.

What matplotlib writes is a file of its own: a style sheet that would reach the whole page, ids that
repeat from figure to figure, links to vocabularies, six decimals. What leaves here is one
``<svg>`` element with a title and a description, no links, no style sheet and no ``style``
attribute (a page's content security policy has nothing to refuse), text as text, two decimals, and
ids that start with a digest of the picture's own content. The name of each group (``gid``) becomes
its class, so that the marks of a picture can be found and counted.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from xml.etree import ElementTree as ET

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from planner.pictures.axis import plain

DECIMALS = 2  # a hundredth of a pixel: nothing is lost at any zoom that a reader uses
TOLERANCE_PX = 0.1  # a polyline may be simplified by this much

_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?|-?\d+e-?\d+")
_REFERENCE = re.compile(r"#([A-Za-z0-9_.-]+)")
_NOT_INHERITED = {"opacity", "clip-path", "id", "class", "x", "y", "href", "d", "transform"}
_FONT = "sans-serif"


def svg_text(figure: Figure, *, title: str, summary: str) -> str:
    """Return the figure as one self-contained ``<svg>`` element.

    Args:
        figure: drawn under :func:`planner.pictures.frame.house_style`, one point to the pixel.
        title: what a screen reader announces, one line.
        summary: what it reads out: the content of the picture in sentences.
    """
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg")
    root = ET.fromstring(drawn.getvalue())  # noqa: S314 - written one line above, by matplotlib
    _strip_namespaces(root)
    _drop_what_reaches_the_page(root)
    for element in root.iter():
        _plain_attributes(element)
    _drop_what_marks_override(root)
    _classes_for_ids(root)
    _flatten(root)
    for element in root.iter("g"):
        _lift_common(element)
    _describe(root, title=title, summary=summary)
    _own_ids(root)
    # no text holds " />": its ">" is written "&gt;"
    return ET.tostring(root, encoding="unicode").replace(" />", "/>")


def _strip_namespaces(root: ET.Element) -> None:
    for element in root.iter():
        element.tag = element.tag.partition("}")[2] or element.tag
        for name in [name for name in element.attrib if name.startswith("{")]:
            element.set(name.partition("}")[2], element.attrib.pop(name))


def _drop_what_reaches_the_page(root: ET.Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in ("metadata", "style"):  # metadata holds the date, too
                parent.remove(child)


def _plain_attributes(element: ET.Element) -> None:
    element.text = (element.text or "").strip() or None if element.tag != "text" else element.text
    element.tail = None
    for pair in element.attrib.pop("style", "").split("; "):
        name, _, value = pair.partition(": ")
        if name:
            element.set(name, value)
    element.attrib.pop("font-family", None)  # the root names it once
    if element.get("stroke-dashoffset") == "0":
        del element.attrib["stroke-dashoffset"]
    if element.get("transform", "").startswith(("rotate(-0 ", "rotate(0 ")):
        del element.attrib["transform"]
    if "d" in element.attrib:
        element.set("d", _short_path(element.attrib["d"]))
    for name in ("x", "y", "width", "height", "transform", "font-size", "stroke-dasharray"):
        if name in element.attrib:
            element.set(name, _NUMBER.sub(lambda m: _short(float(m[0])), element.attrib[name]))


def _short(value: float) -> str:
    text = f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _short_path(path: str) -> str:
    """Round a path, and leave out points that its polylines can do without."""
    if re.search(r"[A-Yac-y]", re.sub(r"[MLe]", "", path)):  # it has curves: markers only
        return " ".join(_NUMBER.sub(lambda m: _short(float(m[0])), path).split())
    return "".join(_short_polyline(piece) for piece in re.split(r"(?=M)", path) if piece.strip())


def _short_polyline(piece: str) -> str:
    closed = "z" in piece
    numbers = np.array(re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", piece), dtype=np.float64)
    points = _simplified(numbers.reshape(-1, 2))
    return "M" + " ".join(f"{_short(x)} {_short(y)}" for x, y in points) + ("z" if closed else "")


def _simplified(points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "k 2"]:
    """Leave out points that lie within the tolerance of the line through those that stay.

    Source: D. Douglas and T. Peucker, Cartographica 10, 112 (1973), with a stack for the recursion.
    """
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        off = _distances(points[first + 1 : last], points[first], points[last])
        worst = int(np.argmax(off))
        if off[worst] > TOLERANCE_PX:
            middle = first + 1 + worst
            keep[middle] = True
            stack += [(first, middle), (middle, last)]
    return points[keep]


def _distances(
    points: Float[np.ndarray, "n 2"], start: Float[np.ndarray, "2"], end: Float[np.ndarray, "2"]
) -> Float[np.ndarray, " n"]:
    """Distances of points to the stretch from ``start`` to ``end``."""
    along = end - start
    length = float(along @ along)
    share = (
        np.clip((points - start) @ along / length, 0.0, 1.0) if length else np.zeros(len(points))
    )
    return np.asarray(np.linalg.norm(points - start - share[:, None] * along, axis=1))


def _drop_what_marks_override(root: ET.Element) -> None:
    """A mark's own colours win over those of the ``use`` that shows it: drop what loses."""
    defined = {e.attrib["id"]: e for e in root.iter("path") if "id" in e.attrib}
    for use in root.iter("use"):
        own = defined[use.attrib["href"].removeprefix("#")].attrib
        for name in own.keys() & use.attrib.keys() - _NOT_INHERITED:
            del use.attrib[name]


def _classes_for_ids(root: ET.Element) -> None:
    """Keep the ids that something refers to; a group's name becomes its class."""
    wanted = {
        name for e in root.iter() for v in e.attrib.values() for name in _REFERENCE.findall(v)
    }
    for element in root.iter():
        name = element.get("id")
        if name is None or name in wanted:
            continue
        del element.attrib["id"]
        name = re.sub(r"_\d+$", "", name)
        if name not in ("patch", "line2d", "text", "figure", "LineCollection"):
            element.set("class", name.replace("matplotlib.", "").replace(".", "-"))


def _flatten(parent: ET.Element) -> None:
    """Take out groups that say nothing."""
    for child in list(parent):
        _flatten(child)
        if child.tag != "g" or child.attrib:
            continue
        place = list(parent).index(child)
        parent.remove(child)
        for offset, grandchild in enumerate(list(child)):
            parent.insert(place + offset, grandchild)


def _lift_common(group: ET.Element) -> None:
    """Say once, on the group, what all its marks share and inherit."""
    marks = list(group)
    if len(marks) < 2 or any(mark.tag != "use" for mark in marks):
        return
    shared = set.intersection(*(set(mark.attrib.items()) for mark in marks))
    for name, value in sorted(shared):
        if name in _NOT_INHERITED or name in group.attrib:
            continue
        group.set(name, value)
        for mark in marks:
            del mark.attrib[name]


def _describe(root: ET.Element, *, title: str, summary: str) -> None:
    _, _, width, height = root.attrib["viewBox"].split()
    root.attrib.clear()
    root.attrib.update({
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "height": height,
        "role": "img",
        "aria-labelledby": "#title #summary",  # numbered with the other ids below
        "font-family": _FONT,
        "stroke-linejoin": "round",
    })  # fmt: skip
    for place, (tag, text) in enumerate((("title", title), ("desc", summary))):
        element = ET.Element(tag, {"id": "title" if tag == "title" else "summary"})
        element.text = plain(text)
        root.insert(place, element)


def _own_ids(root: ET.Element) -> None:
    """Number the ids behind a digest of the content: two pictures on one page share none."""
    digest = base64.b32encode(hashlib.sha256(ET.tostring(root)).digest()).decode()[:6].lower()
    names = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    own = {name: f"p{digest}-{number}" for number, name in enumerate(names)}
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, own[value])
            elif key == "aria-labelledby":
                element.set(key, _REFERENCE.sub(lambda m: own[m[1]], value))
            elif key in ("href", "clip-path", "fill"):
                element.set(key, _REFERENCE.sub(lambda m: f"#{own.get(m[1], m[1])}", value))
