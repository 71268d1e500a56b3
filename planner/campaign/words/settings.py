"""What is set, in words: parameters, courses, rules, and how many settings there are."""

from __future__ import annotations

from collections.abc import Iterator

from planner.campaign.spec import CampaignSpec
from planner.campaign.words.phrases import after, count, listed, number, setting
from planner.space import (
    AnyParameter,
    Categorical,
    Contextual,
    Continuous,
    Discrete,
    Fixed,
    Integer,
    Ordinal,
    Profile,
    SearchSpace,
)

_ENOUGH = 200  # settings that keep the rules: where there are as many nobody counts them


def n_within_rules(spec: CampaignSpec, space: SearchSpace) -> int | None:
    """Returns how many settings a search found that keep the rules; None where they are many."""
    if space.rows is not None or not spec.all_constraints:
        return None
    n = len(space.sample(_ENOUGH, seed=0))
    return n if n < _ENOUGH else None


def describe_settings(
    spec: CampaignSpec, space: SearchSpace, *, n_left: int | None = None
) -> Iterator[str]:
    """Yields what the campaign chooses among.

    Args:
        spec: the campaign.
        space: its search space.
        n_left: how many settings keep the rules, where they are few.
    """
    yield f"It sets {count(len(spec.parameters), 'parameter')}:"
    for name, part in spec.parameters.items():
        about = f" ({part.about})" if part.about else ""
        if isinstance(part, Profile):
            free = listed(each.name for each in part.parameters())
            course = part.in_words().removeprefix(name).removesuffix(".")
            yield f"  {name}{about}{course}; what is chosen of it is {free}."
        else:
            yield f"  {name}{about}: {_describe_domain(part, space)}."
    for constraint in spec.constraints:
        yield f"Rule: {constraint.in_words()}"
    yield from _describe_number(spec, space, n_left)


def _describe_number(spec: CampaignSpec, space: SearchSpace, n_left: int | None) -> Iterator[str]:
    table = spec.table
    if space.rows is not None and table is not None:
        yield f"It chooses among the {count(len(space.rows), 'listed condition')} of {table.title}."
        if space.tolerance:
            yield f"A listed condition may miss a rule by {number(space.tolerance)}."
    elif space.n_settings is not None:
        limit = ", less what the rules forbid" if spec.all_constraints else ""
        yield f"There are {count(space.n_settings, 'possible configuration')}{limit}."
    if n_left is not None:
        yield f"Within the rules a search found {count(n_left, 'configuration')} and no more."


def _describe_domain(parameter: AnyParameter, space: SearchSpace) -> str:
    match parameter:
        case Categorical():
            described = listed(parameter.descriptor_names) if parameter.descriptors else ""
            by = f", described by {described}" if described else ""
            return f"one of {', '.join(parameter.choices)}{by}"
        case Ordinal():
            return f"one of {', '.join(parameter.levels)}, in this order"
        case Fixed():
            value = parameter.value
            return (
                f"always {value if isinstance(value, str) else number(value)}"
                f"{after(parameter.unit)}"
            )
        case Contextual():
            return f"measured, not set; expected from {_range(parameter)}"
        case Discrete():
            listed_values = ", ".join(number(value) for value in parameter.values)
            return f"one of {listed_values}{after(parameter.unit)}"
        case Integer():
            return f"whole numbers from {_range(parameter)}"
        case Continuous():
            absent = "absent (0), or " if parameter.optional else ""
            scale = ", by ratios (log scale)" if parameter.scale == "log" else ""
            return f"{absent}{_range(parameter)}{scale}{_describe_step(parameter, space)}"


def _describe_step(parameter: Continuous, space: SearchSpace) -> str:
    if space.rows is not None:
        return ""
    if parameter.resolution is not None:
        highest = parameter.snap(parameter.high)
        short = ""
        if highest < parameter.high:
            short = f" from {number(parameter.low)}, so {number(highest)} is the highest"
        return f", in steps of {number(parameter.resolution)}{after(parameter.unit)}{short}"
    if parameter.scale == "log":
        return ", set to four significant digits"
    step, _ = parameter.step_at(parameter.low)
    return f", in steps of {number(float(step))}{after(parameter.unit)}"


def _range(parameter: Continuous | Integer | Contextual) -> str:
    low, high = number(parameter.low), number(parameter.high)
    if low == high:
        low, high = setting(parameter.low), setting(parameter.high)
    return f"{low} to {high}{after(parameter.unit)}"
