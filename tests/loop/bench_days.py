"""A campaign half-way: what a person has in hand, what is told, what a machine has."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from planner.campaign import parse_campaign, read_space
from planner.clock import Clock, ManualClock
from planner.labs import PersonLab, Reported
from planner.ledger import open_ledger
from planner.ledger.backup import backup
from planner.ledger.entries import Record, TrialMoved, TrialProposed
from planner.loop import people
from planner.loop.dispatch.orders import open_run
from planner.loop.people.rehearsal import Rehearsal
from planner.loop.results.intake import make_intake
from planner.loop.sessions.opening import open_campaign
from planner.loop.sessions.session import Session
from planner.space import Value
from planner.trials import Proposal, TrialState

BENCH = """
schema: 1
campaign: bench
parameters:
  temperature: {low: 100, high: 150, unit: degC, resolution: 1}
  catalyst: {choices: [P1-L1, P2-L1, 1-2]}
  humidity: {kind: contextual, low: 20, high: 80, unit: rh_percent}
outcomes:
  yield: {unit: percent, bounds: [0, 100]}
  phase: {kind: class, classes: [cubic, amorphous]}
  size: {unit: nm, bounds: [0, 1000]}
objectives: [{aim: maximise, outcome: yield, gain: 1}]
sources:
  robot: {kind: adapter, adapter: none}
  tem: {kind: analysis, measures: [size]}
budget: {trials: 12}
model: {family: gp}
"""


def for_a_class(text: str) -> str:
    """Returns the campaign with a class that is wanted, which has a model of its own."""
    aim = "{aim: maximise, outcome: yield, gain: 1}"
    assert aim in text
    text = text.replace(aim, "{aim: class, outcome: phase, wanted: [cubic]}")
    return text.replace("model: {family: gp}\n", "")


@contextmanager
def bench_day(
    folder: Path, *, text: str = BENCH, clock: Clock | None = None, author: str = "ada"
) -> Iterator[Session]:
    """Opens the campaign; a second call is another person at the same ledger."""
    clock = clock or ManualClock(datetime(2026, 1, 5, 8, tzinfo=UTC))
    spec = parse_campaign(text, path="bench.yaml")
    ledger = open_ledger(folder / "ledger.db", clock=clock)
    try:
        yield Session(
            ledger=ledger,
            state=open_campaign(ledger, spec, author=author),
            space=read_space(spec, folder=folder),
            lab=PersonLab(),
            intake=make_intake(spec, folder=folder, artifacts=folder / "artifacts"),
            clock=clock,
            author=author,
        )
    finally:
        ledger.close()


def settings(
    temperature: float, catalyst: str = "P1-L1", humidity: float = 50.0
) -> dict[str, Value]:
    return {"temperature": temperature, "catalyst": catalyst, "humidity": humidity}


def hand_out(
    session: Session, configuration: Mapping[str, Value], *, to_robot: bool = False
) -> int:
    """Hands a trial out, or dispatches it, without any model."""
    state = session.refresh()
    number = state.next_trial
    source = "robot" if to_robot else session.author
    proposal = Proposal(origin="start", reason="It fills the space.", seed=1)
    begun: list[Record] = [
        TrialProposed(
            trial=number,
            configuration=dict(configuration),
            proposal=proposal,
            source=source,
            handed=not to_robot,
        ),
        TrialMoved(trial=number, to=TrialState.APPROVED),
    ]
    rehearsal = Rehearsal(state, author=session.author, now=session.clock.now())
    rehearsal.play(begun)
    session.write(
        [*begun, *open_run(rehearsal.state, rehearsal.state.trial(number), source=source)]
    )
    return number


def tell(session: Session, number: int, **values: float | str) -> str:
    """Tells outcomes of one trial."""
    outcomes = {name: Reported(value=value) for name, value in values.items()}
    return people.tell(session, number, people.Told(outcomes=outcomes))


@contextmanager
def begun_day(folder: Path) -> Iterator[Session]:
    """Opens a campaign half-way, as ``begin_day`` leaves it; quick, from a copy of its ledger."""
    (folder / "ledger.db").write_bytes(_begun_ledger())
    with bench_day(folder) as session:
        yield session


@cache
def _begun_ledger() -> bytes:
    with tempfile.TemporaryDirectory() as made:
        with bench_day(Path(made)) as session:
            begin_day(session)
            backup(session.ledger, Path(made) / "copy.db")
        return (Path(made) / "copy.db").read_bytes()


def begin_day(session: Session) -> None:
    """Trials 1 to 4 are in hand, 5 is told but for its size, 6 failed, 7 runs at the robot."""
    for temperature in (110, 120, 130, 140, 115, 125):
        hand_out(session, settings(temperature))
    tell(session, 5, **{"yield": 62.0, "phase": "cubic"})
    people.tell(session, 6, people.Told(failed="process", reason="it gelled"))
    hand_out(session, settings(135, "P2-L1"), to_robot=True)
