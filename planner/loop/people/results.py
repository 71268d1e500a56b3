"""The parts of a trial's result: whose they are, whether they are known, what is still to come."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from planner.campaign import Person
from planner.errors import Refused
from planner.ledger.entries import OutcomesObserved
from planner.ledger.replay import CampaignState, is_open
from planner.loop.people.told import Told
from planner.loop.results.check import Checked
from planner.loop.sessions.session import Session
from planner.space import Configuration, Value
from planner.trials import Measured, Run, Trial, TrialState


def observed_parts(
    session: Session,
    state: CampaignState,
    trial: Trial,
    outcomes: Mapping[str, Measured],
    *,
    achieved: Mapping[str, Value] | None = None,
    key: str | None = None,
    reason: str = "",
) -> tuple[OutcomesObserved, ...]:
    """Returns one record a source: what is measured elsewhere is that source's.

    Args:
        session: whose author is the source of what no analysis measures.
        state: that the trial belongs to.
        trial: whose result it is.
        outcomes: new or corrected ones.
        achieved: the whole configuration, where it is not as known.
        key: of the run that measured.
        reason: of a correction.
    """
    by_source: dict[str, dict[str, Measured]] = {}
    for name, measured in outcomes.items():
        outcome = state.spec.outcomes[name]
        basis = getattr(outcome, "reduce", None) or name
        source = state.spec.measured_elsewhere.get(basis, session.author)
        by_source.setdefault(source, {})[name] = measured
    if not by_source and achieved is not None:
        by_source = {session.author: {}}
    first = trial.observation.version + 1 if trial.observation is not None else 1
    return tuple(
        OutcomesObserved(
            trial=trial.number,
            outcomes=part,
            source=source,
            achieved=dict(achieved) if achieved is not None else None,
            key=key,
            version=version,
            reason=reason,
        )
        for version, (source, part) in enumerate(by_source.items(), start=first)
    )


def known_outcomes(trial: Trial) -> Mapping[str, Measured]:
    """Returns what was told of a trial so far."""
    return trial.observation.outcomes if trial.observation is not None else {}


def settings_of(trial: Trial) -> Configuration:
    """Returns what a trial was really run at, as far as it is known."""
    return trial.observation.configuration if trial.observation is not None else trial.configuration


def find_changed(trial: Trial, checked: Checked, told: Told) -> dict[str, Measured]:
    """Returns the outcomes that were told otherwise before, or not at all."""
    known = known_outcomes(trial)
    changed = {}
    for name, measured in checked.outcomes.items():
        reported = told.outcomes.get(name)
        has_sd = reported is not None and reported.sd is not None
        if name not in known or not _is_same(measured, known[name], has_sd=has_sd):
            changed[name] = measured
    return changed


def _is_same(told: Measured, known: Measured, *, has_sd: bool) -> bool:
    """Tells whether a value says what is known; a deviation that is not given is as known."""
    if isinstance(told.value, float) and isinstance(known.value, float):
        is_equal = is_same_value(told.value, known.value)
    else:
        is_equal = told.value == known.value
    if not has_sd or told.sd is None or known.sd is None:
        return is_equal and not (has_sd and told.sd != known.sd)
    return is_equal and is_same_value(told.sd, known.sd)


def achieved_otherwise(trial: Trial, checked: Checked) -> dict[str, Value]:
    """Returns what was achieved otherwise than is known of the trial."""
    settings = settings_of(trial)
    achieved = checked.achieved or {}
    return {
        name: value for name, value in achieved.items() if not is_same_value(settings[name], value)
    }


def is_overwriting(trial: Trial, name: str, measured: Measured) -> bool:
    """Tells whether another value is known; a deviation that nobody knew is only added to it."""
    known = known_outcomes(trial).get(name)
    if known is None:
        return False
    return known.sd is not None or not _is_same(measured, known, has_sd=False)


def is_same_value(one: Value, other: Value) -> bool:
    """Tells whether two values are the same, but for the rounding of a unit's conversion."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


def still_missing(state: CampaignState, trial: Trial, known: set[str]) -> str:
    """Says what is still to come once these outcomes are known or given up."""
    done = replace(trial, state=TrialState.COMPLETED)
    missing = [
        name
        for name in state.awaited(done)
        if name not in known and getattr(state.spec.outcomes[name], "reduce", None) not in known
    ]
    return f" Still to come: {', '.join(missing)}." if missing else ""


def run_of_person(state: CampaignState, trial: Trial) -> Run:
    """Returns the open run of a trial that a person or script has.

    Raises:
        Refused: a machine has it, or nobody does.
    """
    run = trial.run
    if trial.state is TrialState.IN_DOUBT and (run is None or not is_open(run)):
        raise Refused(
            f"Trial {trial.number} is in doubt ({trial.reason}). Give your verdict: planner "
            f"resolve FILE {trial.number} performed NAME=VALUE --reason WHY."
        )
    if run is None or not is_open(run):
        raise Refused(
            f"Trial {trial.number} is {trial.state} and nobody has it; it takes no result yet."
        )
    is_persons = trial.handed or isinstance(state.spec.source, Person)
    if not is_persons:
        raise Refused(
            f"Trial {trial.number} runs at source {run.source!r}, which reports its own results. "
            f"If it is in doubt, use planner resolve."
        )
    return run
