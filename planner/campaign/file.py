"""Reading a campaign file: every mistake at once, each with its line and what to do."""

from __future__ import annotations

import pathlib
from typing import Any

from pydantic import ValidationError

from planner.campaign.contradictions import find_contradictions
from planner.campaign.document import Document, dotted, load_document
from planner.campaign.drafts import read_draft
from planner.campaign.mistakes import find_mistakes
from planner.campaign.spec import SCHEMA, CampaignSpec
from planner.errors import CampaignFileError, InputError, Mistake


def read_campaign(path: pathlib.Path) -> CampaignSpec:
    """Reads and validates a campaign file.

    Raises:
        InputError: there is no such file.
        CampaignFileError: with all mistakes, each with its line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(
            f"There is no file {path.name} in {path.resolve().parent}. Check its name and folder; "
            f"'planner new {path}' writes a new one."
        ) from error
    except IsADirectoryError as error:
        raise _refuse(path, "is a folder; give the campaign file in it") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        text = f"is not UTF-8 (byte {error.object[error.start]:#04x}); save the file as UTF-8"
        raise _refuse(path, text, line=line) from error
    except OSError as error:
        raise _refuse(path, f"cannot be read: {error}; check its permissions") from error
    return parse_campaign(text, path=str(path))


def _refuse(path: pathlib.Path, text: str, *, line: int = 0) -> CampaignFileError:
    return CampaignFileError(str(path), [Mistake(line, "", text)])


def parse_campaign(text: str, *, path: str) -> CampaignSpec:
    """Validates the text of a campaign file.

    Args:
        text: YAML.
        path: for messages.

    Raises:
        CampaignFileError: with all mistakes, each with its line.
    """
    document = load_document(text, path=path)
    content = document.content
    if not isinstance(content, dict):
        what = "is empty" if content is None else "is no mapping of names"
        text = f"{what}; begin with 'campaign: NAME', then parameters, outcomes, objectives"
        raise CampaignFileError(path, [*document.mistakes, Mistake(0, "", text)])
    _refuse_newer_schema(content, document, path=path)
    spec = _validate(content, document)
    parts = spec if isinstance(spec, CampaignSpec) else read_draft(content)
    unreadable = {mistake.where for mistake in document.mistakes}
    mistakes = [
        *document.mistakes,
        *([] if isinstance(spec, CampaignSpec) else (m for m in spec if m.where not in unreadable)),
        *(
            Mistake(document.line(where), dotted(where), what)
            for where, what in find_contradictions(parts)
        ),
    ]
    if mistakes or not isinstance(spec, CampaignSpec):
        raise CampaignFileError(path, sorted(dict.fromkeys(mistakes), key=lambda each: each.line))
    return spec


def _validate(content: dict[str, Any], document: Document) -> CampaignSpec | list[Mistake]:
    try:
        return CampaignSpec.model_validate(content)
    except ValidationError as error:
        return list(find_mistakes(error, document))


def _refuse_newer_schema(content: dict[str, Any], document: Document, *, path: str) -> None:
    """Says so before the mistakes that a newer file would have here."""
    schema = content.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        text = (
            f"schema {schema} is newer than this software, which reads up to {SCHEMA}: "
            f"update experiment-planner"
        )
        raise CampaignFileError(path, [Mistake(document.line(("schema",)), "schema", text)])
