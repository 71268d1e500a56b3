"""The picture of an answer along one swept parameter."""

from __future__ import annotations

import numpy as np

from planner.errors import InputError
from planner.loop.deciding.stating import is_class, stated_objective, stated_outcome
from planner.pictures import Prediction, WhatIf, draw_whatif
from planner.pictures.frame import WIDTH_PX
from planner.pictures.objective import goal_of
from planner.space import Categorical, Continuous, Ordinal
from planner.whatif.records import Answer


def draw(answer: Answer, *, width_px: float = WIDTH_PX) -> str:
    """Returns the answer as an SVG element.

    Raises:
        InputError: not exactly one parameter was swept, or it is a category.
    """
    name = _swept(answer)
    parameter, outcome = answer.spec.scalars[name], stated_outcome(answer.spec)
    said = sorted(answer.said, key=lambda each: float(each.configuration[name]))
    chances = [each.probability for each in said]
    whatif = WhatIf(
        outcome=outcome.name,
        unit=outcome.unit if outcome.label != outcome.name else "",
        parameter=name,
        parameter_unit=parameter.unit if parameter.label != name else "",
        settings=np.array([float(each.configuration[name]) for each in said]),
        prediction=Prediction(
            mean=np.array([each.mean for each in said]),
            mean_interval=np.array([(each.low, each.high) for each in said]),
            run_interval=None
            if is_class(answer.spec)
            else np.array([(each.run_low, each.run_high) for each in said]),
            level=answer.level,
        ),
        goal=goal_of(stated_objective(answer.spec)),
        probability=np.array(chances, dtype=np.float64)
        if None not in chances and not is_class(answer.spec)  # a chance is drawn once
        else None,
        has_goal=answer.has_goal,
        trials=answer.trials,
        held=_held(answer, name),
        is_log=isinstance(parameter, Continuous) and parameter.scale == "log",
    )
    return draw_whatif(whatif, width_px=width_px)


def _swept(answer: Answer) -> str:
    if len(answer.swept) != 1:
        count = ", ".join(answer.swept) or "none"
        raise InputError(
            f"A picture shows one swept parameter; here are {count}. Sweep one, such as "
            f"{next(iter(answer.spec.scalars))}=FROM:TO:COUNT, and give the others one value."
        )
    name = answer.swept[0]
    if isinstance(answer.spec.scalars[name], Categorical | Ordinal):
        raise InputError(
            f"A picture shows a swept number, and {name!r} is a category. Read the table, or sweep "
            f"a number at one category."
        )
    return name


def _held(answer: Answer, swept: str) -> str:
    held = answer.said[0].configuration
    return ", ".join(
        f"{parameter.name} {held[name] if isinstance(held[name], str) else f'{held[name]:.6g}'}"
        + (f" {parameter.unit}" if parameter.label != parameter.name else "")
        for name, parameter in answer.spec.scalars.items()
        if name != swept
    )
