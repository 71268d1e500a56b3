"""A crash at every single point where the loop touches the ledger or the lab, one after the other.

The lab stands for the world: it lives on and counts its acts. After each crash a new process opens
the ledger and goes on; in the end the campaign must look as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from planner.labs import Answer, Attachment, DeliveryClass, Lab, Order, Reported, Series
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Waiting
from planner.loop.steps.inline import run_inline
from planner.trials import TrialState
from planner.trials.values import MOST_INLINE_POINTS
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done
from tests.loop.steps.test_advance import on_the_hill

N_TRIALS = 2
TEXT = campaign_text(budget=f"trials: {N_TRIALS}", policy=f"start: {N_TRIALS}")


class Crash(BaseException):
    """The process dies here; nothing catches it."""


class Fuse:
    """Blows at the n-th touch, before or after it took effect."""

    def __init__(self, n: int, *, after: bool) -> None:
        self.left, self.after, self.touched = n, after, 0

    def around(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def touched(*args: Any, **kwargs: Any) -> Any:
            self.touched += 1
            blows = self.touched == self.left
            if blows and not self.after:
                raise Crash
            result = act(*args, **kwargs)
            if blows:
                raise Crash
            return result

        return touched


def wire(session: Session, fuse: Fuse) -> None:
    """Puts the fuse into every touch of the ledger's writing, of the files and of the lab."""
    session.ledger.append = fuse.around(session.ledger.append)  # type: ignore[method-assign]
    artifacts = session.intake.artifacts
    artifacts.put_curve = fuse.around(artifacts.put_curve)  # type: ignore[method-assign]
    artifacts.put_bytes = fuse.around(artifacts.put_bytes)  # type: ignore[method-assign]
    session.lab = Fused(session.lab, fuse)


class Fused:
    """A lab behind a fuse."""

    def __init__(self, lab: Lab, fuse: Fuse) -> None:
        self.delivery, self.is_repeatable = lab.delivery, lab.is_repeatable
        self.is_person = lab.is_person
        self.submit: Callable[[Order], Answer] = fuse.around(lab.submit)
        self.poll = fuse.around(lab.poll)
        self.abort, self.close = lab.abort, lab.close


def outcome_of(session: Session) -> list[tuple[object, ...]]:
    return [
        (
            trial.number,
            trial.configuration,
            trial.state,
            trial.observation.outcomes,
            len(trial.runs),
        )
        for trial in session.state.trials.values()
        if trial.observation is not None
    ]


def count_touches(make_session: MakeSession, *, latency: int) -> tuple[int, list[Any]]:
    session = make_session(ScriptedLab(on_the_hill, latency=latency), text=TEXT)
    fuse = Fuse(0, after=False)
    wire(session, fuse)
    run_inline(session)
    return fuse.touched, outcome_of(session)


ALL = pytest.mark.slow  # every touch; by default one of four, each time


@pytest.mark.parametrize(
    ("latency", "every"), [(0, 4), pytest.param(0, 1, marks=ALL), pytest.param(2, 1, marks=ALL)]
)
def test_a_crash_at_any_touch_leaves_a_campaign_like_one_that_was_not_killed(
    make_session: MakeSession, latency: int, every: int
):
    touches, undisturbed = count_touches(make_session, latency=latency)
    assert touches > 4 * N_TRIALS
    for n in range(1, touches + 1, every):
        for after in (False, True):
            lab = ScriptedLab(on_the_hill, latency=latency)
            ledger = f"crash-{n}-{after}.db"
            session = make_session(lab, text=TEXT, ledger=ledger)
            wire(session, Fuse(n, after=after))
            with pytest.raises(Crash):
                run_inline(session)
            again = make_session(lab, text=TEXT, ledger=ledger)
            assert run_inline(again).waiting is Waiting.END
            assert outcome_of(again) == undisturbed, f"touch {n}, after={after}"
            assert set(lab.acts.values()) == {1}, f"touch {n}, after={after}: {lab.acts}"
            assert set(lab.acts) == {f"bench/{k}/1" for k in range(1, N_TRIALS + 1)}


FILES = """
schema: 1
campaign: bench
parameters: {temperature: {low: 100, high: 150, unit: degC}}
outcomes:
  spectrum: {kind: curve, x_unit: nm}
  peak: {unit: nm, reduce: spectrum, by: peak_position}
  photo: {kind: image}
objectives: [{aim: maximise, outcome: peak}]
sources: {robot: {kind: adapter, adapter: none}}
budget: {trials: 1}
policy: {start: 1}
"""


def with_files(order: Order, n: int) -> Answer:
    top = 600 - float(order.parameters["temperature"].value)
    x = tuple(400 + 0.25 * i for i in range(MOST_INLINE_POINTS + 1))
    series = Series(x=x, y=tuple(1 / (1 + abs(each - top)) for each in x))
    photo = Attachment(name="vial.png", content=b"\x89PNG", media_type="image/png")
    return done(order, spectrum=Reported(value=series), photo=Reported(value=photo))


def test_a_crash_while_files_are_kept_loses_nothing_and_names_nothing_that_is_not_there(
    make_session: MakeSession,
):
    """The file comes before the entry that names it, so whatever the ledger names is there."""
    session = make_session(ScriptedLab(with_files), text=FILES)
    fuse = Fuse(0, after=False)
    wire(session, fuse)
    run_inline(session)
    undisturbed = outcome_of(session)
    assert len(undisturbed) == 1
    for n in range(1, fuse.touched + 1):
        after = n % 2 == 0
        lab = ScriptedLab(with_files)
        ledger = f"files-{n}-{after}.db"
        session = make_session(lab, text=FILES, ledger=ledger)
        wire(session, Fuse(n, after=after))
        with pytest.raises(Crash):
            run_inline(session)
        again = make_session(lab, text=FILES, ledger=ledger)
        assert run_inline(again).waiting is Waiting.END
        assert outcome_of(again) == undisturbed, f"touch {n}, after={after}"
        assert set(lab.acts.values()) == {1}
        for measured in again.state.trials[1].observation.outcomes.values():
            sha256 = getattr(measured.value, "sha256", None)
            assert sha256 is None or again.intake.artifacts.get_bytes(sha256)


def test_a_lab_that_forgets_keys_is_caught_by_the_count_of_acts(make_session: MakeSession):
    """The negative control: without keys a crash between act and answer acts twice."""

    class Forgetful(ScriptedLab):
        def submit(self, order: Order) -> Answer:
            self.ends.clear()
            return super().submit(order)

        def poll(self, keys: Sequence[str]) -> dict[str, Answer]:
            return {}

    twice = 0
    for n in range(1, 8):
        lab = Forgetful(on_the_hill)
        session = make_session(lab, text=TEXT, ledger=f"forgets-{n}.db")
        wire(session, Fuse(n, after=True))
        with pytest.raises(Crash):
            run_inline(session)
        again = make_session(lab, text=TEXT, ledger=f"forgets-{n}.db")
        run_inline(again)
        twice += any(count > 1 for count in lab.acts.values())
        assert again.state.in_state(TrialState.COMPLETED)
    assert twice > 0


@pytest.mark.parametrize(
    ("after", "every"),
    [(True, 2), pytest.param(True, 1, marks=ALL), pytest.param(False, 1, marks=ALL)],
)
def test_a_source_that_knows_no_keys_never_acts_twice_and_doubt_is_the_worst_that_comes(
    make_session: MakeSession, after: bool, every: int
):
    def wired(n: int, ledger: str) -> tuple[Session, ScriptedLab, Fuse]:
        lab = ScriptedLab(on_the_hill, latency=1, delivery=DeliveryClass.FIRE_AND_OBSERVE)
        session = make_session(lab, text=TEXT, ledger=ledger)
        fuse = Fuse(n, after=after)
        wire(session, fuse)
        return session, lab, fuse

    session, lab, fuse = wired(0, "whole.db")
    run_inline(session)
    assert [trial.state for trial in session.state.trials.values()] == [TrialState.COMPLETED] * 2
    doubts = 0
    for n in range(1, fuse.touched + 1, every):
        session, lab, _ = wired(n, f"deaf-{n}.db")
        with pytest.raises(Crash):
            run_inline(session)
        again = make_session(lab, text=TEXT, ledger=f"deaf-{n}.db")
        run_inline(again)
        states = [trial.state for trial in again.state.trials.values()]
        assert set(states) <= {TrialState.COMPLETED, TrialState.IN_DOUBT}, f"touch {n}"
        assert set(lab.acts.values()) == {1}, f"touch {n}: {lab.acts}"
        doubts += states.count(TrialState.IN_DOUBT)
    # only where the order was about to leave, and before the device could be asked about it
    assert doubts > 0
