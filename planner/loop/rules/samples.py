"""Samples that wait for an analysis, and how many more may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from planner.campaign import Analysis, NumberOutcome
from planner.ledger.replay import CampaignState
from planner.trials import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingSamples:
    """Samples that wait for one source.

    Args:
        source: of kind analysis.
        trials: whose samples they are, by number.
        since: when the first of these trials ended.
        queue: how many may wait.
    """

    source: str
    trials: tuple[int, ...]
    since: datetime
    queue: int

    def in_words(self) -> str:
        """Says which samples wait for whom, and since when."""
        numbers = ", ".join(map(str, self.trials))
        one = len(self.trials) == 1
        whose = (
            f"the sample of trial {numbers} waits" if one else f"samples of trials {numbers} wait"
        )
        return f"{whose} for {self.source!r} since {self.since:%Y-%m-%d %H:%M} UTC (planner tell)"


def samples_waiting(state: CampaignState) -> list[WaitingSamples]:
    """Returns the samples that wait, by source; sources for which none waits are left out."""
    found = []
    for name, source in _analyses(state).items():
        trials = [each for each in state.with_awaited if _waits_for(state, each, source)]
        if trials:
            found.append(
                WaitingSamples(
                    source=name,
                    trials=tuple(each.number for each in trials),
                    since=min(each.ended_at or each.proposed_at for each in trials),
                    queue=source.queue,
                )
            )
    return found


def room_for_samples(state: CampaignState) -> int | None:
    """Returns how many more trials may be proposed before a queue is full; None where any may."""
    n_open = len(state.open_trials)
    rooms = [
        source.queue - n_open - sum(_waits_for(state, each, source) for each in state.with_awaited)
        for source in _analyses(state).values()
    ]
    return max(0, min(rooms)) if rooms else None


def _analyses(state: CampaignState) -> dict[str, Analysis]:
    sources = state.spec.sources.items()
    return {name: source for name, source in sources if isinstance(source, Analysis)}


def _waits_for(state: CampaignState, trial: Trial, source: Analysis) -> bool:
    outcomes = state.spec.outcomes
    for name in state.awaited(trial):
        outcome = outcomes[name]
        measured = outcome.reduce if isinstance(outcome, NumberOutcome) else None
        if (measured or name) in source.measures:
            return True
    return False
