"""Campaigns: records of every kind, and seeded mutations of campaign files."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from planner.campaign import (
    Adapter,
    Analysis,
    AnyObjective,
    AnyOutcome,
    AnySource,
    Budget,
    CampaignSpec,
    ClassOutcome,
    Consumable,
    CurveOutcome,
    DistributionOutcome,
    FileOutcome,
    HitClass,
    HitRange,
    HitTarget,
    ImageOutcome,
    Maximise,
    Minimise,
    Modelling,
    NumberOutcome,
    Person,
    Policy,
    Runner,
    SimulatedProcess,
    StopRule,
)
from planner.space import (
    AnyConstraint,
    AnyDeclared,
    Categorical,
    Continuous,
    Count,
    Exclusion,
    ExpressionConstraint,
    Free,
    Knot,
    LinearConstraint,
    Mixture,
    Presence,
    Profile,
    Span,
)
from tests.strategies.kinds import parameters_of_any_kind
from tests.strategies.parameters import continuous, discrete, integers, names, ranges, written

positive = written().map(abs).filter(bool)
about = st.text(st.characters(codec="utf-8"), max_size=20)
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6).filter(str.strip)


def numbers(*, name: str) -> st.SearchStrategy[AnyDeclared]:
    """A parameter that is set to a number."""
    return continuous(name=name) | integers(name=name) | discrete(name=name)


@st.composite
def number_outcomes(draw: st.DrawFn, *, name: str) -> NumberOutcome:
    """With and without bounds, expectation and noise."""
    low, high = draw(ranges())
    bounds = draw(st.sampled_from([(None, None), (low, None), (None, high), (low, high)]))
    return NumberOutcome(
        name=name,
        unit=draw(st.sampled_from(["1", "percent", "nm", "degC"])),
        about=draw(about),
        bounds=bounds,
        expected=draw(st.sampled_from([None, (low, high)])),
        noise=draw(st.none() | (positive if None in bounds else st.just((high - low) / 4))),
    )


@st.composite
def curves_and_reductions(draw: st.DrawFn) -> dict[str, AnyOutcome]:
    """A curve and a distribution, each with a number that is computed from it."""
    target = {"path": "t.csv", "columns": {"x": {"column": 1}, "y": {"column": "OD"}}}
    of_curve = draw(
        st.sampled_from(
            [
                {"unit": "nm", "by": "peak_position"},
                {"unit": "um", "by": {"name": "centroid", "from": "400 nm", "to": 700.0}},
                {"unit": "OD", "by": {"name": "value_at", "x": 532.0}},
                {"unit": "OD", "by": {"name": "distance", "target": target}},
            ]
        )
    )
    of_sizes = draw(st.sampled_from([{"by": "mean", "unit": "um"}, {"by": "polydispersity"}]))
    curve = CurveOutcome(name="curve_", unit="OD", x_unit="nm", x_name=draw(st.just("x") | about))
    return {
        "curve_": curve,
        "of_curve": NumberOutcome.model_validate(
            {"name": "of_curve", "reduce": "curve_", **of_curve}
        ),
        "sizes_": DistributionOutcome(name="sizes_", unit="nm", about=draw(about)),
        "of_sizes": NumberOutcome.model_validate(
            {"name": "of_sizes", "reduce": "sizes_", **of_sizes}
        ),
    }


@st.composite
def other_outcomes(draw: st.DrawFn) -> dict[str, AnyOutcome]:
    """Some of each kind that is no plain number."""
    found: dict[str, AnyOutcome] = {}
    if draw(st.booleans()):
        found |= draw(curves_and_reductions())
    if draw(st.booleans()):
        found["image_"] = ImageOutcome(name="image_", about=draw(about))
        found["file_"] = FileOutcome(name="file_")
    classes = draw(st.lists(words, min_size=2, max_size=4, unique=True))
    if draw(st.booleans()):
        found["class_"] = ClassOutcome(
            name="class_", classes=classes, ordered=draw(st.booleans()), about=draw(about)
        )
    return found


@st.composite
def objectives(draw: st.DrawFn, *, outcome: AnyOutcome) -> AnyObjective:
    """Every aim; what is wanted is possible."""
    if isinstance(outcome, ClassOutcome):
        wanted = outcome.classes[: draw(st.integers(1, len(outcome.classes) - 1))]
        goal = draw(st.none() | st.just(0.8))
        return HitClass(outcome=outcome.name, wanted=wanted, goal=goal)
    assert isinstance(outcome, NumberOutcome)
    ends = [end for end in outcome.bounds if end is not None] or [0.0]
    goal = draw(st.none() | st.sampled_from(ends))
    part = st.just((ends[-1] - ends[0]) / 4) if len(ends) == 2 else positive
    gain = draw(st.none() | part)
    kinds: list[AnyObjective] = [
        Maximise(outcome=outcome.name, gain=gain, goal=goal),
        Minimise(outcome=outcome.name, gain=gain, goal=goal),
        HitTarget(outcome=outcome.name, target=ends[0], tolerance=draw(part)),
    ]
    if len(ends) == 2:
        kinds.append(HitRange(outcome=outcome.name, low=ends[0], high=(ends[0] + ends[1]) / 2))
    return draw(st.sampled_from(kinds))


# Parameters under rules, which name them: the same in every campaign that has rules.
RULED: dict[str, AnyDeclared] = {
    "mix_a": Continuous(name="mix_a", unit="percent", low=20, high=90, resolution=0.5),
    "mix_b": Continuous(name="mix_b", unit="percent", low=0, high=60, resolution=0.5),
    "mix_c": Continuous(
        name="mix_c", unit="percent", low=5, high=60, resolution=0.5, optional=True
    ),
    "sort_": Categorical(name="sort_", choices=("one", "on", "1e3")),
}
RULES = (
    Mixture(mixture=("mix_a", "mix_b", "mix_c"), total=100),
    Mixture(mixture=("mix_a", "mix_b"), total=100.0, present=Presence(at_least=1)),
    LinearConstraint(weights={"mix_a": 1, "mix_b": -0.5}, at_most=80, at_least=-5),
    LinearConstraint(weights={"mix_a": 1, "mix_b": 1}, equals=90.5),
    Count(count=("mix_b", "mix_c"), at_least=1, at_most=2),
    ExpressionConstraint(expression="sqrt(mix_a) + mix_b ** 2 / 100", at_most=40),
    Exclusion(exclude={"sort_": "on", "mix_a": Span(at_least=50), "mix_c": (0.0, 5.5)}),
)


def profiles(name: str) -> st.SearchStrategy[Profile]:
    """A ramp with a free time, a free value, or both."""
    free = Free(low=100.0, high=300.5)
    ends = st.sampled_from(
        [
            {"at": Free(low=20.0, high=90.0), "value": free},
            {"at": 60.0, "value": free},
            {"at": Free(low=20.0, high=90.0), "value": 200.0},
        ]
    )
    return st.builds(
        lambda end, rate, how, about: Profile(
            name=name,
            about=about,
            unit="degC",
            max_rate=rate if how == "linear" else None,
            interpolation=how,
            resolution=0.5,
            knots=(Knot(at=0.0, value=25.0), Knot(**end)),
        ),
        ends,
        st.sampled_from([None, 20.0]),
        st.sampled_from(["linear", "step"]),
        about,
    )


@st.composite
def consumables(draw: st.DrawFn, *, formula: str) -> dict[str, Consumable]:
    """A few, with stock for some trials."""
    use = draw(positive)
    constant = Consumable(unit=draw(st.sampled_from(["1", "mg"])), stock=use * 30, use=use)
    computed = Consumable(unit="g", stock=1e15, use=f"abs({formula}) / 2")
    return draw(st.sampled_from([{}, {"gold": constant}, {"a b": constant, "ink": computed}]))


@st.composite
def sources(draw: st.DrawFn, *, name: str, settable: tuple[str, ...], formula: str) -> Runner:
    """A person, a device or a simulator, at any hours, with what trials use and have in common."""
    is_at_hours = draw(st.booleans())
    some = st.lists(st.sampled_from(settable), max_size=2, unique=True)
    changed = draw(some)
    duration = draw(st.none() | st.sampled_from([60.0, 90.5, 7200.0, 12_345.0]))
    shared = {
        "name": name,
        "about": draw(about),
        "cost": draw(st.just(0.0) | positive | st.just(f"2.5 + 0.1 * abs({formula})")),
        "duration": duration,
        "capacity": draw(st.integers(1, 9)),
        "retries": draw(st.integers(0, 3)),
        "devices": draw(st.sampled_from([(), ("left", "right"), ("1",)])),
        "shared": draw(some),
        "set_up": {"time": draw(positive), "parameters": changed} if changed else None,
        "hours": "Mon-Fri 18:00-06:00, Sat 08:00-12:00" if is_at_hours else "always",
        "time_zone": draw(st.sampled_from(["Europe/Berlin", "UTC"])) if is_at_hours else None,
        "holidays": ("2026-12-25", "2027-01-01") if is_at_hours and draw(st.booleans()) else (),
        "consumables": draw(consumables(formula=formula)),
        "time_limit": None if duration is None else draw(st.sampled_from([None, duration * 2])),
    }
    kind = draw(st.sampled_from(["person", "adapter", "simulator"]))
    if kind == "person":
        return Person.model_validate(shared)
    if kind == "adapter":
        settings = draw(st.sampled_from([{}, {"port": 3, "on": [True, None, "off", {"a": 1.5}]}]))
        return Adapter.model_validate({**shared, "adapter": "oven", "settings": settings})
    inputs = draw(st.dictionaries(names(), written(), max_size=2))
    return SimulatedProcess.model_validate({**shared, "simulator": "any", "inputs": inputs})


@st.composite
def specs(draw: st.DrawFn) -> CampaignSpec:
    """Campaigns of every kind of part, without contradictions."""
    given = draw(st.lists(names(), min_size=4, max_size=6, unique=True))
    parameters: dict[str, AnyDeclared] = {given[2]: draw(numbers(name=given[2]))}
    parameters |= {name: draw(parameters_of_any_kind(name)) for name in given[3:]}
    rules: tuple[AnyConstraint, ...] = ()
    if draw(st.booleans()):
        parameters |= RULED
        rules = (draw(st.sampled_from(RULES)),)
    if draw(st.booleans()):
        parameters["ramp_"] = draw(profiles("ramp_"))
    number = draw(number_outcomes(name=given[0]))
    outcomes: dict[str, AnyOutcome] = {number.name: number, **draw(other_outcomes())}
    aimed = draw(st.sampled_from([each for each in (number, outcomes.get("class_")) if each]))
    objective = draw(objectives(outcome=aimed))
    has_goal = isinstance(objective, HitTarget | HitRange) or objective.goal is not None
    # a class has a model of its own
    is_number = aimed is number
    families = ["auto", "gp", "averaged_gp", "robust_gp", "large_gp"] if is_number else ["auto"]
    runner = draw(sources(name=given[1], settable=(given[2],), formula=given[2]))
    ways: dict[str, AnySource] = {given[1]: runner}
    if "image_" in outcomes and draw(st.booleans()):
        measures = ("image_", "file_")
        ways["later_"] = Analysis(name="later_", measures=measures, cost=3.5, duration=86_400.0)
    return CampaignSpec(
        campaign=draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)),
        about=draw(about),
        parameters=parameters,
        constraints=rules,
        outcomes=outcomes,
        objectives=(objective,),
        sources=ways,
        budget=Budget(
            trials=draw(st.integers(20, 500)),
            cost=draw(st.sampled_from([None, 1e15, 1.5e15])),
            currency=draw(st.sampled_from(["", "EUR"])),
            time=draw(st.none() | positive),
        ),
        model=Modelling(family=draw(st.sampled_from(families))),
        policy=Policy(
            aim=draw(st.sampled_from(["optimise", "collect", "learn"])),
            start=draw(st.none() | st.integers(1, 20)),
            approval=draw(st.sampled_from(["automatic", "person"])),
        ),
        stop=StopRule(goal_probability=draw(st.sampled_from([None, 0.9])) if has_goal else None),
        seed=draw(st.integers(0, 2**62 - 1)),
    )


_FRAGMENTS = (
    "{}", "[]", "null", "~", "true", "on", "1e-3", "-1", "1e999", ".nan", "'", '"', ":", ": ", "- ",
    "#", "&a ", "*a", "!!python/object:os.system ", "!x ", "|\n", ">\n", "{", "}", "[", "]", ",",
    "?", "%", "@", "`", "\n", "\n\n", "  ", "---\n", "...\n", "\x00", "\x85", "\ufeff", "é", "💥",
    "kind: table", "kind: integer", "values: [1, 2]", "choices: [a, b]", "scale: log", "unit: K",
    "constraints: [{weights: {temperature: 1}, at_most: 0}]", "9" * 400, "<<: {a: 1}", "=",
    "kind: class", "kind: curve", "kind: contextual", "kind: analysis", "kind: table", "by: mean",
    "levels: [a, b]", "value: 3", "knots: [{at: 0, value: {low: 1, high: 2}}, {at: 5, value: 2}]",
    "mixture: [flow, temperature]", "count: [tubes]", "expression: 1 / (flow - flow)",
    "exclude: {gas: argon}", "optional: true", "shared: [gas]", "hours: Mon-Sun 23:59-00:00",
    "time_zone: Mars/Base", "holidays: [9999-12-31]", "cost: 1 / 0", "use: 9 ** 9 ** 9", "1e-400",
    "duration: 1e30 h", "cost: 5 EUR", "reduce: spectrum", "measures: [size]", "9999-99-99",
    "max_rate: 1e-9", "resolution: 1e-9", "total: 1e-9", "equals: 33.333", "at_least: 7",
)  # fmt: skip


def mutate(text: str, generator: random.Random) -> str:
    """Changes a file in one to five places as slips, pastes and curious people do."""
    for _ in range(generator.randint(1, 5)):
        place = generator.randint(0, len(text))
        lines = text.splitlines(keepends=True) or [""]
        line = generator.randrange(len(lines))
        match generator.randint(0, 5):
            case 0:
                text = text[:place] + generator.choice(_FRAGMENTS) + text[place:]
            case 1:
                text = text[:place] + text[place + generator.randint(1, 8) :]
            case 2:
                del lines[line]
                text = "".join(lines)
            case 3:
                lines.insert(line, generator.choice(lines))
                text = "".join(lines)
            case 4:
                words = lines[line].split(" ")
                words[generator.randrange(len(words))] = generator.choice(_FRAGMENTS)
                lines[line] = " ".join(words)
                text = "".join(lines)
            case 5:
                lines[line] = " " * generator.randint(0, 4) + lines[line]
                text = "".join(lines)
    return text
