"""Asking: the next trials, handed to a person or script that will tell what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from planner.campaign.words.phrases import listed
from planner.errors import InputError, Refused, StaleWrite
from planner.labs import Reported
from planner.ledger.entries import CampaignStopped, Record
from planner.ledger.replay import CampaignState
from planner.loop.deciding.chosen import with_remark
from planner.loop.deciding.propose import decide, proposal_records
from planner.loop.deciding.stopping import NOTHING_LEFT, assess, how_to_go_on, is_settled
from planner.loop.dispatch.expiring import expire
from planner.loop.dispatch.orders import open_run
from planner.loop.people.handing_out import check_chosen, devices_of, plan_hand_out
from planner.loop.people.rehearsal import Rehearsal
from planner.loop.people.settings import read_settings
from planner.loop.rules.budget import budget_left
from planner.loop.rules.samples import samples_waiting
from planner.loop.sensors.sensed import sense_now
from planner.loop.sessions.session import Session
from planner.loop.timetable.setup_order import SetUp, SetUpOrder, order_to_save_set_up
from planner.space import Configuration, SearchSpace, Value
from planner.trials import Trial, TrialState, is_charged


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person wants of the next trials, for one ask.

    Args:
        lock: parameters that are held at a value; what is measured and not set is its context.
        avoid: combinations that are left out.
        context: what is measured now and not set, such as the humidity.
    """

    lock: Mapping[str, Reported] = field(default_factory=dict)
    avoid: Sequence[Mapping[str, Reported]] = ()
    context: Mapping[str, Reported] = field(default_factory=dict)


NO_WISHES = Wishes()


def ask(session: Session, n: int, *, wishes: Wishes = NO_WISHES) -> list[Trial]:
    """Hands the next ``n`` trials to who asks: approved, with an open run, pending until told.

    Where a stop rule is met none is handed out, and the campaign has stopped once nothing is under
    way, as with an engine.

    Raises:
        InputError: ``n`` is not above 0, or a wish is outside its domain or leaves nothing.
        Refused: a stop rule is met, or budget, stock, places or hours do not admit as many.
        StaleWrite: another asked or told in between; ask again.
    """
    if n < 1 or n != int(n):
        raise InputError(f"Ask for one trial or several, not {n}.")
    session.refresh()
    expire(session)  # what has expired keeps no place and no part of the budget
    _check_going_on(session)
    state = session.state
    _check_budget(state, n)
    space, remark = _restrict(session.space, wishes)
    space, sensed = sense_now(session, space)
    now = session.clock.now()
    plan = plan_hand_out(state, space, n, now=now)
    chosen = with_remark(
        with_remark(decide(state, plan.space, q=n, whole=session.space), remark), sensed
    )
    check_chosen(state, chosen, plan=plan, n=n)
    if not chosen.picks:
        if not remark:
            _refuse_to_go_on(session, NOTHING_LEFT)
        raise Refused(
            f"Campaign {state.campaign!r} has no configuration left within these wishes that was "
            f"not tried."
        )
    first = state.next_trial
    records = proposal_records(state, chosen, handed_to=session.author)
    devices = devices_of(state, chosen, plan=plan, now=now)
    records += _open_runs(session, state, records, devices)
    session.write(records, is_decision=True)
    numbers = range(first, first + len(chosen.picks))
    return [session.state.trial(number) for number in numbers]


def order_to_run(state: CampaignState, trials: Sequence[Trial]) -> tuple[list[Trial], SetUpOrder]:
    """Returns trials in the order in which changing the set-up takes least time, and the times."""
    set_up = state.spec.source.set_up
    costs = [SetUp(set_up.time, set_up.parameters)] if set_up is not None else []
    found = order_to_save_set_up(
        [trial.configuration for trial in trials],
        costs,
        now=_set_up_now(state, trials) if costs else None,
    )
    return [trials[index] for index in found.order], found


def trials_to_tell(state: CampaignState, *, author: str) -> list[Trial]:
    """Returns what a person has in hand: open trials of theirs, and those with outcomes to come."""
    is_persons = state.spec.source.kind == "person"
    return [
        trial
        for trial in state.trials.values()
        if state.awaited(trial)
        or (
            trial.state in (TrialState.RUNNING, TrialState.IN_DOUBT)
            and (is_persons or (trial.handed and trial.source == author))
        )
    ]


def _check_going_on(session: Session) -> None:
    """Accepts a campaign that no stop rule ends, those of an engine; of some a model tells."""
    state = session.state
    stop = state.stopped or assess(state, session.space, now_s=session.now_s)
    if stop is not None:
        _refuse_to_go_on(session, stop)


def _refuse_to_go_on(session: Session, stop: CampaignStopped) -> NoReturn:
    """Refuses, and enters that the campaign has stopped where nothing under way may change it."""
    seen = session.state.sequence
    state = session.refresh()
    if state.stopped is None and state.sequence != seen:
        raise StaleWrite(
            f"Campaign {state.campaign!r} has changed while its stop rules were looked at: ask "
            f"again."
        )
    if state.stopped is None and is_settled(state):
        session.write([stop], is_decision=True)
    if state.stopped is not None:
        is_budget = state.stopped.rule == "budget"
        own = "" if is_budget else " A trial of your own is possible all the same: planner propose."
        raise Refused(
            f"Campaign {state.campaign!r} has stopped: {state.stopped.reason}. "
            f"{how_to_go_on(state.stopped, has_ended=True)}{own}"
        )
    raise Refused(
        f"Campaign {state.campaign!r} hands out no more trials: {stop.reason}. What comes of "
        f"{_under_way(state)} may change that. {how_to_go_on(stop, has_ended=False)}"
    )


def _under_way(state: CampaignState) -> str:
    """Names the trials that keep a campaign from being settled."""
    numbers = {each.number for each in state.open_trials}
    numbers.update(number for each in samples_waiting(state) for number in each.trials)
    noun = "trial" if len(numbers) == 1 else "trials"
    return f"{noun} {listed(map(str, sorted(numbers)))}"


def _check_budget(state: CampaignState, n: int) -> None:
    left = budget_left(state)
    if n > left:
        raise Refused(
            f"The budget of campaign {state.campaign!r} admits {left} more trials, not {n}. "
            f"Ask for fewer, or raise budget.trials and enter it: planner amend FILE."
        )


def _restrict(space: SearchSpace, wishes: Wishes) -> tuple[SearchSpace, str]:
    """Returns what may be chosen, and a sentence on the wishes for the reasons."""
    for name in wishes.context:
        if name not in space.contextual and name in space.names:
            raise InputError(
                f"{name!r} is set, not measured, so it is no context. Hold it: --lock {name}=VALUE."
            )
    lock = read_settings({**wishes.context, **wishes.lock}, space)
    avoid = [read_settings(each, space) for each in wishes.avoid]
    if not lock and not avoid:
        return space, ""
    parts = [f"with {_in_words(lock, space)}"] if lock else []
    parts += [f"without {_in_words(each, space)}" for each in avoid]
    # what nobody named stays as it was last measured; decide adds that
    return space.restricted(lock, avoid), f"Asked {', '.join(parts)}."


def _in_words(values: Mapping[str, Value], space: SearchSpace) -> str:
    shown = {name: v if isinstance(v, str) else f"{v:g}" for name, v in values.items()}
    return " and ".join(f"{n} {v}{space.parameter(n).unit_words}" for n, v in shown.items())


def _open_runs(
    session: Session,
    state: CampaignState,
    proposed: Sequence[Record],
    devices: Sequence[str | None],
) -> list[Record]:
    """Returns the runs of trials that are about to be proposed: one transaction for all."""
    rehearsal = Rehearsal(state, author=session.author, now=session.clock.now())
    rehearsal.play(proposed)
    new = [trial for n, trial in rehearsal.state.trials.items() if n not in state.trials]
    return [
        record
        for trial, device in zip(new, devices, strict=True)
        for record in open_run(rehearsal.state, trial, source=session.author, device=device)
    ]


def _set_up_now(state: CampaignState, trials: Sequence[Trial]) -> Configuration | None:
    """Returns the settings of the trial that was run last, if any: the bench is still set to it."""
    asked = {trial.number for trial in trials}
    ran = [
        trial
        for trial in state.trials.values()
        if is_charged(trial) and trial.ended_at is not None and trial.number not in asked
    ]
    last = max(ran, key=lambda trial: (trial.ended_at, trial.number), default=None)
    return last.configuration if last is not None else None
