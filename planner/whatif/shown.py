"""An answer as a table for the terminal, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from planner.campaign import utility
from planner.loop.deciding.stating import is_class, stated_objective, stated_outcome
from planner.pictures.axis import number
from planner.space import Value
from planner.whatif.records import Answer, Said

_MOST_SHOWN, _N_BEST = 60, 20


def render(answer: Answer) -> RenderableType:
    """Returns the answer to print."""
    said, decimals = answer.said, _decimals(answer)
    parts: list[RenderableType] = [_conditions(answer)]
    if len(said) == 1:
        parts.append(_lines(said[0], answer, decimals))
    else:
        if len(said) > _MOST_SHOWN:
            objective = stated_objective(answer.spec)
            said = tuple(sorted(said, key=lambda e: -utility(objective, e.mean)))[:_N_BEST]
            shown = f"The best {_N_BEST} of {len(answer.said)} by their mean; --json gives all."
            parts.append(Text(shown))
        parts.append(_table(said, answer, decimals))
    if answer.base_said is not None:
        parts.append(_base(answer, answer.base_said, decimals))
    if any(each.is_extrapolating for each in said):
        parts.append(
            Text(
                "* extrapolating: more than half of what was not known beforehand is still not "
                "known there; the answer is what was assumed more than what was measured. "
                "Distances are in lengthscales of the model."
            )
        )
    parts += [Text(note) for note in answer.notes]
    parts.append(
        Text(
            f"Model {answer.model_version} from {answer.n_observations} observations."
            + ("" if is_class(answer.spec) else " Judge one run by the interval of the next run."),
            style="dim",
        )
    )
    return Group(*parts)


def whatif_json(answer: Answer) -> dict[str, Any]:
    """Returns the answer as dictionaries, lists, texts and numbers."""
    spec, outcome = answer.spec, stated_outcome(answer.spec)
    return {
        "campaign": spec.campaign,
        "simulated": spec.is_simulated,
        "outcome": {"name": outcome.name, "unit": outcome.unit},
        "parameters": {name: {"unit": each.unit} for name, each in spec.scalars.items()},
        "level": answer.level,
        "model_version": answer.model_version,
        "n_observations": answer.n_observations,
        "notes": list(answer.notes),
        "base": None
        if answer.base is None
        else {**asdict(answer.base), "predicted": _plain(answer.base_said)},
        "configurations": [_plain(each) for each in answer.said],
    }


def _plain(said: Said | None) -> dict[str, Any] | None:
    return None if said is None else {**asdict(said), "is_extrapolating": said.is_extrapolating}


def _conditions(answer: Answer) -> Text:
    first = answer.said[0].configuration
    held = [
        f"{name} {_setting(first[name])} {_unit(each.unit)}".strip()
        for name, each in answer.spec.scalars.items()
        if name not in answer.swept
    ]
    return Text(f"At {', '.join(held)}:" if held else "", style="bold")


def _lines(said: Said, answer: Answer, decimals: int) -> Table:
    """Returns the answer to one configuration, a line a statement."""
    outcome, level = stated_outcome(answer.spec), f"{100 * answer.level:g} %"
    unit = _unit(outcome.unit)
    of_a_class = is_class(answer.spec)
    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column()
    rows = [
        (outcome.name, f"{_rounded(said.mean, decimals)} {unit}".strip()),
        (
            f"its {level} interval" if of_a_class else f"{level} interval of the mean",
            _span(said.low, said.high, decimals),
        ),
    ]
    if said.classes is not None:
        rows.append(("next run", _classes(said.classes)))
    elif not of_a_class:
        rows.append(
            (f"{level} interval of the next run", _span(said.run_low, said.run_high, decimals))
        )
    if said.probability is not None and not of_a_class:
        passes = "meets the goal" if answer.has_goal else "beats the best"
        rows.append((f"next run {passes}", _chance(said.probability)))
    if said.difference is not None:
        rows.append((f"difference ({level} interval)", _difference(said, decimals)))
    rows.append(("nearest observation", _nearest(said)))
    for name, text in rows:
        grid.add_row(f"  {name}", text)
    return grid


def _table(said: tuple[Said, ...], answer: Answer, decimals: int) -> Table:
    outcome, level = stated_outcome(answer.spec), f"{100 * answer.level:g} %"
    of_a_class = is_class(answer.spec)
    has_chance = not of_a_class and any(each.probability is not None for each in said)
    has_difference = any(each.difference is not None for each in said)
    swept = [answer.spec.scalars[name] for name in answer.swept]
    names = [f"{each.name}\n{_unit(each.unit)}" for each in swept]
    names += [f"{outcome.name}\n{_unit(outcome.unit)}"]
    names += [f"interval\n{level}"] if of_a_class else [f"mean\n{level}", f"next run\n{level}"]
    names += ["meets\ngoal" if answer.has_goal else "beats\nbest"] if has_chance else []
    names += [f"difference\n{level}"] if has_difference else []
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in (*names, "distance\nto data"):
        # where the terminal is narrow a name is cut, a number never
        table.add_column(name, justify="right", overflow="fold", no_wrap="%" in name)
    for each in said:
        cells = [_setting(each.configuration[name]) for name in answer.swept]
        cells += [_rounded(each.mean, decimals), _narrow(each.low, each.high, decimals)]
        cells += [] if of_a_class else [_narrow(each.run_low, each.run_high, decimals)]
        cells += [_chance(each.probability)] if has_chance else []
        cells += [_difference(each, decimals).replace(" (", "\n(")] if has_difference else []
        table.add_row(*cells, _nearest(each, is_short=True))
    return table


def _base(answer: Answer, said: Said, decimals: int) -> Text:
    assert answer.base is not None
    unit = _unit(stated_outcome(answer.spec).unit)
    settings = ", ".join(
        f"{name} {_setting(value)} {_unit(answer.spec.scalars[name].unit)}".strip()
        for name, value in said.configuration.items()
    )
    next_run = f"; next run {_span(said.run_low, said.run_high, decimals)}"
    return Text(
        f"Differences are to {answer.base.name}, {settings}: {_rounded(said.mean, decimals)} "
        f"{unit} ({_span(said.low, said.high, decimals)}"
        f"{'' if is_class(answer.spec) else next_run})."
    )


def _classes(chances: Mapping[str, float]) -> str:
    likeliest = sorted(chances.items(), key=lambda each: -each[1])
    return ", ".join(f"{name} {_chance(chance)}" for name, chance in likeliest)


def _decimals(answer: Answer) -> int:
    """Returns how many decimals show two digits of the narrowest interval."""
    widths = [each.high - each.low for each in answer.said if each.high > each.low]
    if not widths:
        return 4
    return min(12, max(0, 1 - math.floor(math.log10(min(widths) / 2))))


def _rounded(value: float, decimals: int) -> str:
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        return number(value)
    text = f"{value:.{decimals}f}"
    # a rounded zero has no sign
    return text.replace("-", "\u2212") if float(text) else text.removeprefix("-")


def _setting(value: Value) -> str:
    return value if isinstance(value, str) else number(value, 6)


def _unit(unit: str) -> str:
    return "" if unit == "1" else unit


def _span(low: float, high: float, decimals: int) -> str:
    return f"{_rounded(low, decimals)} to {_rounded(high, decimals)}"


def _narrow(low: float, high: float, decimals: int) -> str:
    """Returns an interval for a table, with a dash where no sign can be mistaken for it."""
    if low < 0:
        return _span(low, high, decimals)
    return f"{_rounded(low, decimals)}\u2013{_rounded(high, decimals)}"


def _chance(probability: float | None) -> str:
    if probability is None:
        return "-"
    if probability < 0.01:
        return "below 1 %"
    return "above 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"


def _difference(said: Said, decimals: int) -> str:
    each = said.difference
    if each is None:
        return "-"
    return f"{_rounded(each.mean, decimals)} ({_narrow(each.low, each.high, decimals)})"


def _nearest(said: Said, *, is_short: bool = False) -> str:
    mark = " *" if said.is_extrapolating else ""
    if said.nearest is None:
        return f"nothing measured{mark}"
    what = f"trial {said.nearest_trial}" if said.nearest_trial is not None else "historical"
    if is_short:
        return f"{said.nearest:.2f}{mark or '  '}"
    return f"{what}, {said.nearest:.2g} lengthscales away{mark}"
