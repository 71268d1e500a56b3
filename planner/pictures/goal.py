"""What is wanted of an outcome, which trial is best by it, and how a picture shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Int
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from planner.errors import InputError
from planner.pictures.axis import HARD_SPACE, number, plain
from planner.pictures.palette import GOAL

Direction = Literal["maximise", "minimise", "target", "range"]
_DASH = (0, (7, 2.5, 1.5, 2.5))


@dataclass(frozen=True, slots=True)
class Goal:
    """What the objective asks of an outcome, in the outcome's unit.

    Args:
        direction: what is better: higher, lower, nearer to ``target``, or from ``low`` to ``high``.
        target: the wanted value; with direction "target" only.
        low: the goal is met from here up: of a range, of a target with a tolerance, or a value
            that is good enough when maximising. None: no lower end.
        high: the goal is met up to here; when minimising, a value that is good enough.

    Raises:
        InputError: the numbers do not fit the direction.
    """

    direction: Direction
    target: float | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if self.direction not in get_args(Direction):
            raise InputError(
                f"A goal cannot have direction '{self.direction}'. "
                f"The directions are {', '.join(get_args(Direction))}."
            )
        allowed = {"maximise": "low", "minimise": "high", "target": "target low high"}
        needed = {"target": "target", "range": "low high"}.get(self.direction, "").split()
        given = [n for n in ("target", "low", "high") if getattr(self, n) is not None]
        excess = [n for n in given if n not in allowed.get(self.direction, "low high").split()]
        missing = [n for n in needed if n not in given]
        if excess or missing:
            raise InputError(
                f"A goal of direction '{self.direction}' takes "
                f"{allowed.get(self.direction, 'low and high')}; "
                f"given: {', '.join(given) or 'none'}."
            )
        ends = [float(getattr(self, n)) for n in ("low", "target", "high") if n in given]
        if not np.isfinite(ends).all() or ends != sorted(ends):
            raise InputError(
                f"A goal's low, target and high must be finite and in this order; given: "
                f"{', '.join(f'{n} {getattr(self, n):g}' for n in given)}."
            )

    @property
    def levels(self) -> Float[np.ndarray, " k"]:
        """The numbers it names, which the axis must show."""
        named_values = (self.low, self.target, self.high)
        return np.array([value for value in named_values if value is not None], dtype=np.float64)

    def wish(self, unit: str) -> str:
        """Return what is better, for the end of an axis label."""
        match self.direction:
            case "maximise":
                return "higher is better"
            case "minimise":
                return "lower is better"
            case "target":
                return f"nearer to {_with_unit(self.target, unit)} is better"
            case "range":
                return f"from {number(self.low or 0.0)} to {_with_unit(self.high, unit)} is best"

    def utility(self, values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return how good each value is: higher is better; NaN where there is none."""
        match self.direction:
            case "maximise":
                return values
            case "minimise":
                return -values
            case "target":
                return -np.abs(values - float(self.target or 0.0))
            case "range":
                assert self.low is not None and self.high is not None  # noqa: PT018 - one fact
                return -np.maximum(np.maximum(self.low - values, values - self.high), 0.0)


def best_so_far(values: Float[np.ndarray, " n"], goal: Goal) -> Int[np.ndarray, " n"]:
    """Return, for each trial, which trial was the best up to it, counted from 0.

    NaN is a trial without a value; -1 stands where there has been none yet. Among equals the first
    stays the best.
    """
    utility = np.nan_to_num(goal.utility(values), nan=-np.inf)
    before = np.maximum.accumulate(np.concatenate([[-np.inf], utility[:-1]]))
    is_new = utility > before
    return np.maximum.accumulate(np.where(is_new, np.arange(len(values)), -1))


def draw_goal(axes: Axes, goal: Goal | None, *, unit: str) -> list[Artist]:
    """Draw the goal's zone and the target's line across ``axes``, whose limits stand.

    Returns:
        What the legend says about it; nothing where the goal names no number.
    """
    if goal is None or not goal.levels.size:
        return []
    handles: list[Artist] = []
    if goal.low is not None or goal.high is not None:
        handles.append(_draw_zone(axes, goal, unit))
    if goal.target is not None:
        axes.axhline(goal.target, color=GOAL, linestyle=_DASH, linewidth=1.6, gid="target")
        label = f"target {_with_unit(goal.target, unit)}"
        handles.append(Line2D([], [], color=GOAL, linestyle=_DASH, linewidth=1.6, label=label))
    return handles


def _draw_zone(axes: Axes, goal: Goal, unit: str) -> Artist:
    bottom, top = axes.get_ylim()
    low = bottom if goal.low is None else goal.low
    high = top if goal.high is None else goal.high
    axes.axhspan(low, high, facecolor=GOAL, alpha=0.12, linewidth=0, zorder=0.5, gid="goal-zone")
    for end in (goal.low, goal.high):
        if end is not None:
            axes.axhline(end, color=GOAL, linestyle=":", linewidth=1.4, gid="goal-end")
    return Patch(
        facecolor=(GOAL, 0.12),
        edgecolor=GOAL,
        linestyle=":",
        label=f"goal: {_zone_text(goal, unit)}",
    )


def _zone_text(goal: Goal, unit: str) -> str:
    if goal.low is None:
        return f"at most {_with_unit(goal.high, unit)}"
    if goal.high is None:
        return f"at least {_with_unit(goal.low, unit)}"
    return f"{number(goal.low)} to {_with_unit(goal.high, unit)}"


def _with_unit(value: float | None, unit: str) -> str:
    assert value is not None  # the record's check: this direction has it
    return f"{number(value)} {plain(unit)}".strip().replace(" ", HARD_SPACE)
