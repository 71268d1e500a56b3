"""Local control: while a file lies beside the journal, the device takes no orders and begins none.

A file, so that whoever stands at the device locks it while its program runs and while it does not,
and so that a lock outlasts a restart.
"""

from __future__ import annotations

from pathlib import Path


class LocalControl:
    """Locks a device, and says why it is locked.

    Args:
        journal: the device's memory, beside which the file lies.
    """

    def __init__(self, journal: Path) -> None:
        self._file = journal.with_name(f"{journal.name}.locked")

    @property
    def reason(self) -> str:
        """Why the device is locked; empty where it is not."""
        try:
            return self._file.read_text(encoding="utf-8").strip() or "local control"
        except FileNotFoundError:
            return ""

    def lock(self, reason: str) -> None:
        """Locks it, over restarts too; again changes the reason."""
        draft = self._file.with_suffix(".new")
        draft.write_text(reason, encoding="utf-8")
        draft.replace(self._file)

    def unlock(self) -> bool:
        """Unlocks it, and tells whether it was locked."""
        was_locked = self._file.exists()
        self._file.unlink(missing_ok=True)
        return was_locked
