"""Values in words, and what to type where something is refused."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from planner.space import Value
from planner.trials import Artifact, Curve, Measured, StoredCurve, Trial, TrialState


def values_in_words(outcomes: Mapping[str, Measured]) -> str:
    """Returns outcomes with their values, such as ``yield=83, phase=cubic``."""
    return ", ".join(f"{name}={value_in_words(each)}" for name, each in outcomes.items())


def value_in_words(measured: Measured) -> str:
    """Returns a value; of a curve how long it is, of a file its name."""
    match measured.value:
        case Curve():
            return f"{len(measured.value.x)} points"
        case StoredCurve():
            return f"{measured.value.n_points} points"
        case Artifact():
            return measured.value.name
        case str():
            return measured.value
        case number:
            return f"{number:g}"


def no_overwriting(
    trial: Trial, known: Mapping[str, Measured], others: Mapping[str, Measured]
) -> str:
    """Says that a result is not overwritten, and how it is corrected."""
    what = values_in_words({name: known[name] for name in others})
    now = f"is completed with {what}" if what else "is completed with other settings"
    typed = values_in_words(others).replace(", ", " ") or "--achieved NAME=VALUE"
    return (
        f"Trial {trial.number} {now}. A result is not overwritten: a correction is a new version "
        f"of it, with a reason: planner tell FILE {trial.number} {typed} --correct --reason WHY."
    )


def no_other_end(trial: Trial) -> str:
    """Says that an end does not change, and what to do where it is wrong."""
    if trial.state is TrialState.COMPLETED:
        way = (
            f"If it failed all the same, leave its result out (planner exclude FILE "
            f"{trial.number} --reason WHY) and enter the failure as a trial of your own: a row of "
            f"a table without a trial number"
        )
    elif trial.state is TrialState.FAILED_BY_PROCESS:
        way = (
            f"If the process was not to blame, leave the failure out of what is learned from "
            f"(planner exclude FILE {trial.number} --reason WHY); a result is entered as a trial "
            f"of your own: {own_trial_hint(trial)}"
        )
    else:
        way = "If this is wrong, say so in a note (planner note FILE TEXT --trial N)"
    return f"Trial {trial.number} is {trial.state}; an end does not change. {way}."


def own_trial_hint(trial: Trial) -> str:
    """Returns what to type to enter a trial of one's own with the same settings."""
    settings = " ".join(f"{name}={_typed(value)}" for name, value in trial.configuration.items())
    return f"planner propose FILE {settings} --by-hand, then tell the new number"


def _typed(value: Value) -> str:
    return shlex.quote(value) if isinstance(value, str) else f"{value:.12g}"
