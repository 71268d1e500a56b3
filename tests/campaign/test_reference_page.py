"""The page of the campaign file, made from its schema."""

from __future__ import annotations

from planner.campaign.reference import make_reference


def test_every_key_has_its_kind_and_every_link_its_section() -> None:
    """A record without a section of its own would read as anything."""
    page = make_reference()
    headings = {
        line.removeprefix("## ").lower().replace(":", "").replace(",", "").replace(" ", "-")
        for line in page.splitlines()
        if line.startswith("## ")
    }

    assert "| anything |" not in page
    assert {part.split(")")[0] for part in page.split("](#")[1:]} <= headings
