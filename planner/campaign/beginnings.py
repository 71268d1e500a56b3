"""A campaign that is put together entry by entry, each checked in the words of the file."""

from __future__ import annotations

from typing import Any

from planner.campaign.file import parse_campaign
from planner.campaign.spec import CampaignSpec
from planner.campaign.writing import in_one_line
from planner.errors import CampaignFileError, InputError, Mistake

Content = dict[str, Any]

_UNFINISHED = ("is missing", "is empty")


def find_mistake(content: Content, where: str) -> str | None:
    """Returns the first mistake at or below an entry; None where there is none yet.

    What is still missing is no mistake here.

    Args:
        content: of the file, as far as it is known.
        where: path of the entry, such as ``parameters.flow``.
    """
    for mistake in _mistakes(content):
        is_here = mistake.where == where or mistake.where.startswith((f"{where}.", f"{where}["))
        if is_here and not mistake.text.startswith(_UNFINISHED):
            return mistake.text
    return None


def make_campaign(content: Content) -> CampaignSpec:
    """Returns the campaign.

    Raises:
        InputError: it has mistakes, all of which are listed.
    """
    try:
        return parse_campaign(in_one_line(content), path="the new campaign")
    except CampaignFileError as error:
        lines = "\n".join(f"  {mistake.where}: {mistake.text}" for mistake in error.mistakes)
        raise InputError(f"That makes no campaign yet:\n{lines}") from error


def _mistakes(content: Content) -> tuple[Mistake, ...]:
    try:
        parse_campaign(in_one_line(content), path="the new campaign")
    except CampaignFileError as error:
        return error.mistakes
    return ()
