"""What a check has found: of each promise whether it is kept, broken or could not be tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from planner.labs.checking.promises import Promise


class Finding(StrEnum):
    """What is known of a promise."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is known of one promise, and from what.

    Args:
        promise: which.
        finding: whether it is kept.
        words: what was seen, or why it could not be tried.
        evidence: what was sent and what came back, in order.
    """

    promise: Promise
    finding: Finding
    words: str
    evidence: tuple[str, ...] = ()


class Findings:
    """Collects what is found; the first that is found broken of a promise stands.

    Args:
        promises: those that the source makes.
    """

    def __init__(self, promises: Sequence[Promise]) -> None:
        self._promises = {each.name: each for each in promises}
        self._found: dict[str, Verdict] = {}

    def keep(self, name: str, words: str, *evidence: str) -> None:
        """Notes that a promise was kept, unless it was broken before."""
        self._note(name, Finding.KEPT, words, evidence)

    def break_(self, name: str, words: str, *evidence: str) -> None:
        """Notes that a promise was broken."""
        self._note(name, Finding.BROKEN, words, evidence)

    def skip(self, name: str, why: str) -> None:
        """Notes that a promise could not be tried, unless more is known."""
        if name not in self._found:
            self._note(name, Finding.NOT_TRIED, why, ())

    def skip_rest(self, why: str) -> None:
        """Notes of all of which nothing is known that they could not be tried."""
        for name in self._promises:
            self.skip(name, why)

    def is_broken(self, name: str) -> bool:
        """Tells whether a promise was found broken."""
        return name in self._found and self._found[name].finding is Finding.BROKEN

    def verdicts(self) -> tuple[Verdict, ...]:
        """Returns what was found, in the order of the promises."""
        return tuple(self._found[name] for name in self._promises if name in self._found)

    def _note(self, name: str, finding: Finding, words: str, evidence: tuple[str, ...]) -> None:
        if name in self._promises and not self.is_broken(name):
            self._found[name] = Verdict(
                promise=self._promises[name], finding=finding, words=words, evidence=evidence
            )
