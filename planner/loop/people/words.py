"""Values in words, and what to type where something is refused."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping

from planner.campaign import CampaignSpec, NumberOutcome
from planner.campaign.words.phrases import after
from planner.labs import Reported
from planner.space import Configuration, Value
from planner.trials import Artifact, Curve, Measured, StoredCurve, Trial, TrialState

_NOTHING: Mapping[str, Reported] = {}


def values_in_words(
    outcomes: Mapping[str, Measured],
    spec: CampaignSpec,
    *,
    told: Mapping[str, Reported] = _NOTHING,
    with_sd: bool = False,
) -> str:
    """Returns outcomes with their values, such as ``yield=83 percent, phase=cubic``.

    Args:
        outcomes: in the campaign's units.
        spec: their units.
        told: as a person gave them; one that was given in another unit is shown so too.
        with_sd: whether deviations are shown: ``yield=83+-0.5 percent``.
    """
    return ", ".join(
        f"{name}={value_in_words(each)}{_deviation(each) if with_sd else ''}"
        f"{_unit(name, spec)}{_as_told(told.get(name), each.value)}"
        for name, each in outcomes.items()
    )


def settings_in_words(
    settings: Configuration,
    spec: CampaignSpec,
    *,
    told: Mapping[str, Reported] = _NOTHING,
    what: str = "",
) -> str:
    """Returns settings with their values, such as ``temperature=120 degC, catalyst=Fe``.

    Args:
        settings: in the campaign's units.
        spec: their units.
        told: as a person gave them; one that was given in another unit is shown so too.
        what: a word behind each name, such as ``achieved``.
    """
    return ", ".join(
        f"{name}{what and f' {what}'}={value if isinstance(value, str) else f'{value:g}'}"
        f"{after(spec.units[name])}{_as_told(told.get(name), value)}"
        for name, value in settings.items()
    )


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


def _unit(name: str, spec: CampaignSpec) -> str:
    outcome = spec.outcomes[name]
    return after(outcome.unit) if isinstance(outcome, NumberOutcome) else ""


def _as_told(reported: Reported | None, value: object) -> str:
    """Says what was told, where a unit was converted."""
    if reported is None or not reported.unit or not isinstance(reported.value, int | float):
        return ""
    if reported.value == value:
        return ""
    sd = "" if reported.sd is None else f"+-{reported.sd:g}"
    return f" (told as {reported.value:g}{sd} {reported.unit})"


def no_overwriting(
    trial: Trial,
    others: Mapping[str, Measured],
    achieved: Configuration,
    *,
    spec: CampaignSpec,
    computed: Collection[str],
) -> str:
    """Says that a result is not overwritten, and how it is corrected.

    Args:
        trial: that was told already.
        others: outcomes of which another value is known.
        achieved: settings of which another value was told.
        spec: of the campaign.
        computed: outcomes that nobody tells: they follow from their curves.
    """
    assert trial.observation is not None  # it was told
    known, settings = trial.observation.outcomes, trial.observation.configuration
    before = {name: known[name] for name in others}
    parts = [values_in_words(before, spec, with_sd=True)] if others else []
    if achieved:
        was = settings_in_words({name: settings[name] for name in achieved}, spec)
        parts.append(f"other settings ({was}, not {settings_in_words(achieved, spec)})")
    now = f"is completed with {' and '.join(parts)}"
    told = {name: each for name, each in others.items() if name not in computed}
    typed = " ".join(
        [
            *(_typed_outcome(name, each) for name, each in told.items()),
            *(f"--achieved {name}={_typed(value)}" for name, value in achieved.items()),
        ]
    )
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


def _typed_outcome(name: str, measured: Measured) -> str:
    """Returns what to type for an outcome; a curve or file is given by its path."""
    match measured.value:
        case Curve() | StoredCurve() | Artifact():
            return f"{name}=PATH"
        case value:
            return f"{name}={_typed(value)}{_deviation(measured)}"


def _deviation(measured: Measured) -> str:
    return "" if measured.sd is None else f"+-{measured.sd:.12g}"


def _typed(value: Value) -> str:
    return shlex.quote(value) if isinstance(value, str) else f"{value:.12g}"
