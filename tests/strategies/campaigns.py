"""Campaigns: records of every kind, and seeded mutations of campaign files."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from planner.campaign import (
    AnyObjective,
    AnySource,
    Budget,
    CampaignSpec,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
    NumberOutcome,
    Person,
    Policy,
    SimulatedProcess,
    StopRule,
)
from tests.strategies.parameters import names, parameters, ranges, written

positive = written().map(abs).filter(bool)
about = st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def outcomes(draw: st.DrawFn, *, name: str) -> NumberOutcome:
    """With and without bounds, expectation and noise."""
    low, high = draw(ranges())
    bounds = draw(st.sampled_from([(None, None), (low, None), (None, high), (low, high)]))
    return NumberOutcome(
        name=name,
        unit=draw(st.sampled_from(["1", "percent", "nm", "degC"])),
        about=draw(about),
        bounds=bounds,
        expected=draw(st.sampled_from([None, (low, high)])),
        noise=draw(st.none() | positive),
    )


@st.composite
def objectives(draw: st.DrawFn, *, outcome: NumberOutcome) -> AnyObjective:
    """Every aim; what is wanted is possible."""
    ends = [end for end in outcome.bounds if end is not None] or [0.0]
    goal = draw(st.none() | st.sampled_from(ends))
    gain = draw(st.none() | positive)
    kinds: list[AnyObjective] = [
        Maximise(outcome=outcome.name, gain=gain, goal=goal),
        Minimise(outcome=outcome.name, gain=gain, goal=goal),
        HitTarget(outcome=outcome.name, target=ends[0], tolerance=draw(positive)),
    ]
    if len(ends) == 2:
        kinds.append(HitRange(outcome=outcome.name, low=ends[0], high=ends[1]))
    return draw(st.sampled_from(kinds))


@st.composite
def sources(draw: st.DrawFn, *, name: str) -> AnySource:
    """A person or a simulator."""
    shared = {
        "name": name,
        "about": draw(about),
        "cost": draw(st.just(0.0) | positive),
        "duration": draw(st.none() | positive),
        "capacity": draw(st.integers(1, 9)),
        "retries": draw(st.integers(0, 3)),
    }
    if draw(st.booleans()):
        return Person.model_validate(shared)
    inputs = draw(st.dictionaries(names(), written(), max_size=2))
    return SimulatedProcess.model_validate({**shared, "simulator": "any", "inputs": inputs})


@st.composite
def specs(draw: st.DrawFn) -> CampaignSpec:
    """Campaigns without contradictions."""
    words = draw(st.lists(names(), min_size=3, max_size=6, unique=True))
    outcome = draw(outcomes(name=words[0]))
    objective = draw(objectives(outcome=outcome))
    has_goal = isinstance(objective, HitTarget | HitRange) or objective.goal is not None
    return CampaignSpec(
        campaign=draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)),
        about=draw(about),
        parameters={name: draw(parameters(name)) for name in words[2:]},
        outcomes={outcome.name: outcome},
        objectives=(objective,),
        sources={words[1]: draw(sources(name=words[1]))},
        budget=Budget(
            trials=draw(st.integers(20, 500)), time=draw(st.none() | positive)
        ),
        policy=Policy(
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
