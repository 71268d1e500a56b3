"""The campaign's forecasts beside their results: how they held, and what that changes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from planner.campaign import CampaignSpec
from planner.campaign.words.phrases import count
from planner.ledger.entries import CoverageAlarm, IntervalsCorrected, Record
from planner.ledger.replay import CampaignState
from planner.models import Corrected, Evidence, Surrogate, evidence_of
from planner.models.coverage.alarm import FALSE_ALARMS, find_alarm
from planner.models.coverage.correction import Correction, describe_scale
from planner.models.coverage.distribution import Distribution
from planner.models.coverage.measuring import Chooser, Coverage, Judged, measure
from planner.models.coverage.widening import TOLD_LEVELS, widening
from planner.trials import Spread, Trial

_OF_WHOSE: Mapping[Chooser | None, str] = MappingProxyType(
    {None: "", "chosen": " that the planner chose", "own": " of people's own settings"}
)
# A correction is written down anew when the width of an interval has changed by more than a tenth:
# that is two to three points of coverage at 90 %.
_WORTH_SAYING = math.log(1.1)


def known_forecasts(state: CampaignState) -> list[tuple[Trial, Spread, float]]:
    """Returns the trials with a forecast and a result, in the order of the results.

    Those that people left out are left out here too.
    """
    name = state.spec.objective.outcome
    found = []
    for trial in state.measured:
        prediction = trial.proposal.predictions.get(name)
        value = _value(trial, state.spec)
        if prediction is None or prediction.spread is None or value is None or trial.excluded:
            continue
        found.append((trial, prediction.spread, value))
    return sorted(found, key=lambda each: _order(each[0], state))


def _order(trial: Trial, state: CampaignState) -> tuple[datetime, int]:
    """Returns what trials with results are sorted by: when they came, then the number."""
    return trial.ended_at or state.opened_at, trial.number


def _value(trial: Trial, spec: CampaignSpec) -> float | None:
    return None if trial.observation is None else spec.goal_value(trial.observation.outcomes)


def judge_forecasts(state: CampaignState) -> list[Judged]:
    """Returns each forecast with its result, in the order of the results."""
    bounds = state.spec.outcome.bounds
    return [
        Judged(
            trial=trial.number,
            stated=Distribution.of(spread, bounds),
            value=value,
            is_own=trial.proposal.origin == "person",
            stated_at=trial.proposed_at.timestamp(),
            known_at=_order(trial, state)[0].timestamp(),
        )
        for trial, spread, value in known_forecasts(state)
    ]


def measure_coverage(state: CampaignState) -> Coverage | None:
    """Returns how well the campaign's forecasts held; None while none can be judged."""
    return measure(judge_forecasts(state))


def past_forecasts(state: CampaignState) -> Evidence:
    """Returns what the next correction is learned from."""
    pairs = [(spread, value) for _, spread, value in known_forecasts(state)]
    return evidence_of(pairs, bounds=state.spec.outcome.bounds)


def coverage_records(state: CampaignState, surrogate: Surrogate | None) -> list[Record]:
    """Returns what is to be written down with the next choice: another correction, an alarm."""
    records: list[Record] = []
    if isinstance(surrogate, Corrected):
        records += _correction_record(state, surrogate)
    return records + _alarm_record(state)


def _correction_record(state: CampaignState, surrogate: Corrected) -> list[Record]:
    correction = surrogate.correction
    known, unknown = (_widths(correction, unknown=share) for share in (0.0, 1.0))
    last = state.corrections[-1] if state.corrections else None
    before = (last.widths_known, last.widths_unknown) if last is not None else ({}, {})
    changes = [
        abs(math.log(width / then.get(level, 1.0)))
        for now, then in zip((known, unknown), before, strict=True)
        for level, width in now.items()
    ]
    if max(changes) <= _WORTH_SAYING:
        return []
    return [
        IntervalsCorrected(
            known=math.exp(correction.known),
            unknown=math.exp(correction.unknown),
            tail=correction.tail,
            widths_known=known,
            widths_unknown=unknown,
            n_forecasts=correction.n_forecasts,
            reason=_describe(known, unknown, n=correction.n_forecasts),
        )
    ]


def _widths(correction: Correction, *, unknown: float) -> dict[str, float]:
    return {
        f"{level:g}": widening(correction, level=level, unknown=unknown) for level in TOLD_LEVELS
    }


def _describe(known: Mapping[str, float], unknown: Mapping[str, float], *, n: int) -> str:
    narrow, wide = (f"{level:g}" for level in TOLD_LEVELS)
    learned = f"{count(n, 'forecast')} with a result and from " if n else ""
    return (
        f"Intervals of {100 * float(narrow):g} % are made {describe_scale(known[narrow])} where "
        f"much is known and {describe_scale(unknown[narrow])} where little is, those of "
        f"{100 * float(wide):g} % {describe_scale(known[wide])} and "
        f"{describe_scale(unknown[wide])}, as learned from {learned}the observations, each "
        f"predicted without itself."
    )


def _alarm_record(state: CampaignState) -> list[Record]:
    alarm = find_alarm(_since_last_alarm(state), waiting=_waiting(state))
    if alarm is None:
        return []
    word, remedy = "wider than need be", "The results are better known than is said."
    if alarm.held < alarm.level * alarm.n:
        word = "too narrow"
        remedy = "Look for results that were entered wrongly, or a process that has changed."
    return [
        CoverageAlarm(
            trial=alarm.trial,
            level=alarm.level,
            held=alarm.held,
            n=alarm.n,
            chooser=alarm.chooser,
            reason=f"Coverage alarm: of {alarm.n} intervals of {100 * alarm.level:g} % that were "
            f"stated before a trial{_OF_WHOSE[alarm.chooser]} {alarm.held} held, so they were "
            f"{word}. Chance alone "
            f"does this in fewer than {100 * FALSE_ALARMS:g} % of campaigns. {remedy}",
        )
    ]


def _waiting(state: CampaignState) -> list[float]:
    """Returns when forecasts were stated whose trials have not ended."""
    name = state.spec.objective.outcome
    return [
        trial.proposed_at.timestamp()
        for trial in state.open_trials
        if name in trial.proposal.predictions
    ]


def _since_last_alarm(state: CampaignState) -> list[Judged]:
    """Returns the forecasts that no alarm was about yet."""
    return later_forecasts(state, state.alarms[-1]) if state.alarms else judge_forecasts(state)


def later_forecasts(state: CampaignState, alarm: CoverageAlarm) -> list[Judged]:
    """Returns the forecasts whose results came after the one that set off an alarm."""
    last = _order(state.trials[alarm.trial], state)
    return [
        each for each in judge_forecasts(state) if _order(state.trials[each.trial], state) > last
    ]


def describe_correction(state: CampaignState) -> str:
    """Returns how intervals are corrected, and since when; empty where they are not.

    No model is fitted for it: the ledger has another correction once it has changed by much.
    """
    if not state.corrections:
        return ""
    said = f"{state.corrections[-1].reason} Last changed before trial {state.corrected_before}"
    last = _last_fitted(state)
    if last is None or last.number <= state.corrected_before:
        return f"{said}."
    n = sum(_order(trial, state)[0] < last.proposed_at for trial, *_ in known_forecasts(state))
    within = 100 * (math.exp(_WORTH_SAYING) - 1)
    return (
        f"{said}; when trial {last.number} was chosen, with {n} forecasts, each of these widths "
        f"was the same within {within:.0f} %."
    )


def _last_fitted(state: CampaignState) -> Trial | None:
    """Returns the first trial of the last choice for which a model was fitted."""
    proposals = ((each, each.proposal) for each in state.trials.values())
    fitted = [each for each, why in proposals if why.model_version and why.origin != "person"]
    return next((e for e in fitted if e.proposal.seen == fitted[-1].proposal.seen), None)
