"""The family that learns where one was named: another, where the results are too many for it."""

from __future__ import annotations

from dataclasses import dataclass

from planner.models.families import Family, family


@dataclass(frozen=True, slots=True)
class Serving:
    """The family that is fitted.

    Args:
        family: that learns from so many results.
        passed: those that do not, from the one that was named to the last that gave way; empty
            where the named one is fitted.
    """

    family: Family
    passed: tuple[Family, ...] = ()

    def in_words(self) -> str:
        """Returns one sentence that says who decides and why; empty where the named one does."""
        if not self.passed:
            return ""
        most = [f"{each.name} learns from at most {each.most:,} results" for each in self.passed]
        return f"{self.family.name} decides: {' and '.join(most)}."


def serving(name: str, n: int) -> Serving:
    """Returns the family that learns from ``n`` results where one was named.

    Raises:
        InputError: there is no family of this name.
    """
    found, passed = family(name), []
    while found.heir is not None and found.most is not None and n > found.most:
        passed.append(found)
        found = family(found.heir)
    return Serving(family=found, passed=tuple(passed))
