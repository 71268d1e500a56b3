"""The runs that say how the devices stand now: what is open, and what they were set to last."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from planner.campaign.sources import Runner
from planner.ledger.replay import CampaignState, is_open
from planner.trials import Run, Trial, is_used

_Begun = tuple[datetime, int, str]  # opened at, trial, key: the order in which runs began


@dataclass(slots=True)
class _OnDevice:
    """The runs of one device, in the order in which they began.

    Args:
        source: whose device it is.
        device: its name; None where the source has no several.
        charged: what used something up, or may have, sorted.
        open: what has not ended.
    """

    source: Runner
    device: str | None
    charged: list[_Begun] = field(default_factory=list)
    open: set[_Begun] = field(default_factory=set)

    def change(self, before: Trial | None, after: Trial | None) -> None:
        """Takes in that a trial became another."""
        old, new = (self._begun(each, is_used) for each in (before, after))
        if self.source.set_up is not None:
            for each in old - new:
                del self.charged[bisect_left(self.charged, each)]
            for each in new - old:
                insort(self.charged, each)
        self.open -= self._begun(before, is_open)
        self.open |= self._begun(after, is_open)

    def that_matter(self, change: timedelta) -> list[_Begun]:
        """Returns the open runs, and those before them that say when they were set up.

        A run was ready at the latest one change of the set-up after it was opened. So what was
        opened so long before all that is open, or before the last run, is where to begin.
        """
        if self.source.set_up is None:
            return sorted(self.open)
        if not self.charged:
            return []
        first = min([*self.open, self.charged[-1]])
        index = bisect_left(self.charged, first)
        while index > 0 and self.charged[index][0] + change > first[0]:
            index -= 1
        return self.charged[index:]

    def _begun(self, trial: Trial | None, which: Callable[[Run], bool]) -> set[_Begun]:
        if trial is None or not is_at_the_source(trial, self.source):
            return set()
        return {
            (run.opened_at, trial.number, run.key)
            for run in trial.runs
            if which(run) and device_of(run, self.source) == self.device
        }


def runs_that_matter(state: CampaignState, device: str | None) -> list[tuple[Trial, Run]]:
    """Returns the runs from which follows what is on a device and what it is set to.

    Open ones; where changing the set-up takes time, also those before them as far back as it
    matters. In the order in which they began.
    """
    source = state.spec.source
    known = state.trials.view(("runs on", device), lambda: _OnDevice(source, device))
    change = timedelta(seconds=source.set_up.time if source.set_up is not None else 0.0)
    return [state.run_of(key) for _, _, key in known.that_matter(change)]


def is_at_the_source(trial: Trial, source: Runner) -> bool:
    """Tells whether a trial takes a place at the source while it runs."""
    return not trial.handed or source.kind == "person" or bool(source.shared)


def device_of(run: Run, source: Runner) -> str | None:
    """Returns where a run is; what names no device of the file is at the first."""
    if run.device in source.devices:
        return run.device
    return source.devices[0] if source.devices else None
