"""Which configurations a question asks about; those that break a rule are left out and named."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from planner.errors import ValueOutOfRange
from planner.space import Configuration, Fixed, LinearConstraint, Mixture, SearchSpace, Value
from planner.space.base import as_decimal
from planner.space.constraint_base import shown
from planner.whatif.question import Question
from planner.whatif.records import Base

_MOST_NAMED = 5  # of those that are left out


def admit(
    question: Question, space: SearchSpace, base: Base | None
) -> tuple[list[Configuration], tuple[str, ...]]:
    """Returns all combinations of the values, the rest from the base, that keep the rules.

    Returns:
        The configurations, and a sentence on those that are left out.

    Raises:
        ValueOutOfRange: all of them break a rule; the message is that of the first.
    """
    held = _held(question, space, base)
    # what was achieved may lie beside the settings, and a question may start there all the same
    exact = base is None or space.is_admissible(base.configuration)
    names = list(question.values)
    admitted: list[Configuration] = []
    refused: list[tuple[Configuration, ValueOutOfRange]] = []
    for values in itertools.product(*question.values.values()):
        chosen = dict(zip(names, values, strict=True))
        try:
            admitted.append(space.check({**held, **chosen}, exact=exact))
        except ValueOutOfRange as error:
            refused.append((chosen, error))
    if not admitted:
        breaking, first = refused[0]
        raise ValueOutOfRange(_with_remedy(first, {**held, **breaking}, question, space)) from first
    return admitted, _left_out(refused, question, space)


def _held(question: Question, space: SearchSpace, base: Base | None) -> dict[str, Value]:
    held: dict[str, Value] = {
        each.name: each.value for each in space.parameters if isinstance(each, Fixed)
    }
    held |= base.configuration if base is not None else {}
    for name, difference in question.differences.items():
        # the sum of two decimals is a decimal again: 0.1 + 0.2 is meant to be 0.3
        held[name] = float(f"{float(held[name]) + difference:.12g}")
    return held


def _left_out(
    refused: Sequence[tuple[Configuration, ValueOutOfRange]],
    question: Question,
    space: SearchSpace,
) -> tuple[str, ...]:
    """Names what is left out, and says why the first of it is."""
    if not refused:
        return ()
    swept = [name for name, values in question.values.items() if len(values) > 1]
    named = [
        ", ".join(f"{name} {_words(chosen[name], name, space)}" for name in swept)
        for chosen, _ in refused[:_MOST_NAMED]
    ]
    more = len(refused) - len(named)
    rest = f"; and {more} more" if more else ""
    n_all = question.n_configurations
    return (
        f"Left out are {len(refused)} of {n_all} settings, which may not be tried: "
        f"{'; '.join(named)}{rest}. {refused[0][1]}",
    )


def _with_remedy(
    error: ValueOutOfRange,
    configuration: Configuration,
    question: Question,
    space: SearchSpace,
) -> str:
    """Adds which other component of a fixed sum could give way, where one alone can."""
    ways = list(_ways(configuration, question, space))
    if not ways:
        return str(error)
    return f"{error} Let another give way: {' or '.join(ways)}."


def _ways(configuration: Configuration, question: Question, space: SearchSpace) -> Iterator[str]:
    named = {*question.values, *question.differences}
    for rule in space.constraints:
        if not isinstance(rule, Mixture | LinearConstraint) or rule.is_met(configuration):
            continue
        total = rule.total if isinstance(rule, Mixture) else rule.equals
        if total is None:
            continue
        terms = {name: as_decimal(weight) for name, weight in rule.weights.items()}
        gap = as_decimal(total) - sum(
            weight * as_decimal(float(configuration[name])) for name, weight in terms.items()
        )
        for name, weight in terms.items():
            if name in named or not weight:
                continue
            change = gap / weight
            value = float(as_decimal(float(configuration[name])) + change)
            if space.is_admissible({**configuration, name: value}):
                yield f"{name}{'-' if change < 0 else '+'}={shown(abs(change))}"


def _words(value: Value, name: str, space: SearchSpace) -> str:
    number = value if isinstance(value, str) else shown(value)
    return f"{number}{space.parameter(name).unit_words}"
