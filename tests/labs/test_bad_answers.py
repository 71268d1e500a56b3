"""Every wrong answer of a device is said as approved, by each adapter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.labs.bad_answers import APPROVED, say_all


@pytest.mark.slow  # seven programs are started
def test_every_wrong_answer_is_said_as_approved(tmp_path: Path) -> None:
    """After a change: python -m tests.labs.bad_answers, then read the file through."""
    assert say_all(tmp_path) == APPROVED.read_text(encoding="utf-8")
