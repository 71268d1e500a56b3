"""Trials of a person's own: proposed with the model's prediction, or told after they were run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.campaign import Person
from planner.errors import InputError, Refused
from planner.labs import Reported
from planner.ledger.entries import Record, TrialMoved, TrialProposed
from planner.ledger.replay import CampaignState
from planner.loop.deciding.stopping import how_to_go_on
from planner.loop.dispatch.orders import open_run
from planner.loop.people.deciding import Decided, decide_and_write
from planner.loop.people.handing_out import check_own
from planner.loop.people.rehearsal import Rehearsal
from planner.loop.people.results import is_same_value
from planner.loop.people.settings import read_trial
from planner.loop.rules.approval import first_move
from planner.loop.rules.budget import budget_left
from planner.loop.sessions.session import Session
from planner.space import Configuration, SearchSpace
from planner.space.checking import refuse_between_steps
from planner.trials import Proposal, Trial, TrialState

if TYPE_CHECKING:
    from planner.loop.people.comparing import Compared, Expected

_TOLD_ALL_THE_SAME = (
    "What you have run already can still be told: as a row of a table without a trial number."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A trial of a person's own that was entered.

    Args:
        trial: as it is now.
        compared: with the planner's own choice, made before.
        repeats: earlier trials with the same settings: this one is a replicate of them.
        notes: sentences on what was filled in.
    """

    trial: Trial
    compared: Compared
    repeats: tuple[int, ...]
    notes: tuple[str, ...] = ()


def propose(
    session: Session,
    values: Mapping[str, Reported],
    *,
    reason: str = "",
    by_hand: bool = False,
) -> Proposed:
    """Enters a trial of a person's own, with what the model expects of it.

    It is the person's to run where the campaign's source is a person or ``by_hand`` is said;
    otherwise it is dispatched like any other, after approval where the policy asks for it. A stop
    rule that is met ends what the planner chooses, not this; a budget that is used up does.

    Args:
        session: whose campaign.
        values: of all parameters that are set; their units may differ.
        reason: why this trial.
        by_hand: whether the person runs it although a machine is the source.

    Raises:
        InputError: a value is missing or outside its domain, between two steps of a machine, or a
            constraint is broken.
        Refused: budget, stock, places or hours do not admit it.
    """
    state = session.refresh()
    _check_budget(state)
    space = session.space
    configuration, notes = read_trial(values, state, space)
    is_mine = by_hand or isinstance(state.spec.source, Person)
    if not is_mine and space.rows is None:
        for parameter in space.parameters:
            refuse_between_steps(parameter, configuration[parameter.name])
    if space.rows is not None and not space.is_admissible(configuration):
        if not is_mine:
            raise InputError(
                f"These settings are not among the {len(space.rows)} candidates, so source "
                f"{state.spec.source.name!r} cannot run them. Run them yourself (--by-hand), or "
                f"choose a candidate."
            )
        notes = (*notes, f"Not among the {len(space.rows)} candidates.")
    # the models take seconds to import, which nobody who tells should wait for
    from planner.loop.people.comparing import compare

    compared = compare(state, space, configuration)
    number = 0

    def decide() -> Decided:
        nonlocal number
        number = session.state.next_trial
        now = session.clock.now()
        device = check_own(session.state, configuration, now=now, is_handed=is_mine)
        proposal = own_proposal(session, session.state, compared.own, reason=reason)
        records = (
            own_records(session, session.state, proposal, configuration, device=device)
            if is_mine
            else _for_the_source(session.state, proposal, configuration)
        )
        return Decided(says="", records=tuple(records))

    repeats = find_repeats(state, space, configuration)
    decide_and_write(session, decide)
    return Proposed(
        trial=session.state.trial(number), compared=compared, repeats=repeats, notes=notes
    )


def find_repeats(
    state: CampaignState, space: SearchSpace, configuration: Configuration
) -> tuple[int, ...]:
    """Returns the trials that were run, or are to be run, at the same settings.

    What is measured and not set, such as the humidity, may differ.
    """
    set_up = {n: value for n, value in configuration.items() if n not in space.contextual}
    never_run = (TrialState.REJECTED, TrialState.EXPIRED, TrialState.SUPERSEDED)
    return tuple(
        trial.number
        for trial in state.trials.values()
        if trial.state not in never_run and has_settings(trial.configuration, set_up)
    )


def has_settings(one: Configuration, other: Configuration) -> bool:
    """Tells whether a configuration has these values."""
    return all(is_same_value(one[name], value) for name, value in other.items())


def own_proposal(
    session: Session, state: CampaignState, expected: Expected, *, reason: str
) -> Proposal:
    """Returns the proposal of a person, with the prediction that was made before."""
    name = state.spec.objective.outcome
    return Proposal(
        origin="person",
        reason=reason.strip() or f"A trial of {session.author}'s own.",
        seen=state.sequence,
        predictions={name: expected.prediction} if expected.prediction is not None else {},
        probability=expected.probability,
        model_version=expected.model_version,
    )


def own_records(
    session: Session,
    state: CampaignState,
    proposal: Proposal,
    configuration: Configuration,
    *,
    device: str | None = None,
) -> list[Record]:
    """Returns the records of a trial that the person runs: proposed, approved, with a run."""
    number = state.next_trial
    rehearsal = Rehearsal(state, author=session.author, now=session.clock.now())
    begun: list[Record] = [
        TrialProposed(
            trial=number,
            configuration=dict(configuration),
            proposal=proposal,
            source=session.author,
            handed=True,
        ),
        TrialMoved(trial=number, to=TrialState.APPROVED, reason=f"{session.author}'s own"),
    ]
    rehearsal.play(begun)
    trial = rehearsal.state.trial(number)
    run = open_run(rehearsal.state, trial, source=session.author, device=device)
    return [*begun, *run]


def _for_the_source(
    state: CampaignState, proposal: Proposal, configuration: Configuration
) -> list[Record]:
    number = state.next_trial
    return [
        TrialProposed(
            trial=number,
            configuration=dict(configuration),
            proposal=proposal,
            source=state.spec.source.name,
        ),
        first_move(state, number, configuration),
    ]


def _check_budget(state: CampaignState) -> None:
    """Accepts one more trial of a person's own: other stop rules end what the planner chooses."""
    stop = state.stopped
    if stop is not None and stop.rule == "budget":
        raise Refused(
            f"Campaign {state.campaign!r} has stopped: {stop.reason}. "
            f"{how_to_go_on(stop, has_ended=True)} {_TOLD_ALL_THE_SAME}"
        )
    if budget_left(state) < 1:
        raise Refused(
            f"The budget of campaign {state.campaign!r} admits no more trials. Raise it in the "
            f"file and enter that: planner amend FILE. {_TOLD_ALL_THE_SAME}"
        )
