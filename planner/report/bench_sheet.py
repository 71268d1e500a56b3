"""The run sheet of trials that were asked: filled from what the ledger knows of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner.campaign import AnyOutcome, CampaignSpec, ClassOutcome
from planner.ledger.replay import CampaignState
from planner.loop.timetable.setup_order import SetUpOrder
from planner.report.run_sheet import RunColumn, RunCourse, RunRow, RunSheetHead, make_run_sheet
from planner.space import Configuration, Contextual, Value
from planner.tables import number_text
from planner.trials import Trial

_LONGEST_CLASSES = 40  # characters that fit below a box


def make_bench_sheet(
    state: CampaignState, trials: Sequence[Trial], *, order: SetUpOrder, who: str, date: str
) -> str:
    """Returns the run sheet as HTML.

    Args:
        state: of the campaign.
        trials: in the order to run them.
        order: that they are in, with the time that it takes.
        who: asked for them.
        date: of the sheet.
    """
    spec = state.spec
    columns = [RunColumn(name=each.name, unit=_unit(each.unit)) for each in spec.scalars.values()]
    outcomes = [_outcome(spec.outcomes[name]) for name in spec.measured_at_once]
    rows = [
        RunRow(
            trial=str(trial.number),
            settings=tuple(_setting(spec, name, trial.configuration) for name in spec.scalars),
            reason=trial.proposal.reason,
            set_up=_set_up(spec, before, trial),
            place=(trial.run.device or "") if trial.run is not None else "",
            courses=tuple(_courses(spec, trial.configuration)),
        )
        for before, trial in zip([None, *trials], trials, strict=False)
    ]
    head = RunSheetHead(
        campaign=state.campaign, who=who, date=date, note=spec.about, set_up_time=_times(order)
    )
    return make_run_sheet("Run sheet", columns, rows, outcomes=outcomes, head=head)


def _courses(spec: CampaignSpec, configuration: Configuration) -> Iterator[RunCourse]:
    for name, profile in spec.profiles.items():
        table = profile.table(configuration)
        yield RunCourse(
            name=name,
            unit=_unit(table.unit),
            time_unit=table.time_unit,
            points=tuple(
                (shown(time), shown(value))
                for time, value in zip(table.times, table.values, strict=True)
            ),
            course=table.course_in_words,
        )


def _outcome(outcome: AnyOutcome) -> RunColumn:
    if isinstance(outcome, ClassOutcome):
        classes = " / ".join(outcome.classes)
        return RunColumn(
            name=outcome.name, unit=classes if len(classes) <= _LONGEST_CLASSES else ""
        )
    return RunColumn(name=outcome.name, unit=_unit(outcome.unit))


def _setting(spec: CampaignSpec, name: str, configuration: Configuration) -> str:
    if isinstance(spec.scalars[name], Contextual):
        return "measure"
    return shown(configuration[name])


def shown(value: Value) -> str:
    """Returns a setting as it is to be set: all its digits."""
    return value if isinstance(value, str) else number_text(float(value))


def _set_up(spec: CampaignSpec, before: Trial | None, trial: Trial) -> str:
    set_up = spec.source.set_up
    if set_up is None or before is None:
        return ""
    changed = [
        f"{name} to {shown(trial.configuration[name])}{spec.scalars[name].unit_words}"
        for name in set_up.parameters
        if before.configuration[name] != trial.configuration[name]
    ]
    return f"{', '.join(changed)} ({duration(set_up.time)})" if changed else ""


def _times(order: SetUpOrder) -> str:
    if order.time_s == 0 and order.given_time_s == 0:
        return ""
    takes = f"Changing the set-up takes {duration(order.time_s)} in this order"
    saved = order.given_time_s - order.time_s
    return f"{takes}, {duration(saved)} less than as chosen." if saved > 0 else f"{takes}."


def duration(seconds: float) -> str:
    """Returns a time as a person would say it: 3 h 20 min."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    parts = [f"{hours} h"] if hours else []
    return " ".join([*parts, f"{minutes} min"] if minutes else parts)


def _unit(unit: str) -> str:
    return "" if unit in ("", "1") else unit
