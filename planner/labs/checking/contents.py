"""What a result holds: the campaign's outcomes, and settings in their units."""

from __future__ import annotations

import math
from collections.abc import Iterator

from planner import units
from planner.campaign import CampaignSpec, NumberOutcome
from planner.errors import PlannerError
from planner.labs.checking.first_run import FirstRun
from planner.labs.checking.subject import Subject
from planner.labs.checking.verdicts import Findings
from planner.trials import Reported, Setting

# Of a parameter's range: who misses by as much has not set what was asked. Kelvin for degrees
# Celsius miss by 273, other units by a factor.
_MOST_MISSED = 0.2


def judge_contents(subject: Subject, findings: Findings, first: FirstRun) -> None:
    """Looks at the outcomes and the achieved settings of a result."""
    result = first.end.result
    if not first.is_done:
        return  # noted before
    outcomes = {} if result is None else result.outcomes
    achieved = {} if result is None else result.achieved
    _judge_outcomes(subject.terms.spec, findings, outcomes)
    _judge_units(subject.terms.spec, findings, first.order.parameters, achieved)


def _judge_outcomes(spec: CampaignSpec, findings: Findings, outcomes: dict[str, Reported]) -> None:
    names = spec.measured_at_once
    faults = [f"{name} was not reported" for name in names if name not in outcomes]
    faults += [
        f"{name}: {fault}"
        for name in names
        if name in outcomes and (fault := _find_fault(spec, name, outcomes[name]))
    ]
    shown = [f"{name} = {each.value!r:.40} {each.unit or ''}" for name, each in outcomes.items()]
    if faults:
        findings.break_("measures", "; ".join(faults), *shown)
    else:
        findings.keep("measures", f"it reported {', '.join(names)}")


def _find_fault(spec: CampaignSpec, name: str, reported: Reported) -> str:
    outcome = spec.outcomes[name]
    if not isinstance(outcome, NumberOutcome):
        return "" if reported.value is not None else "it has no value"
    if not isinstance(reported.value, int | float) or not math.isfinite(reported.value):
        return f"{reported.value!r} is no number"
    try:
        value = _convert(reported, outcome.unit)
    except PlannerError as error:
        return str(error)
    low, high = outcome.bounds
    if (low is not None and value < low) or (high is not None and value > high):
        return f"{value:g} {outcome.unit} is impossible by the campaign file: is its unit right?"
    return ""


def _judge_units(
    spec: CampaignSpec,
    findings: Findings,
    asked: dict[str, Setting],
    achieved: dict[str, Reported],
) -> None:
    ranges = {name: _range(each) for name, each in spec.scalars.items()}
    seen = [name for name in asked if name in achieved and ranges.get(name)]
    if not seen:
        findings.skip(
            "keeps units",
            "the result says of no number what was achieved: have the device report it",
        )
        return
    for name in seen:
        fault = _find_miss(asked[name], achieved[name], width=ranges[name] or 0.0)
        if fault:
            was, came = asked[name], achieved[name]
            findings.break_(
                "keeps units",
                f"{name}: {fault}",
                f"asked for {name} = {was.value} {was.unit}",
                f"achieved {name} = {came.value!r:.40} {came.unit or '(no unit)'}",
            )
    findings.keep("keeps units", f"{', '.join(seen)} came back as asked, in the campaign's units")


def _find_miss(asked: Setting, achieved: Reported, *, width: float) -> str:
    if not isinstance(achieved.value, int | float) or isinstance(asked.value, str):
        return "what was achieved is no number"
    try:
        value = _convert(achieved, asked.unit)
    except PlannerError as error:
        return str(error)
    if abs(value - asked.value) <= _MOST_MISSED * width:
        return ""
    return (
        f"{asked.value:g} {asked.unit} was asked for and {value:g} {asked.unit} achieved: units "
        f"are mistaken, or it misses by more than a fifth of the range"
    )


def _convert(reported: Reported, wanted: str) -> float:
    assert isinstance(reported.value, int | float)  # asked before
    given = wanted if reported.unit is None else reported.unit
    return units.convert(float(reported.value), given=given, wanted=wanted)


def _range(parameter: object) -> float | None:
    """Returns how wide a number's range is; None of what is set by name."""
    match getattr(parameter, "low", None), getattr(parameter, "high", None):
        case (float() | int() as low, float() | int() as high):
            return float(high - low)
    values: Iterator[float] | None = getattr(parameter, "values", None)
    listed = sorted(values) if values else []
    return listed[-1] - listed[0] if listed else None
