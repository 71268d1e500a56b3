"""A simulator's description as a page for the person who decides whether to believe it."""

from __future__ import annotations

from collections.abc import Iterable

from planner.simulators.contract import (
    AnyInputSpec,
    AnyOutcomeSpec,
    CalibrationParameter,
    ClassSpec,
    CourseSpec,
    CurveSpec,
    LogNormal,
    Simulator,
)


def write_card(simulator: Simulator) -> str:
    """Returns the card, inputs, outcomes and uncertain constants as a section in Markdown."""
    card = simulator.card
    ranges = [
        f"compared for {each.name} from {each.low:g} to {each.high:g}{_unit(each.unit)}"
        for each in card.validity
    ]
    parts = [
        f"## {simulator.name}",
        f"{card.title}; version {simulator.version}.",
        _listed("Equations", (f"`{each}`" for each in card.equations)),
        _listed("It rests on", card.sources),
        _listed("Assumed, and left out", card.assumptions),
        _listed("Compared with", (*card.compared_with, *ranges)),
        _table("input", map(_input, simulator.inputs)),
        _table("outcome", map(_outcome, simulator.outcomes)),
        _table("uncertain constant", map(_constant, simulator.calibration_parameters)),
    ]
    return "\n\n".join(parts) + "\n"


def _listed(title: str, sentences: Iterable[str]) -> str:
    return "\n".join([f"{title}:", "", *(f"- {each}" for each in sentences)])


def _table(title: str, rows: Iterable[tuple[str, str, str]]) -> str:
    head = [f"| {title} | values | meaning |", "|---|---|---|"]
    return "\n".join(
        [*head, *(f"| `{name}` | {values} | {about} |" for name, values, about in rows)]
    )


def _input(spec: AnyInputSpec) -> tuple[str, str, str]:
    values = f"{spec.low:g} to {spec.high:g}{_unit(spec.unit)}"
    if isinstance(spec, CourseSpec):
        values += f", as a course of at most {spec.longest:g}{_unit(spec.time_unit)}"
    elif spec.default is not None:
        values += f"; {spec.default:g} if not given"
    return spec.name, values, spec.meaning


def _outcome(spec: AnyOutcomeSpec) -> tuple[str, str, str]:
    match spec:
        case ClassSpec():
            values = ", ".join(spec.classes)
        case CurveSpec():
            values = f"curve in {spec.unit} over {spec.x_name} in {spec.x_unit}"
        case _:
            values = f"number{_unit(spec.unit, ' in ')}"
    return spec.name, values, spec.meaning


def _constant(parameter: CalibrationParameter) -> tuple[str, str, str]:
    prior = parameter.prior
    if isinstance(prior, LogNormal):
        values = f"{prior.median:g}{_unit(parameter.unit)}, log sd {prior.log_sd:g}"
    else:
        values = f"{prior.mean:g} ± {prior.sd:g}{_unit(parameter.unit)}"
    return parameter.name, values, f"{parameter.meaning} ({parameter.evidence})"


def _unit(unit: str, before: str = " ") -> str:
    return "" if unit == "1" else f"{before}{unit}"
