"""State is what the ledger replays to.

``CampaignState`` is a cache of a replay: it changes only by ``fold``, one entry after the other, so
that two processes that have read the same entries hold the same state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import singledispatch
from typing import Any

from planner.campaign import CampaignSpec
from planner.errors import UnknownName
from planner.ledger.entries import (
    LEAVE_OUT,
    TAKE_IN,
    AdjustmentAnswered,
    AdjustmentApproved,
    AdjustmentAsked,
    AlertSent,
    ApprovalGiven,
    CampaignAmended,
    CampaignOpened,
    CampaignStopped,
    CampaignTaken,
    CoverageAlarm,
    Entry,
    FitFailed,
    HeardLate,
    ImportExcluded,
    IntervalsCorrected,
    MessagesRefused,
    ModelsCompared,
    Noted,
    NothingFits,
    ObservationImported,
    OrderKeptBack,
    OrderSent,
    OutcomeGivenUp,
    OutcomesObserved,
    Record,
    ResultArrived,
    ResultQuarantined,
    RunMoved,
    RunOpened,
    ServiceSet,
    StockCounted,
    StopCleared,
    StopLatched,
    TrialExcluded,
    TrialMoved,
    TrialProposed,
    TrialVetoed,
    VerdictGiven,
    WantedSet,
)
from planner.ledger.trial_index import Members, Trials
from planner.space import Configuration
from planner.trials import (
    CHARGED,
    DISPATCHING,
    PENDING,
    PROPOSING,
    TERMINAL_RUNS,
    TERMINAL_TRIALS,
    Adjusted,
    Observation,
    Run,
    RunState,
    Trial,
    TrialState,
    Wanted,
    is_charged,
)

_OPEN = frozenset(TrialState) - TERMINAL_TRIALS
_WITHOUT_RESULT = TERMINAL_TRIALS - {TrialState.COMPLETED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A count of a consumable's stock.

    Args:
        amount: in the consumable's unit.
        at: when it was counted.
        trials: numbers of the trials that had ended by then.
        runs: keys of the runs that had, and so had used their share.
    """

    amount: float
    at: datetime
    trials: frozenset[int]
    runs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedSoFar:
    """What was refused of a device's messages of one kind.

    Args:
        n: how many since the campaign began.
        last: the last record of them.
        at: when it was entered.
    """

    n: int
    last: MessagesRefused
    at: datetime


@dataclass(slots=True)
class CampaignState:
    """A campaign as the entries read so far leave it.

    Args:
        campaign: its name.
        spec: as opened or last amended.
        tables: SHA-256 of each table that the campaign rests on, by title.
        acts: what was done elsewhere, and is entered.
        trials: by number, in the order in which they were proposed.
        imported: measurements from outside the campaign.
        excluded_imports: by number from 1, why one of them is left out.
        counted: by consumable, the last count of its stock.
        nothing_fits: why no trial is proposed although the budget admits some, if that is so.
        out_of_service: by device (None: the whole source), why it is out of service.
        refused: what was refused of messages of devices, by device and what they were.
        unsettled: results in the inbox that no observation or quarantine has settled yet, by
            key and digest.
        late: results that came after their run had ended and wait for a person, likewise.
        stopped: the stop rule that ended it, if one did.
        latched: the emergency stop, while it is on.
        corrected_before: the trial for whose choice the last correction was learned; 0 without one.
        changed: sequence of the last entry that a model could learn from.
        sequence: of the last entry folded.
    """

    campaign: str
    spec: CampaignSpec
    spec_digest: str
    seed: int
    simulated: bool
    opened_at: datetime
    sequence: int
    tables: Mapping[str, str] = field(default_factory=dict)
    epoch: int = 0
    wanted: Wanted = Wanted.RUN
    acts: set[str] = field(default_factory=set)
    trials: Trials = field(default_factory=Trials)
    imported: list[Observation] = field(default_factory=list)
    excluded_imports: dict[int, str] = field(default_factory=dict)
    counted: dict[str, Counted] = field(default_factory=dict)
    nothing_fits: NothingFits | None = None
    out_of_service: dict[str | None, str] = field(default_factory=dict)
    refused: dict[tuple[str | None, str], RefusedSoFar] = field(default_factory=dict)
    unsettled: dict[tuple[str, str], ResultArrived] = field(default_factory=dict)
    late: dict[tuple[str, str], ResultArrived] = field(default_factory=dict)
    stopped: CampaignStopped | None = None
    stopped_at: datetime | None = None
    fit_failures: list[FitFailed] = field(default_factory=list)
    comparisons: list[ModelsCompared] = field(default_factory=list)
    corrections: list[IntervalsCorrected] = field(default_factory=list)
    corrected_before: int = 0
    alarms: list[CoverageAlarm] = field(default_factory=list)
    notes: list[Noted] = field(default_factory=list)
    changed: int = 0
    failures_in_row: int = 0
    last_at: datetime | None = None
    latched: StopLatched | None = None

    def copy(self) -> CampaignState:
        """Returns the same state, to be folded apart from this one; records are never changed."""
        own = {
            each.name: copy(getattr(self, each.name))
            for each in fields(self)
            if isinstance(getattr(self, each.name), list | dict | Trials)
        }
        return replace(self, **own)

    def trial(self, number: int) -> Trial:
        """Returns a trial by its number.

        Raises:
            UnknownName: the campaign has no such trial.
        """
        if number not in self.trials:
            known = f"1 to {len(self.trials)}" if self.trials else "none yet"
            raise UnknownName(f"Campaign {self.campaign!r} has no trial {number} (it has {known}).")
        return self.trials[number]

    @property
    def may_propose(self) -> bool:
        """Whether people want it to propose."""
        return self.latched is None and self.wanted in PROPOSING

    @property
    def may_dispatch(self) -> bool:
        """Whether people want what is approved to be dispatched."""
        return self.latched is None and self.wanted in DISPATCHING

    @property
    def next_trial(self) -> int:
        """Number of the next trial."""
        return self.trials.last + 1

    def in_state(self, *states: TrialState) -> list[Trial]:
        """Returns the trials in any of these states, by number."""
        return self.trials.in_state(*states)

    @property
    def open_trials(self) -> list[Trial]:
        """Trials that have not ended."""
        return self.trials.in_state(*_OPEN)

    @property
    def with_awaited(self) -> list[Trial]:
        """Trials that have ended with outcomes still to come."""
        waiting = self.trials.view(
            "awaited", lambda: Members(lambda each: bool(self.awaited(each)))
        )
        return [self.trials[number] for number in sorted(waiting.numbers)]

    @property
    def pending(self) -> list[Trial]:
        """Trials that the model treats as about to be observed.

        Among them are those that have ended but of which the objective's outcome is still to come.
        """
        name = self.spec.objective.outcome
        ended = (trial for trial in self.with_awaited if name in self.awaited(trial))
        pending = [*self.trials.in_state(*PENDING), *ended]
        return sorted(pending, key=lambda each: each.number)

    def awaited(self, trial: Trial) -> tuple[str, ...]:
        """Returns the outcomes of a completed trial that are still to come."""
        if trial.state is not TrialState.COMPLETED or trial.excluded:
            return ()
        known = trial.observation.outcomes if trial.observation is not None else {}
        return tuple(
            name
            for name, outcome in self.spec.outcomes.items()
            if name not in known
            and name not in trial.given_up
            and getattr(outcome, "reduce", None) not in trial.given_up
        )

    @property
    def observations(self) -> list[Observation]:
        """All that a model conditions on: imported ones first, then trials by number."""
        return [each for _, each in self.named_observations]

    @property
    def named_observations(self) -> list[tuple[str, Observation]]:
        """The same, each with what people call it."""
        imported = (
            (f"imported measurement {number}", each)
            for number, each in self._taken_in
            if not each.failed
        )
        told = (
            (f"trial {trial.number}", trial.observation)
            for trial in self.measured
            if trial.observation is not None and not trial.excluded
        )
        return [*imported, *told]

    @property
    def measured(self) -> list[Trial]:
        """Completed trials, and those whose result came after they had ended otherwise."""
        completed = self.in_state(TrialState.COMPLETED)
        later = self.trials.view("measured later", lambda: Members(is_measured_later)).numbers
        if not later:
            return completed
        found = [*completed, *(self.trials[number] for number in later)]
        return sorted(found, key=lambda each: each.number)

    @property
    def failures(self) -> list[Configuration]:
        """Settings at which the process failed, but for those that are left out of what is learned.

        Imported ones first, then trials by number, as they were asked for.
        """
        imported = [each.configuration for _, each in self._taken_in if each.failed]
        failed = self.in_state(TrialState.FAILED_BY_PROCESS)
        told = (each for each in failed if not each.excluded and each.observation is None)
        return [*imported, *(trial.configuration for trial in told)]

    @property
    def _taken_in(self) -> list[tuple[int, Observation]]:
        """What was imported, by its number, but for what is left out."""
        return [
            (number, each)
            for number, each in enumerate(self.imported, start=1)
            if number not in self.excluded_imports
        ]

    @property
    def n_committed(self) -> int:
        """Trials that count against the budget: charged, reserved, or waiting for approval."""
        used = self.trials.view("charged as used", lambda: Members(_is_charged_as_used)).numbers
        return self.trials.count(*CHARGED, *PENDING) + len(used)

    def run_of(self, key: str) -> tuple[Trial, Run]:
        """Returns the trial and run of a key.

        Raises:
            UnknownName: the campaign has no such run.
        """
        number = int(key.rsplit("/", 2)[1])
        for run in self.trial(number).runs:
            if run.key == key:
                return self.trials[number], run
        raise UnknownName(f"Campaign {self.campaign!r} has no run {key!r}.")


def replay(entries: Iterable[Entry], state: CampaignState | None = None) -> CampaignState | None:
    """Folds entries of one campaign, in order.

    Args:
        entries: those after the state's sequence.
        state: where to go on; None from the beginning. It is changed in place.

    Returns:
        The state; None where there was no entry.
    """
    for entry in entries:
        state = _open(entry) if state is None else fold(state, entry)
    return state


def fold(state: CampaignState, entry: Entry) -> CampaignState:
    """Applies one entry to the state, in place, and returns it."""
    _apply(entry.record, state, entry)
    state.sequence = entry.sequence
    state.last_at = entry.at
    return state


def _open(entry: Entry) -> CampaignState:
    record = entry.record
    if not isinstance(record, CampaignOpened):
        raise AssertionError(f"The first entry of {entry.campaign!r} is a {record.kind!r}.")
    return CampaignState(
        campaign=entry.campaign,
        spec=CampaignSpec.model_validate(record.spec),
        spec_digest=record.spec_digest,
        seed=record.seed,
        simulated=record.simulated,
        tables=record.tables,
        opened_at=entry.at,
        sequence=entry.sequence,
        last_at=entry.at,
    )


@singledispatch
def _apply(record: Record, state: CampaignState, entry: Entry) -> None:
    raise AssertionError(f"No rule folds {type(record).__name__}.")


@_apply.register
def _(record: CampaignAmended, state: CampaignState, entry: Entry) -> None:
    state.spec = CampaignSpec.model_validate(record.spec)
    state.spec_digest = record.spec_digest
    state.tables = record.tables
    state.trials.forget_views()
    state.stopped = state.stopped_at = None
    state.nothing_fits = None
    state.changed = entry.sequence
    state.failures_in_row = 0


@_apply.register
def _(record: CampaignTaken, state: CampaignState, entry: Entry) -> None:
    state.epoch = record.epoch


@_apply.register
def _(record: WantedSet, state: CampaignState, entry: Entry) -> None:
    state.wanted = record.wanted
    if record.act:
        state.acts.add(record.act)
    if record.wanted is Wanted.RUN and state.stopped is not None and state.stopped.failed:
        # a person who asks again after repeated failures says that the cause is mended
        state.stopped = state.stopped_at = None
        state.failures_in_row = 0


@_apply.register
def _(record: CampaignStopped, state: CampaignState, entry: Entry) -> None:
    state.stopped, state.stopped_at = record, entry.at


@_apply.register
def _(record: TrialProposed, state: CampaignState, entry: Entry) -> None:
    state.trials[record.trial] = Trial(
        number=record.trial,
        configuration=record.configuration,
        proposal=record.proposal,
        state=TrialState.PROPOSED,
        proposed_at=entry.at,
        since=entry.at,
        source=record.source,
        handed=record.handed,
    )


@_apply.register
def _(record: TrialMoved, state: CampaignState, entry: Entry) -> None:
    trial = state.trials[record.trial]
    ended = entry.at if record.to in TERMINAL_TRIALS else None
    state.trials[record.trial] = replace(
        trial,
        state=record.to,
        reason=record.reason,
        ended_at=ended,
        held_by=record.held_by,
        since=entry.at,
    )
    if record.to in TERMINAL_TRIALS:
        state.changed = entry.sequence
    if record.to in TERMINAL_TRIALS or record.to is TrialState.APPROVED:
        state.nothing_fits = None  # what it had reserved may be free
    if record.to in (TrialState.FAILED_BY_MACHINE, TrialState.FAILED_BY_PROCESS):
        state.failures_in_row += 1
    elif record.to is TrialState.COMPLETED:
        state.failures_in_row = 0


@_apply.register
def _(record: RunOpened, state: CampaignState, entry: Entry) -> None:
    run = Run(
        key=record.key,
        digest=record.digest,
        number=record.run,
        source=record.source,
        state=RunState.DISPATCHING,
        opened_at=entry.at,
        parent=record.parent,
        device=record.device,
        not_after=record.not_after,
        is_noted=record.is_noted,
    )
    trial = state.trials[record.trial]
    state.trials[record.trial] = replace(trial, runs=(*trial.runs, run))


@_apply.register
def _(record: RunMoved, state: CampaignState, entry: Entry) -> None:
    _, run = state.run_of(record.key)
    has_begun = record.to in (RunState.STARTED, RunState.PAUSED)
    is_known = has_begun or record.to is RunState.ACCEPTED
    began = record.began or run.began or (entry.at if has_begun else None)
    ended = (record.ended or entry.at) if record.to in TERMINAL_RUNS else None
    _replace_run(
        state,
        record.key,
        state=record.to,
        evidence=record.evidence or run.evidence,
        began=began,
        ended=ended,
        heard_at=entry.at,
        acknowledged_at=run.acknowledged_at or (entry.at if is_known else None),
        has_restarted=run.has_restarted or record.has_restarted,
        kept_back="",
        kept_by=None,
        was_never_taken=record.never_taken,
        is_unheard=record.unheard,
    )


@_apply.register
def _(record: HeardLate, state: CampaignState, entry: Entry) -> None:
    _replace_run(state, record.key, heard_late=record.state)


@_apply.register
def _(record: OrderKeptBack, state: CampaignState, entry: Entry) -> None:
    _replace_run(state, record.key, kept_back=record.reason, kept_by=record.by)


@_apply.register
def _(record: AdjustmentAsked, state: CampaignState, entry: Entry) -> None:
    _, run = state.run_of(record.key)
    asked = Adjusted(
        number=record.number,
        digest=record.digest,
        parameters=record.parameters,
        state="approved" if record.approved else "awaiting approval",
        asked_by=entry.author,
        reason=record.reason,
    )
    _replace_run(state, record.key, adjustments=(*run.adjustments, asked))


@_apply.register
def _(record: AdjustmentApproved, state: CampaignState, entry: Entry) -> None:
    _, run = state.run_of(record.key)
    last = run.adjustments[-1]
    approved = replace(last, state="approved", approved_by=(*last.approved_by, entry.author))
    _replace_run(state, record.key, adjustments=(*run.adjustments[:-1], approved))


@_apply.register
def _(record: AdjustmentAnswered, state: CampaignState, entry: Entry) -> None:
    _, run = state.run_of(record.key)
    taken_at = entry.at if record.state == "taken" else None
    answered = replace(
        run.adjustments[-1], state=record.state, said=record.reason, taken_at=taken_at
    )
    _replace_run(state, record.key, adjustments=(*run.adjustments[:-1], answered))


@_apply.register
def _(record: ResultArrived, state: CampaignState, entry: Entry) -> None:
    waiting = state.late if record.late else state.unsettled
    waiting[record.key, record.result_digest] = record


@_apply.register
def _(record: OutcomesObserved, state: CampaignState, entry: Entry) -> None:
    trial = state.trials[record.trial]
    known = trial.observation
    configuration = known.configuration if known is not None else trial.configuration
    part = Observation(
        configuration=record.achieved or configuration,
        outcomes=record.outcomes,
        source=record.source,
        at=entry.at,
        trial=record.trial,
        version=record.version,
        reason=record.reason,
        by=entry.author,
        is_achieved=record.achieved is not None,
    )
    is_achieved = part.is_achieved or (known is not None and known.is_achieved)
    whole = {**(known.outcomes if known is not None else {}), **record.outcomes}
    state.trials[record.trial] = replace(
        trial,
        observation=replace(part, outcomes=whole, is_achieved=is_achieved),
        versions=(*trial.versions, part),
        quarantined=(),
        given_up={name: why for name, why in trial.given_up.items() if name not in whole},
    )
    state.changed = entry.sequence
    if record.key is not None and record.result_digest is not None:
        state.unsettled.pop((record.key, record.result_digest), None)
        state.late.pop((record.key, record.result_digest), None)


@_apply.register
def _(record: OutcomeGivenUp, state: CampaignState, entry: Entry) -> None:
    trial = state.trials[record.trial]
    given_up = {**trial.given_up, record.outcome: record.reason}
    state.trials[record.trial] = replace(trial, given_up=given_up)
    state.changed = entry.sequence
    state.nothing_fits = None


@_apply.register
def _(record: TrialExcluded, state: CampaignState, entry: Entry) -> None:
    trial = state.trials[record.trial]
    reason = (record.reason or "no reason given") if record.excluded else ""
    state.trials[record.trial] = replace(trial, excluded=reason)
    state.changed = entry.sequence


@_apply.register
def _(record: TrialVetoed, state: CampaignState, entry: Entry) -> None:
    trial = state.trials[record.trial]
    state.trials[record.trial] = replace(trial, vetoed=record.reason or "no reason given")
    state.changed = entry.sequence


@_apply.register
def _(record: ImportExcluded, state: CampaignState, entry: Entry) -> None:
    if record.excluded:
        state.excluded_imports[record.number] = record.reason
    else:
        state.excluded_imports.pop(record.number, None)
    state.changed = entry.sequence


@_apply.register
def _(record: StockCounted, state: CampaignState, entry: Entry) -> None:
    ended = frozenset(each.number for each in state.in_state(*TERMINAL_TRIALS))
    runs = (run for trial in state.trials.values() for run in trial.runs)
    state.counted[record.consumable] = Counted(
        amount=record.amount,
        at=entry.at,
        trials=ended,
        runs=frozenset(run.key for run in runs if run.state in TERMINAL_RUNS),
    )
    state.trials.forget_views()  # what they used is counted from here
    state.nothing_fits = None


@_apply.register
def _(record: NothingFits, state: CampaignState, entry: Entry) -> None:
    state.nothing_fits = record


@_apply.register
def _(record: ServiceSet, state: CampaignState, entry: Entry) -> None:
    if record.in_service:
        state.out_of_service.pop(record.device, None)
    else:
        state.out_of_service[record.device] = record.reason


@_apply.register
def _(record: MessagesRefused, state: CampaignState, entry: Entry) -> None:
    place = (record.device, record.what)
    before = state.refused.get(place)
    n = record.n + (before.n if before is not None else 0)
    state.refused[place] = RefusedSoFar(n=n, last=record, at=entry.at)


@_apply.register
def _(record: ResultQuarantined, state: CampaignState, entry: Entry) -> None:
    trial = state.trials[record.trial]
    state.trials[record.trial] = replace(trial, quarantined=record.reasons)
    state.unsettled.pop((record.key, record.result_digest), None)


@_apply.register
def _(record: ObservationImported, state: CampaignState, entry: Entry) -> None:
    state.imported.append(
        Observation(
            configuration=record.configuration,
            outcomes=record.outcomes,
            source=record.source,
            at=record.measured_at or entry.at,
            failed=record.failed,
        )
    )
    state.changed = entry.sequence


@_apply.register
def _(record: FitFailed, state: CampaignState, entry: Entry) -> None:
    state.fit_failures.append(record)


@_apply.register
def _(record: ModelsCompared, state: CampaignState, entry: Entry) -> None:
    state.comparisons.append(record)


@_apply.register
def _(record: IntervalsCorrected, state: CampaignState, entry: Entry) -> None:
    state.corrections.append(record)
    state.corrected_before = state.next_trial  # it is entered before what was chosen with it


@_apply.register
def _(record: CoverageAlarm, state: CampaignState, entry: Entry) -> None:
    state.alarms.append(record)


@_apply.register
def _(record: StopLatched, state: CampaignState, entry: Entry) -> None:
    state.latched = record


@_apply.register
def _(record: StopCleared, state: CampaignState, entry: Entry) -> None:
    state.latched = None


@_apply.register
def _(record: Noted, state: CampaignState, entry: Entry) -> None:
    state.notes.append(record)


@_apply.register
def _(record: VerdictGiven, state: CampaignState, entry: Entry) -> None:
    trial = state.trials[record.trial]
    if record.verdict == LEAVE_OUT:
        for key, digest in list(state.late):
            if any(run.key == key for run in trial.runs):
                del state.late[key, digest]
    elif record.verdict != TAKE_IN:
        state.trials[record.trial] = replace(trial, quarantined=())


@_apply.register
def _(record: ApprovalGiven, state: CampaignState, entry: Entry) -> None:
    trial = state.trials[record.trial]
    state.trials[record.trial] = replace(trial, approved_by=(*trial.approved_by, entry.author))


@_apply.register
def _(record: AlertSent, state: CampaignState, entry: Entry) -> None:
    """What was sent matters to who sends alone."""


@_apply.register
def _(record: OrderSent, state: CampaignState, entry: Entry) -> None:
    if record.command == "start":
        _replace_run(state, record.key, n_sent=record.attempt, handle=record.handle)


def _replace_run(campaign: CampaignState, key: str, /, **changes: Any) -> None:
    trial, _ = campaign.run_of(key)
    runs = tuple(replace(each, **changes) if each.key == key else each for each in trial.runs)
    campaign.trials[trial.number] = replace(trial, runs=runs)


def is_open(run: Run) -> bool:
    """Tells whether an attempt has not ended."""
    return run.state not in TERMINAL_RUNS


def is_measured_later(trial: Trial) -> bool:
    """Tells whether a trial that had ended otherwise has a result all the same."""
    return trial.state in _WITHOUT_RESULT and trial.observation is not None


def _is_charged_as_used(trial: Trial) -> bool:
    return trial.state in TERMINAL_TRIALS - CHARGED and is_charged(trial)
