"""Pages that stand alone: a template and its style sheet become one file without a script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import jinja2
from markupsafe import Markup

_LONGEST_NUMBER = 24  # characters of a double


def render_page(name: str, values: Mapping[str, object]) -> str:
    """Returns a page as HTML; the same values give the same bytes.

    Args:
        name: of the template ``NAME.html`` and its style sheet ``NAME.css`` beside this file.
        values: what the template names, apart from ``style`` and ``style_hash``.

    Raises:
        jinja2.UndefinedError: the template names a value that is not given.
    """
    style = files("planner.report").joinpath(f"{name}.css").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template(f"{name}.html")
        .render(
            values,
            style=Markup(style),  # noqa: S704 - our own file
            style_hash=_hash(style),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("planner.report", package_path=""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    environment.tests["numeric"] = _is_numeric
    return environment


def _breakable(name: str) -> Markup:
    """Lets a name in a narrow column go on in the next line after an underscore; escapes it."""
    return Markup("_<wbr>").join(name.split("_"))


def _is_numeric(value: str) -> bool:
    """Tells whether a setting is a number: in two lines it would be read as another."""
    try:
        float(value.replace("\u2212", "-"))
    except ValueError:
        return False
    return len(value) <= _LONGEST_NUMBER


def _hash(style: str) -> str:
    """Returns what the page's policy names, so that a browser takes this style sheet alone."""
    digest = hashlib.sha256(style.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
