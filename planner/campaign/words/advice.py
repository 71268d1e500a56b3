"""What a person should know before starting: how many trials a space deserves, and what is odd."""

from __future__ import annotations

from collections.abc import Iterator

from planner.campaign.objectives import HitRange, HitTarget, Maximise, Minimise
from planner.campaign.outcomes import NumberOutcome
from planner.campaign.spec import CampaignSpec
from planner.campaign.words.limits import most_trials
from planner.campaign.words.phrases import after, count, number
from planner.space import (
    AnyParameter,
    Categorical,
    Fixed,
    LinearConstraint,
    Mixture,
    SearchSpace,
)

# Trials a dimension at which planners gain most over random choice: the review of self-driving
# laboratories by Adesiji et al., Digital Discovery 2025, doi 10.1039/d5dd00337g.
_FEW, _MANY = 10, 20
_DEFAULT_START = 5


def advise(spec: CampaignSpec, space: SearchSpace, *, n_left: int | None = None) -> Iterator[str]:
    """Yields how many trials the space deserves by a rule of thumb, and warnings.

    Args:
        spec: the campaign.
        space: its search space.
        n_left: how many settings keep the rules, where they are few.
    """
    d = effective_dimension(spec)
    n_most = most_trials(spec, space)
    few, many = _FEW * d, _MANY * d
    n_settings = len(space.rows) if space.rows is not None else n_left or space.n_settings
    if n_settings is not None and n_settings <= few:
        yield (
            f"The space has {count(n_settings, 'setting')}, so few that all of them could be tried."
        )
    else:
        yield (
            f"A space of {count(d, 'dimension')}{_how_counted(spec)} deserves {few} to {many} "
            f"trials; that is a rule of thumb, {_FEW} to {_MANY} a dimension (Adesiji et al., "
            f"Digital Discovery 2025), no promise."
        )
    for warning in _warnings(spec, n_most=n_most, n_settings=n_settings, few=few):
        yield f"Note: {warning}"


def effective_dimension(spec: CampaignSpec) -> int:
    """Returns how many numbers would describe a setting.

    One for each number or name in an order, one less than there are choices for names without
    descriptors, none for constants; less one for each equation that a sum must keep.
    """
    return max(sum(map(_dimensions, spec.scalars.values())) - _n_sums(spec), 1)


def _dimensions(parameter: AnyParameter) -> int:
    if isinstance(parameter, Fixed):
        return 0
    if isinstance(parameter, Categorical) and not parameter.descriptors:
        return len(parameter.choices) - 1
    return parameter.n_columns


def _n_sums(spec: CampaignSpec) -> int:
    return sum(
        isinstance(rule, Mixture)
        or (isinstance(rule, LinearConstraint) and rule.equals is not None)
        for rule in spec.all_constraints
    )


def _how_counted(spec: CampaignSpec) -> str:
    """Says what counts otherwise than as one a parameter; nothing where all count so."""
    parts = []
    for name, profile in spec.profiles.items():
        n = sum(map(_dimensions, profile.parameters()))
        if n != 1:
            parts.append(f"{name} counts as {n}, what is chosen of its course")
    of_profiles = {each.name for p in spec.profiles.values() for each in p.parameters()}
    for name, parameter in spec.scalars.items():
        n = _dimensions(parameter)
        if n != 1 and name not in of_profiles:
            parts.append(f"{name} counts as {n}{_why_so_many(parameter)}")
    if n_sums := _n_sums(spec):
        parts.append(f"one less for {'a sum' if n_sums == 1 else 'each sum'} that is kept")
    return f" (one a parameter; {'; '.join(parts)})" if parts else ""


def _why_so_many(parameter: AnyParameter) -> str:
    if not isinstance(parameter, Categorical):
        return ""
    return ", its descriptors" if parameter.descriptors else ", one less than its choices"


def _warnings(
    spec: CampaignSpec, *, n_most: int | None, n_settings: int | None, few: int
) -> Iterator[str]:
    n_start = spec.policy.start or _DEFAULT_START
    if n_most is not None and n_most <= n_start:
        yield (
            f"all of the {count(n_most, 'trial')} that the budget allows are spread over the space "
            f"({n_start} at the start), so the model chooses none: raise the budget"
        )
    elif n_most is not None and n_most < few and (n_settings is None or n_settings > few):
        yield (
            f"the budget allows {count(n_most, 'trial')}, fewer than the space deserves: raise it "
            f"if you can"
        )
    if n_most is not None and n_settings is not None and n_settings < n_most:
        yield (
            f"the budget allows {count(n_most, 'trial')}, more than the "
            f"{count(n_settings, 'setting')} that there may be"
        )
    yield from _about_outcome(spec)
    if spec.source.shared and spec.source.capacity == 1:
        yield (
            f"'shared' says what trials under way at once have in common, and "
            f"{spec.source.name} takes one at a time: give its capacity, or leave 'shared' out"
        )


def _about_outcome(spec: CampaignSpec) -> Iterator[str]:
    outcome = spec.measured_outcome
    if not isinstance(outcome, NumberOutcome):
        return
    unit = after(outcome.unit)
    low, high = outcome.bounds
    if outcome.expected is None and (low is None or high is None):
        yield (
            f"'expected' of {outcome.name} is not said, so predictions have no scale before the "
            f"first results: give the range in which you expect it"
        )
    finest = _finest_difference(spec)
    if outcome.expected is not None and finest is not None:
        width = outcome.expected[1] - outcome.expected[0]
        if finest >= width:
            yield (
                f"only a difference of {number(finest)}{unit} is to count, and results are "
                f"expected to differ by {number(width)}{unit} at most: is its unit right?"
            )
    if outcome.noise is not None and finest is not None and finest < outcome.noise:
        yield (
            f"a difference of {number(finest)}{unit} is to count, and one measurement is uncertain "
            f"by {number(outcome.noise)}{unit}: that needs many repeats"
        )


def _finest_difference(spec: CampaignSpec) -> float | None:
    match spec.stated_objective:
        case Maximise(gain=gain) | Minimise(gain=gain):
            return gain
        case HitTarget(tolerance=tolerance):
            return tolerance
        case HitRange(low=low, high=high):
            return (high - low) / 2
        case _:
            return None
