"""Random sources, random luck, people who come and go: no rule of the bench is ever broken.

An independent oracle replays the entries (tests/oracles/bench_rules.py). The campaign always ends,
or says what it waits for, and then a person does that.
"""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.campaign import parse_campaign, read_space
from planner.clock import ManualClock
from planner.errors import Refused
from planner.labs import Answer, Order, Reported
from planner.ledger import open_ledger
from planner.loop import people
from planner.loop.dispatch.service import set_service
from planner.loop.results.intake import make_intake
from planner.loop.rules.stock import count_stock
from planner.loop.sessions.opening import open_campaign
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Step, Waiting, advance
from planner.loop.steps.outlook import has_work
from planner.trials import DeviceState, TrialState
from tests.loop.scripted_lab import ScriptedLab, done, failed
from tests.oracles.bench_rules import Rules, check

N_TRIALS = 8
MOST_STEPS = 400
NUMBERS = count(1)  # of ledgers, each of its own
START = datetime(2026, 1, 2, 7, tzinfo=UTC)  # a Friday


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    duration = draw(st.integers(3, 20))
    set_up = draw(st.sampled_from([0, 0, 7]))
    longest = duration + set_up
    return Rules(
        devices=draw(st.sampled_from([(None,), ("left", "right"), ("a", "b", "c")])),
        capacity=draw(st.integers(1, 3)),
        is_shared=draw(st.booleans()),
        opens=9,
        minutes=draw(st.none() | st.integers(longest, 3 * longest)),
        duration_min=duration,
        set_up_min=set_up,
        budget=draw(st.none() | st.integers(4, 24).map(Fraction)),
        cost_per_flow=draw(st.sampled_from([Fraction(0), Fraction(1, 10), Fraction(3, 4)])),
        stock=draw(st.none() | st.integers(6, 30).map(Fraction)),
        analysis_cost=draw(st.sampled_from([Fraction(0), Fraction(1, 2)])),
        queue=draw(st.none() | st.integers(1, 4)),
    )


def file_of(rules: Rules, *, policy: str) -> str:
    source = [f"capacity: {rules.capacity}", f"duration: {rules.duration_min} min", "retries: 1"]
    source += [f"cost: {_cost(rules)}"]
    if rules.devices != (None,):
        source.append(f"devices: [{', '.join(map(str, rules.devices))}]")
    if rules.is_shared:
        source.append("shared: [temperature]")
    if rules.set_up_min:
        source.append(f"set_up: {{time: {rules.set_up_min} min, parameters: [temperature]}}")
    if rules.minutes is not None:
        hour, minute = divmod(rules.opens * 60 + rules.minutes, 60)
        source.append(f"hours: 'Mon-Fri {rules.opens:02}:00-{hour:02}:{minute:02}'")
        source.append("time_zone: UTC")
    if rules.stock is not None:
        source.append(f"consumables: {{salt: {{stock: {float(rules.stock)}, unit: g, use: flow}}}}")
    money = f", cost: {float(rules.budget)} EUR" if rules.budget is not None else ""
    purity = "  purity: {unit: percent}\n" if rules.queue is not None else ""
    icp = (
        f"  icp: {{kind: analysis, measures: [purity], cost: {float(rules.analysis_cost)}, "
        f"queue: {rules.queue}}}\n"
        if rules.queue is not None
        else ""
    )
    family = "auto" if "random" in policy else "gp"
    return (
        "schema: 1\ncampaign: bench\nparameters:\n"
        "  temperature: {values: [100, 110, 120], unit: degC}\n"
        "  flow: {low: 1, high: 5, unit: sccm, resolution: 0.1}\n"
        f"outcomes:\n  yield: {{unit: percent, bounds: [0, 100]}}\n{purity}"
        "objectives: [{aim: maximise, outcome: yield, gain: 1}]\n"
        f"sources:\n  robot: {{kind: adapter, adapter: none, {', '.join(source)}}}\n{icp}"
        f"budget: {{trials: {N_TRIALS}{money}}}\npolicy: {{{policy}}}\n"
        f"model: {{family: {family}}}\nstop: {{failures: 8}}\n"
    )


def _cost(rules: Rules) -> str:
    return f"1 + {float(rules.cost_per_flow)} * flow" if rules.cost_per_flow else "1"


class TickingLab(ScriptedLab):
    """A lab whose runs take their time by the clock, and may fail, be refused or get lost."""

    def __init__(self, clock: ManualClock, duration_min: int, luck: random.Random) -> None:
        super().__init__(self._say)
        self.clock, self.luck, self.duration = clock, luck, timedelta(minutes=duration_min)
        self.ends_at: dict[str, datetime] = {}

    def _say(self, order: Order, _: int) -> Answer:
        self.ends_at[order.key] = self.clock.now() + self.duration * self.luck.uniform(0.5, 1.0)
        match self.luck.randrange(12):
            case 0:
                return failed(order, "the pump stalled")
            case 1:
                return failed(order, "it gelled", by="process")
            case 2:
                return Answer(key=order.key, state=DeviceState.REFUSED, reason="the door is open")
            case 3:
                return Answer(key=order.key, state=DeviceState.UNKNOWN, reason="it was restarted")
        return done(order, **{"yield": 10.0 * order.parameters["flow"].value})  # type: ignore[operator]

    def _state(self, key: str) -> Answer:
        if self.clock.now() >= self.ends_at[key]:
            return self.ends[key]
        return Answer(key=key, state=DeviceState.STARTED)


def play(session: Session, lab: TickingLab, luck: random.Random) -> Step:
    """Runs the campaign to its end, with people who do now and then what they may or must."""
    clock = lab.clock
    for _ in range(MOST_STEPS):
        is_due = has_work(session)
        step = advance(session)
        assert is_due or step.waiting is not Waiting.NOTHING, "a step moved what was not due"
        match step.waiting:
            case Waiting.END:
                return step
            case Waiting.MACHINE:
                assert any(at > clock.now() for at in lab.ends_at.values()), step
                at = min(at for at in lab.ends_at.values() if at > clock.now())
                clock.wait_s((at - clock.now()).total_seconds())
            case Waiting.TIME:
                assert step.until is not None
                assert step.until > clock.now(), step
                clock.wait_s((step.until - clock.now()).total_seconds())
            case Waiting.PERSON:
                assert step.why != "nothing is under way"
                _do_what_is_asked(session, step)
        if luck.random() < 0.2:
            _interfere(session, luck)
    raise AssertionError(f"no end after {MOST_STEPS} steps, waiting for {step}")


def _do_what_is_asked(session: Session, step: Step) -> None:
    """Does what the words ask for; each thing that a campaign can wait for is known here."""
    state, before = session.state, session.state.sequence
    for trial in list(state.open_trials):
        if trial.state is TrialState.IN_DOUBT:
            told = people.Told(reason="looked inside")
            people.resolve(session, trial.number, people.Verdict.NO_RESULT, told)
        elif trial.state is TrialState.RUNNING and trial.handed:
            told = people.Told(outcomes={"yield": Reported(value=7.0)})
            people.tell(session, trial.number, told)
        elif trial.state is TrialState.HELD and "raise budget.cost" in step.why:
            people.abort(session, trial.number, reason="too dear")
    for trial in list(state.trials.values()):
        if "purity" in session.state.awaited(session.state.trial(trial.number)):
            told = people.Told(outcomes={"purity": Reported(value=99.0)})
            people.tell(session, trial.number, told)
            break
    for device in list(state.out_of_service):
        set_service(session, device, in_service=True, reason="mended")
    if "planner stock" in step.why:
        count_stock(session, {"salt": "9.5"}, reason="a new bottle")
    assert session.state.sequence > before, f"nothing could be done about: {step.why}"


def _interfere(session: Session, luck: random.Random) -> None:
    source = session.state.spec.source
    match luck.randrange(3):
        case 0 if source.shared:  # only then do people's trials take the places of machines
            with suppress(Refused):
                people.ask(session, luck.randrange(1, 3))
        case 1:
            device = luck.choice(source.devices) if source.devices else None
            set_service(session, device, in_service=False, reason="a leak")
        case 2 if source.consumables:
            count_stock(session, {"salt": f"{luck.uniform(0, 6):.1f}"}, reason="counted")


def run_one(folder: Path, rules: Rules, seed: int) -> None:
    luck, clock = random.Random(seed), ManualClock(START)
    policy = luck.choice([f"start: {N_TRIALS}", "acquisition: random"])
    spec = parse_campaign(file_of(rules, policy=policy), path="bench.yaml")
    ledger = open_ledger(folder / f"{next(NUMBERS)}.db", clock=clock)
    try:
        lab = TickingLab(clock, rules.duration_min, luck)
        session = Session(
            ledger=ledger,
            state=open_campaign(ledger, spec, author="ada"),
            space=read_space(spec, folder=folder),
            lab=lab,
            intake=make_intake(spec, folder=folder, artifacts=folder / "artifacts"),
            clock=clock,
        )
        step = play(session, lab, luck)
        check(ledger.read("bench"), rules)
        assert step.why
    finally:
        ledger.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench_rules")


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(rules=rules(), seed=st.integers(0, 2**20))
def test_a_few_random_sources_are_never_overrun(folder: Path, rules: Rules, seed: int) -> None:
    run_one(folder, rules, seed)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules=rules(), seed=st.integers(0, 2**20))
def test_random_sources_are_never_overrun(folder: Path, rules: Rules, seed: int) -> None:
    run_one(folder, rules, seed)
