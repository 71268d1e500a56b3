"""The errors that the planner raises, grouped by what the reader can do.

PlannerError
├── InputError               exit 2: mend what you wrote
│   ├── CampaignFileError        the campaign file; lists every mistake with its line
│   ├── UnitError                a unit that is unknown or of the wrong dimension
│   ├── ValueOutOfRange          a value outside its parameter's or outcome's bounds
│   ├── UnknownName              no such campaign, trial, parameter, outcome, source or command
│   ├── MissingPackage           a package that the campaign needs is not installed
│   └── TableError               a table that cannot be read as the campaign file describes it
├── Refused                  exit 4: the ledger, a device or another holder says no
│   ├── NotAllowed               your role does not include this
│   ├── NotSent                  an alert was not taken; it is kept
│   ├── HeldByAnother            somebody else holds the lease
│   ├── StaleWrite               the campaign moved on since this write was decided
│   ├── LedgerTooNew             written by newer software
│   ├── LedgerUnavailable        the database does not answer, or the disk is full
│   │   └── LedgerOutOfReach         its server is down or being started, which may pass
│   ├── Conflict                 same key, other contents
│   └── StaleToken               a device has heard a later driver; this one must stop acting
└── Stopped                  exit 5: no lab, or failures beyond the limit
    ├── LabUnavailable           a source cannot be reached; nothing was sent
    │   └── Locked                   a device takes no order now; it took nothing
    └── Unanswered               something was sent, and nobody knows what became of it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class PlannerError(Exception):
    """What the planner raises on purpose; its text is written for the person who reads it."""

    exit_code = 70


class PlannerWarning(UserWarning):
    """Something the reader should know and that stops nothing."""


class InputError(PlannerError, ValueError):
    """What was written or typed cannot be used; the message says what to change."""

    exit_code = 2


class UnitError(InputError):
    """A unit is unknown, or of a dimension that does not fit."""


class ValueOutOfRange(InputError):
    """A value lies outside the bounds of its parameter or outcome."""


class UnknownName(InputError):
    """Nothing has this name."""


class MissingPackage(InputError):
    """A package that is asked for is not installed; the message says how to install it."""


class TableError(InputError):
    """A table cannot be read as described."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a campaign file.

    Args:
        line: line in the file, counted from 1; 0 where the file as a whole is meant.
        where: path of the entry, such as ``parameters.temperature.unit``.
        text: what is wrong, the value, the rule and the remedy.
    """

    line: int
    where: str
    text: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "the file"
        return f"{place}, {self.where}: {self.text}" if self.where else f"{place}: {self.text}"


class CampaignFileError(InputError):
    """A campaign file has mistakes; all of them are listed."""

    def __init__(self, path: str, mistakes: Sequence[Mistake]) -> None:
        self.path = path
        self.mistakes = tuple(mistakes)
        count = "1 mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes)} mistakes"
        lines = "\n".join(f"  {mistake}" for mistake in self.mistakes)
        super().__init__(f"{path} has {count}:\n{lines}")


class Refused(PlannerError):
    """The ledger, a device or another holder refused; nothing was changed."""

    exit_code = 4


class NotAllowed(Refused):
    """Whoever asks has no role that may do this; nothing was changed."""


class NotSent(Refused):
    """A way did not take a message; it is kept and tried again."""


class HeldByAnother(Refused):
    """A live process holds the lease that is asked for."""


class StaleWrite(Refused):
    """The campaign has moved on since this write was decided; decide again from the ledger."""


class LedgerTooNew(Refused):
    """The ledger was written by newer software."""


class LedgerUnavailable(Refused):
    """The ledger's database cannot be reached or written."""


class LedgerOutOfReach(LedgerUnavailable):
    """The database's server does not answer, as while it is started again; it may pass."""


class Conflict(Refused):
    """The same key or id was used for something else."""


class UnknownKey(Refused):
    """A device was asked about a run that it does not know."""


class StaleToken(Refused):
    """A device has heard a driver with a higher token; whoever holds this one must stop acting."""


class Stopped(PlannerError):
    """The campaign cannot go on without a change: repeated failures, or no lab."""

    exit_code = 5


class LabUnavailable(Stopped):
    """A source cannot be reached or started; nothing was sent."""


class Locked(LabUnavailable):
    """A device answers and takes no order now, and says why; the same may be sent again later."""


class Unanswered(Stopped):
    """A message may have arrived or not; only evidence can tell."""
