"""The report for the terminal: plain text where there is no terminal, the same words in colour."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from planner.campaign import NumberOutcome, utility
from planner.report import words
from planner.report.columns import other_numbers
from planner.report.facts import Facts, TrialLine
from planner.trials import TERMINAL_TRIALS

_MOST_SHOWN = 40
_N_BEST, _N_LAST = 10, 20
_WIDTH, _GAP = 80, 2
_WIDEST_CONDITIONS = 28
_N_FIRST = 4  # columns that every table has


def render(facts: Facts, *, path: Path | None = None) -> RenderableType:
    """Returns the report to print.

    Args:
        facts: what it states.
        path: of the page with pictures, if one was written.
    """
    best: list[RenderableType] = [_best(facts), Text()]
    sentences: list[RenderableType] = [*map(Text, _sentences(facts)), Text()]
    parts: list[RenderableType] = [_heading(facts), Text()]
    # what is the best says least where the whole space is to be learned
    parts += [*sentences, *best] if facts.is_learning else [*best, *sentences]
    parts += _tables(facts, path)
    if facts.waiting:
        parts += [Text("Waits for a person", style="bold yellow")]
        parts += [Text(f"  {item.what}\n    -> {item.to_do}") for item in facts.waiting]
        parts.append(Text())
    parts += [_event_lines(facts)] if facts.events else []
    parts.append(_footer(facts, path))
    return Group(*parts)


def _heading(facts: Facts) -> Text:
    spec = facts.spec
    text = Text()
    text.append(spec.campaign, style="bold")
    text.append(f"  {facts.standing}")
    if facts.stop_reason:
        text.append(f": {facts.stop_reason}")
    if spec.about:
        text.append(f"\n{spec.about}")
    text.append(f"\nWanted: {words.wanted(facts)}.")
    if facts.simulation:
        text.append("\nSIMULATED", style="bold yellow")
        text.append(f"  {facts.simulation}")
    return text


def _best(facts: Facts) -> RenderableType:
    best, spec = facts.best, facts.spec
    if best is None:
        return Text("Best conditions: none yet, nothing was measured.", style="bold")
    text = Text()
    text.append(f"Best conditions ({best.name})\n", style="bold")
    for name, value in best.configuration.items():
        text.append(f"  {name} = {words.setting(value, spec.scalars[name].unit)}\n")
    for name, course in words.courses(best.configuration, spec):
        text.append(f"  {name}: {course}\n")
    outcome = facts.outcome
    text.append(f"  {outcome.name}: {words.best_value(best, outcome.unit)}", "bold green")
    if best.mean is not None:
        text.append(f"\n  measured there: {words.told(best.measured, outcome.unit)}")
    else:
        text.append(f"\n  No interval: {best.why_no_interval}")
    if best.goal_probability is not None:
        text.append(f"\n  meets the goal with probability {words.chance(best.goal_probability)}")
    return text


def _sentences(facts: Facts) -> list[str]:
    lines = [words.known(facts)] if facts.is_learning else []
    lines += [
        words.left(facts),
        words.top(facts),
        words.against_chance(facts),
        words.savings(facts),
    ]
    if facts.stated is not None:
        lines.append(words.stated(facts.stated))
    lines += [each.words for each in facts.alarms]
    if facts.chances is not None:
        lines.append(words.stated_chances(facts.chances, facts.wanted))
    lines += [facts.predicting, f"Trials: {words.counted(facts)}."]
    if facts.historical:
        n_failed = sum(bool(each.failed) for each in facts.historical)
        failed = f", {n_failed} of them failed by process" if n_failed else ""
        lines.append(f"Measurements from before: {len(facts.historical)}{failed}.")
    lines.append(f"Used: {words.spent(facts)}.")
    lines += [f"Stock of {each}" for each in facts.spent.stock]
    return [line for line in lines if line]


def _tables(facts: Facts, path: Path | None) -> list[RenderableType]:
    trials = facts.trials
    if not trials:
        return []
    if len(trials) <= _MOST_SHOWN:
        return [_table(trials, facts)]
    where = f"on the page {path}" if path is not None else "in what planner export writes"
    return [
        Text(f"The best {_N_BEST}", style="bold"),
        _table(_ranked(facts)[:_N_BEST], facts),
        Text(f"The last {_N_LAST}", style="bold"),
        _table(trials[-_N_LAST:], facts),
        Text(f"All {len(trials)} trials are {where}."),
        Text(),
    ]


def _ranked(facts: Facts) -> list[TrialLine]:
    """Returns the measured trials, the best first."""
    spec = facts.spec
    measured = [
        (value, line)
        for line in facts.trials
        if line.has_result and (value := spec.goal_value(line.outcomes)) is not None
    ]
    ranked = sorted(measured, key=lambda each: utility(spec.objective, each[0]), reverse=True)
    return [line for _, line in ranked]


def _table(trials: Sequence[TrialLine], facts: Facts) -> RenderableType:
    """Returns a line of numbers a trial, and below it what else is to be said of it.

    Why a trial was chosen stands below those that are under way; the page has it for all.
    """
    said = facts.outcome.name if facts.wanted else f"predicted ({words.level_of(facts)})"
    numbers = other_numbers(facts.spec)
    further = tuple(each.label for each in numbers)
    head = _Row("trial", "conditions", said, facts.spec.measured_outcome.label, further)
    rows = [_row(line, facts, numbers) for line in trials]
    widths = _widths([head, *rows])
    shown = {each.name for each in numbers[: len(widths) - _N_FIRST]}
    labels = " / ".join(parameter.label for parameter in facts.spec.scalars.values())
    parts: list[RenderableType] = [
        Text(f"Conditions are given as {labels}."),
        Text(_aligned(head, widths), style="bold"),
    ]
    for line, row in zip(trials, rows, strict=True):
        style = "bold green" if line.is_best else ""
        parts.append(Text(_aligned(row, widths), style=style))
        remarks = _remarks(line, row, facts, unseen={each.name for each in numbers} - shown)
        if remarks:
            parts.append(Padding(remarks, (0, 0, 0, widths[0] + 2)))
    return Group(*parts, Text())


class _Row(NamedTuple):
    trial: str
    conditions: str
    predicted: str
    measured: str
    further: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        return (self.trial, self.conditions, self.predicted, self.measured, *self.further)


def _row(line: TrialLine, facts: Facts, numbers: Sequence[NumberOutcome]) -> _Row:
    settings = facts.spec.scalars
    values = (words.setting(line.configuration[name], "") for name in settings)
    predicted = words.predicted(line.prediction, facts) if line.prediction else "-"
    is_done = line.has_result  # what became of the others stands below
    measured = words.outcome_of(line, facts.spec) if is_done else "-"
    mark = f" v{line.version}" if line.is_corrected else ""  # what it was stands below
    mark += " best" if line.is_best else " missed" if line.held is False else ""
    further = tuple(words.further(line, each).replace("\u2013", "-") for each in numbers)
    return _Row(str(line.number), " / ".join(values), predicted, measured + mark, further)


def _widths(rows: Sequence[_Row]) -> list[int]:
    """Returns the widths of the columns; of the further outcomes' those that fit on a line."""
    columns = zip(*(row.cells for row in rows), strict=True)
    widths = [max(map(len, column)) for column in columns]
    widths[1] = min(widths[1], _WIDEST_CONDITIONS)
    while len(widths) > _N_FIRST and sum(widths) + _GAP * (len(widths) - 1) > _WIDTH:
        widths.pop()
    return widths


def _aligned(row: _Row, widths: list[int]) -> str:
    """Returns one line; conditions that are too long for it stand below."""
    conditions = row.conditions if len(row.conditions) <= widths[1] else ""
    rest = [conditions, *row.cells[2 : len(widths)]]
    padded = [cell.ljust(width) for cell, width in zip(rest, widths[1:], strict=True)]
    return (" " * _GAP).join([row.trial.rjust(widths[0]), *padded]).rstrip()


def _remarks(line: TrialLine, row: _Row, facts: Facts, *, unseen: Set[str]) -> Text:
    text = Text()
    if len(row.conditions) > _WIDEST_CONDITIONS:
        text.append(f"{row.conditions}\n")
    if line.achieved is not None:
        text.append(f"achieved: {words.configuration(line.achieved, facts.spec)}\n")
    remark = words.remark(line)
    if remark:
        text.append(f"{remark}\n", style="yellow")
    also = words.others(line, facts.spec, shown=facts.spec.outcomes.keys() - unseen)
    if also:
        text.append(f"{also}\n")
    for said in (words.still_to_come(line), words.left_out(line), *line.parts):
        if said:
            text.append(f"{said}\n", style="yellow")
    if line.state not in TERMINAL_TRIALS:
        why = (line.reason, words.effects(line, facts.spec), line.search and line.search.in_words)
        text.append("\n".join(each for each in why if each), style="dim")
    text.rstrip()
    return text


def _event_lines(facts: Facts) -> RenderableType:
    text = Text()
    done = [each for each in facts.events if not each.is_routine]
    routine = [each for each in facts.events if each.is_routine]
    if done:
        text.append("What was done to the campaign\n", style="bold")
    for event in done:
        when = f"{words.moment(event.at)}  {event.author}: " if event.at is not None else ""
        text.append(f"  {when}{event.what}\n", style="not bold")
    if routine:
        gap = "\n" if done else ""
        text.append(f"{gap}What the planner changed in itself\n", style="dim")
    for event in routine:
        when = f"{words.moment(event.at)}: " if event.at is not None else ""
        text.append(f"  {when}{event.what}\n", style="dim")
    return text


def _footer(facts: Facts, path: Path | None) -> RenderableType:
    origin = facts.provenance
    model = f", model {origin.model_version}" if origin.model_version else ""
    text = (
        f"As of entry {origin.sequence} of the ledger, {words.moment(origin.as_of)}; "
        f"seed {origin.seed}{model}, version {origin.software}."
    )
    lines = Text(text, style="dim")
    if path is None:
        return lines
    return Group(lines, Padding(Text(f"The page with pictures: {path}", overflow="fold"), (0, 0)))
