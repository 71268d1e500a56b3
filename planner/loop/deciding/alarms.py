"""Coverage alarms, and what the forecasts that came after each of them say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from planner.ledger.entries import CoverageAlarm
from planner.ledger.replay import CampaignState
from planner.loop.deciding.forecasting import later_forecasts
from planner.models.coverage.alarm import Alarm, is_outweighed
from planner.models.coverage.measuring import LevelHeld, count_held


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An alarm with what came after it.

    Args:
        alarm: as it stands in the ledger.
        n_later: forecasts whose results came after it, of whosever settings.
        later: how many of their intervals held, of its level and of its kind of settings.
    """

    alarm: CoverageAlarm
    n_later: int
    later: LevelHeld

    @property
    def stands(self) -> bool:
        """Whether later forecasts do not speak against it."""
        alarm = self.alarm
        raised = Alarm(trial=alarm.trial, level=alarm.level, held=alarm.held, n=alarm.n)
        return not is_outweighed(raised, self.later)

    def in_words(self) -> str:
        """Returns what the alarm says, which trial set it off, and what came after it."""
        return f"{self.alarm.said} {self._since()}"

    def in_short(self) -> str:
        """Returns the same on one line."""
        alarm = self.alarm
        return (
            f"Coverage alarm, set off by trial {alarm.trial}: {alarm.held} of {alarm.n} intervals "
            f"of {100 * alarm.level:g} % held. {self._since()}"
        )

    def facts(self) -> dict[str, Any]:
        """Returns the figures as plain JSON values."""
        alarm, later = self.alarm, self.later
        return {
            "trial": alarm.trial,
            "level": alarm.level,
            "held": alarm.held,
            "of": alarm.n,
            "chooser": alarm.chooser,
            "since": {"forecasts": self.n_later, "held": later.held, "of": later.n},
            "stands": self.stands,
        }

    def _since(self) -> str:
        if self.n_later == 0:
            return "No forecast has been judged since."
        if self.later.n == 0:
            return f"Of {self.n_later} forecasts since then none counts here."
        said = (
            f"Since then {self.later.held} of {self.later.n} held, where right ones would give "
            f"{self.later.low} to {self.later.high}"
        )
        return f"{said}." if self.stands else f"{said}: that speaks against the alarm."


def raised_alarms(state: CampaignState) -> tuple[Raised, ...]:
    """Returns the alarms of a campaign, in their order."""
    return tuple(_with_later(state, alarm) for alarm in state.alarms)


def _with_later(state: CampaignState, alarm: CoverageAlarm) -> Raised:
    later = later_forecasts(state, alarm)
    alike = [
        each for each in later if alarm.chooser is None or each.is_own == (alarm.chooser == "own")
    ]
    return Raised(alarm=alarm, n_later=len(later), later=count_held(alike, alarm.level))
