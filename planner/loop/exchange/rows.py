"""A row of measurements: as it stands in a file, and as the ledger knows it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from planner.campaign import CampaignSpec
from planner.labs import Reported
from planner.ledger.replay import CampaignState
from planner.space import Configuration
from planner.trials import Measured, Observation, Prediction, Trial, TrialState

# Columns that are neither parameters nor outcomes; a name of the campaign's goes before.
PLAIN = (
    "trial",
    "state",
    "origin",
    "source",
    "excluded",
    "probability",
    "why",
    "remark",
    "notes",
    "version",
)
MEASURED_AT = "measured at"
PREDICTED = ("mean", "sd", "sd_run", "low", "high", "level")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRow:
    """A row of measurements as it stands in a file, before any check.

    Args:
        place: how messages name it, such as ``line 3``.
        settings: by parameter; achieved where that is said.
        outcomes: by name.
        source: who measured; None where the row does not say.
        at: when; None where the row does not say.
        excluded: why it is to be left out of what models learn from.
        state: of the trial that it was; empty where it says none.
        remark: why it ended so.
        problems: cells that cannot be read, in words.
    """

    place: str
    settings: Mapping[str, Reported] = field(default_factory=dict)
    outcomes: Mapping[str, Reported] = field(default_factory=dict)
    source: str | None = None
    at: datetime | None = None
    excluded: str = ""
    state: str = ""
    remark: str = ""
    problems: tuple[str, ...] = ()

    @property
    def failed(self) -> str:
        """Why the process failed there; empty where it did not, or brought an outcome."""
        is_failure = self.state == TrialState.FAILED_BY_PROCESS and not self.outcomes
        return (self.remark or "no reason given") if is_failure else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRow:
    """A trial or an imported measurement, as the ledger knows it.

    Args:
        name: of its files, such as ``trial-3``.
        asked: what it was meant to be; None of what was imported.
        achieved: the whole configuration as it was, where it was measured.
        outcomes: as measured.
        facts: further columns.
    """

    name: str
    asked: Configuration | None
    achieved: Configuration | None
    outcomes: Mapping[str, Measured]
    facts: Mapping[str, str | float | int | None]


def header_of(fact: str, names: Collection[str]) -> str:
    """Returns the head of a further column; one that a parameter is called like gets another."""
    return f"{fact} of the record" if fact in names else fact


def names_of(spec: CampaignSpec) -> frozenset[str]:
    """Returns the names of parameters and outcomes."""
    return frozenset([*spec.scalars, *spec.outcomes])


def known_rows(state: CampaignState) -> Iterator[KnownRow]:
    """Yields imported measurements, then trials by number."""
    for number, observation in enumerate(state.imported, start=1):
        excluded = state.excluded_imports.get(number)
        yield _of_import(number, observation, excluded)
    for trial in state.trials.values():
        yield _of_trial(trial, state)


def _of_import(number: int, observation: Observation, excluded: str | None) -> KnownRow:
    return KnownRow(
        name=f"import-{number}",
        asked=None,
        achieved=observation.configuration,
        outcomes=observation.outcomes,
        facts={
            "trial": None,
            "state": str(TrialState.FAILED_BY_PROCESS) if observation.failed else "imported",
            "origin": "imported",
            "source": observation.source,
            MEASURED_AT: _when(observation.at),
            "excluded": None if excluded is None else excluded or "no reason given",
            "remark": observation.failed or None,
        },
    )


def _of_trial(trial: Trial, state: CampaignState) -> KnownRow:
    seen = trial.observation
    proposal = trial.proposal
    at = seen.at if seen is not None else _failed_at(trial)
    notes = [note.text for note in state.notes if note.trial == trial.number]
    predicted = proposal.predictions.get(state.spec.objective.outcome)
    return KnownRow(
        name=f"trial-{trial.number}",
        asked=trial.configuration,
        achieved=seen.configuration if seen is not None else None,
        outcomes=seen.outcomes if seen is not None else {},
        facts={
            "trial": trial.number,
            "state": str(trial.state),
            "origin": proposal.origin,
            "source": seen.source if seen is not None else trial.source,
            MEASURED_AT: _when(at) if at is not None else None,
            "excluded": trial.excluded or None,
            **_predicted(predicted),
            "probability": proposal.probability,
            "why": proposal.reason,
            "remark": trial.reason,
            "notes": "; ".join(notes) or None,
            "version": seen.version if seen is not None else None,
        },
    )


def _failed_at(trial: Trial) -> datetime | None:
    """Returns when the process failed, which tells as much as a measurement; else None."""
    return trial.ended_at if trial.state is TrialState.FAILED_BY_PROCESS else None


def _predicted(predicted: Prediction | None) -> dict[str, float | None]:
    return {
        f"predicted {key}": getattr(predicted, key) if predicted is not None else None
        for key in PREDICTED
    }


def _when(time: datetime) -> str:
    return time.isoformat()


def brings_nothing(state: str) -> bool:
    """Tells whether a row of this state tells nothing, and is no mistake for that."""
    telling = {str(TrialState.COMPLETED), str(TrialState.FAILED_BY_PROCESS)}
    return state in {str(each) for each in TrialState} - telling
