"""The table that a person takes to the bench: what its columns are called, what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.campaign import (
    AnyOutcome,
    CampaignSpec,
    ClassOutcome,
    CurveOutcome,
    DistributionOutcome,
    FileOutcome,
    ImageOutcome,
    NumberOutcome,
)
from planner.loop.exchange.reading import choices_of, is_named
from planner.space import AnyParameter, Contextual, Fixed
from planner.tables import Entry, SheetColumn, Written
from planner.trials import Artifact, Measured, Trial

DONE = "done"
BY_MACHINE = "failed by machine"
BY_PROCESS = "failed by process"
STATUSES = (DONE, BY_MACHINE, BY_PROCESS)
LOST = "lost"  # in the cell of an outcome that nobody will measure any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the columns are called that belong to no parameter and no outcome.

    A campaign may have an outcome called status; then the column is called ``status_``.
    """

    trial: str
    status: str
    deviation: str
    note: str

    @property
    def all(self) -> tuple[str, ...]:
        """All of them, in their order."""
        return (self.trial, self.status, self.deviation, self.note)


def names_of(spec: CampaignSpec) -> Names:
    """Returns the names, none of which is a parameter's or an outcome's."""
    taken = {*spec.scalars, *spec.outcomes}

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        return name

    return Names(
        trial=free("trial"),
        status=free("status"),
        deviation=free("deviation"),
        note=free("note"),
    )


def told_outcomes(spec: CampaignSpec) -> dict[str, AnyOutcome]:
    """Returns the outcomes that a person can tell: all that are not computed from others."""
    return {
        name: outcome
        for name, outcome in spec.outcomes.items()
        if getattr(outcome, "reduce", None) is None
    }


def set_parameters(spec: CampaignSpec) -> list[AnyParameter]:
    """Returns the parameters that are set; what is only measured is told as achieved."""
    return [each for each in spec.scalars.values() if not isinstance(each, Contextual)]


def make_columns(spec: CampaignSpec) -> list[SheetColumn]:
    """Returns the columns: what was asked, what was achieved, status, outcomes, remarks."""
    names = names_of(spec)
    return [
        SheetColumn(header=names.trial, about="number of the trial; empty for one of your own"),
        *(_set_column(each) for each in set_parameters(spec)),
        *(_achieved_column(each) for each in spec.scalars.values() if not isinstance(each, Fixed)),
        SheetColumn(
            header=names.status,
            about="what became of it; a trial that failed needs a note",
            entry=Entry.TEXT,
            choices=STATUSES,
        ),
        *(column for each in told_outcomes(spec).values() for column in _outcome_columns(each)),
        SheetColumn(
            header=names.deviation,
            about="what was done otherwise than planned, in words",
            entry=Entry.TEXT,
        ),
        SheetColumn(header=names.note, about="what else is to be remembered", entry=Entry.TEXT),
    ]


def make_rows(spec: CampaignSpec, trials: Sequence[Trial]) -> list[list[Written]]:
    """Returns a row a trial, empty where something is to be filled in and nothing is known."""
    return [_row(spec, trial) for trial in trials]


def _row(spec: CampaignSpec, trial: Trial) -> list[Written]:
    known = trial.observation.outcomes if trial.observation is not None else {}
    row: list[Written] = [trial.number]
    row += [trial.configuration[each.name] for each in set_parameters(spec)]
    row += [None for each in spec.scalars.values() if not isinstance(each, Fixed)]
    row.append(DONE if trial.observation is not None else None)
    for name, outcome in told_outcomes(spec).items():
        row += _known(outcome, known.get(name))
    return [*row, None, None]


def _known(outcome: AnyOutcome, measured: Measured | None) -> list[Written]:
    value = measured.value if measured is not None else None
    if isinstance(value, Artifact):
        shown: Written = value.name
    else:
        shown = value if isinstance(value, str | float) else None
    if isinstance(outcome, NumberOutcome):
        return [shown, measured.sd if measured is not None else None]
    return [shown]


def _set_column(parameter: AnyParameter) -> SheetColumn:
    about = f"what to set: {parameter.about}" if parameter.about else "what to set"
    return SheetColumn(header=parameter.label, about=about)


def _achieved_column(parameter: AnyParameter) -> SheetColumn:
    measured = isinstance(parameter, Contextual)
    return SheetColumn(
        header=with_role(parameter.name, "achieved", parameter.unit),
        about="what it was" if measured else "what it really was, where that differs",
        entry=Entry.TEXT if is_named(parameter) else Entry.NUMBER,
        choices=tuple(choices_of(parameter)),
    )


def _outcome_columns(outcome: AnyOutcome) -> list[SheetColumn]:
    about = outcome.about
    match outcome:
        case NumberOutcome():
            return [
                SheetColumn(header=outcome.label, about=about, entry=Entry.NUMBER),
                SheetColumn(
                    header=with_role(outcome.name, "sd", outcome.unit),
                    about=f"standard deviation of {outcome.name}, where it is known",
                    entry=Entry.NUMBER,
                ),
            ]
        case ClassOutcome():
            return [
                SheetColumn(
                    header=outcome.name, about=about, entry=Entry.TEXT, choices=outcome.classes
                )
            ]
        case CurveOutcome() | DistributionOutcome():
            what = outcome.x_name if isinstance(outcome, CurveOutcome) else outcome.name
            where = f"name of a table with two columns, {what} and what was measured there"
        case FileOutcome() | ImageOutcome():
            where = f"name of the {outcome.kind}"
    about = f"{about}: {where}, beside this table" if about else f"{where}, beside this table"
    return [SheetColumn(header=outcome.name, about=about, entry=Entry.TEXT)]


def with_role(name: str, role: str, unit: str) -> str:
    """Returns the head of a column of what was achieved, or of deviations."""
    return f"{name} {role}" if unit in ("", "1") else f"{name} {role} ({unit})"
