"""What the ledger records, one record a kind; state is what these replay to.

An entry is validated before it is written and never updated or deleted. A field is never removed
or given another meaning; a new meaning is a new kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue, TypeAdapter

from planner.space import Value
from planner.trials import (
    DeviceState,
    HeldBy,
    KeptBy,
    Measured,
    Proposal,
    RunState,
    TrialState,
    Wanted,
)

LEAVE_OUT = "leave-out"  # the verdict on results that came late, to keep them and no more
TAKE_IN = "take-in"  # the verdict that makes data of one
Command = Literal["start", "abort", "adjust"]  # what an order in the outbox asks of a source


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that holds a lease; enough to tell whether it is still alive.

    Args:
        host: name of the machine.
        pid: process id, which means something only within ``pid_namespace``.
        boot_id: changes whenever the machine starts.
        process_started: seconds after the machine's start, which no change of its clock moves.
        pid_namespace: of a container, which may share the name of its host.
    """

    host: str
    pid: int
    boot_id: str
    process_started: float
    pid_namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignOpened:
    """A campaign begins.

    Args:
        spec: the whole validated campaign file as JSON.
        spec_digest: its hash.
        seed: root seed of every ask.
        simulated: whether any of its sources is a simulation or a replay.
        tables: SHA-256 of each table that it rests on, by title.
    """

    kind: Literal["campaign opened"] = "campaign opened"
    spec: dict[str, JsonValue]
    spec_digest: str
    seed: int
    simulated: bool
    tables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignAmended:
    """Budget, bounds, goals or policy change; a stopped campaign may go on."""

    kind: Literal["campaign amended"] = "campaign amended"
    spec: dict[str, JsonValue]
    spec_digest: str
    changes: tuple[str, ...]
    tables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignTaken:
    """A process takes the campaign's lease; writes of an earlier epoch are refused from now on."""

    kind: Literal["campaign taken"] = "campaign taken"
    epoch: int
    holder: Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSet:
    """People want something else of the campaign.

    Args:
        wanted: run, drain, hold or pause.
        reason: why, in words.
        act: what names an act that was done elsewhere, such as in Prefect's pages; it is entered
            once. Empty for what was said to the planner itself.
    """

    kind: Literal["wanted set"] = "wanted set"
    wanted: Wanted
    reason: str = ""
    act: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStopped:
    """A stop rule ended the campaign.

    Args:
        rule: name of the rule, such as ``budget``.
        reason: why, in a sentence.
        failed: whether it stopped because of repeated failures.
    """

    kind: Literal["campaign stopped"] = "campaign stopped"
    rule: str
    reason: str
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialProposed:
    """A configuration is proposed; the trial is born."""

    kind: Literal["trial proposed"] = "trial proposed"
    trial: int
    configuration: dict[str, Value]
    proposal: Proposal
    source: str | None = None
    handed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMoved:
    """A trial goes from one state to another.

    Args:
        held_by: with the state ``held``: what holds it.
    """

    kind: Literal["trial moved"] = "trial moved"
    trial: int
    to: TrialState
    reason: str = ""
    held_by: HeldBy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOpened:
    """The intent to run a trial: its order lies in the outbox from now on.

    Args:
        order: the message, as the source will read it.
        source: which outbox; for a handed trial the name of the caller who asked.
        not_after: the device refuses the order after this.
        parent: key of the run that this one repeats.
        device: which of the source's devices has it, where it has several.
        is_noted: whether each sending is written down before it leaves, whatever the source's
            class, so that what was never sent can be told from what may have been.
    """

    kind: Literal["run opened"] = "run opened"
    trial: int
    run: int
    key: str
    digest: str
    source: str
    order: dict[str, JsonValue]
    not_after: datetime | None = None
    parent: str | None = None
    device: str | None = None
    is_noted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSent:
    """An order is about to leave for a device that must not get it twice.

    Args:
        attempt: counts the sendings of this order from 1; two drivers cannot both write the same.
        token: fencing token of the driver's lease.
        command: which of the run's orders.
        handle: the device's own, where it has prepared the order and is about to be told to begin.
    """

    kind: Literal["order sent"] = "order sent"
    key: str
    attempt: int
    token: int
    handle: str = ""
    command: Command = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMoved:
    """A run goes from one state to another.

    Args:
        evidence: how we know, in words: the device's answer, a time-out, a person.
        never_taken: whether it ends before its device had it.
        unheard: whether it ends without the device's own word, by a person's verdict.
        began: when it started, by the device's clock, where it says so.
        ended: when it ended, likewise.
        has_restarted: whether the device began anew while the run was under way.
    """

    kind: Literal["run moved"] = "run moved"
    key: str
    to: RunState
    evidence: str = ""
    never_taken: bool = False
    unheard: bool = False
    began: datetime | None = None
    ended: datetime | None = None
    has_restarted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardLate:
    """A device says what became of a run that had ended without its word; the run stays ended."""

    kind: Literal["heard late"] = "heard late"
    key: str
    state: DeviceState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderKeptBack:
    """An order waits: it was not sent, or the device has provably not taken it.

    Args:
        by: ``busy``: the devices are at work for another; ``locked``: they take no order now;
            ``precondition``: a sensor says that nothing may begin; ``clock``: the device's is too
            far from ours; ``person``: the campaign is to dispatch nothing; ``service``: the device
            is out of service; ``limits``: it is outside of those now in force.
        reason: in words, for a person.
    """

    kind: Literal["order kept back"] = "order kept back"
    key: str
    by: KeptBy
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentAsked:
    """Somebody wants a run that is under way to go on with other settings.

    Args:
        number: counts those of the run from 1; two people cannot both ask for the same.
        digest: of the settings.
        parameters: what is to be set otherwise, in the parameters' own units.
        reason: why.
        approved: whether nobody else has to approve it.
    """

    kind: Literal["adjustment asked"] = "adjustment asked"
    key: str
    number: int
    digest: str
    parameters: dict[str, Value]
    reason: str
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentApproved:
    """Another person wants the same; the entry's author says who."""

    kind: Literal["adjustment approved"] = "adjustment approved"
    key: str
    number: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentAnswered:
    """A device's word on a change of a run that is under way.

    Args:
        reason: why it was not taken.
    """

    kind: Literal["adjustment answered"] = "adjustment answered"
    key: str
    number: int
    state: Literal["taken", "refused"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultArrived:
    """A result lies in the inbox; a repeat of the same key and digest is dropped before this.

    Args:
        payload: as the source sent it.
        late: it came after its run had ended, and waits for a person to take it in or leave it.
    """

    kind: Literal["result arrived"] = "result arrived"
    key: str
    result_digest: str
    payload: dict[str, JsonValue]
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesObserved:
    """Outcomes of a trial are accepted as data: all of them, a part, or a correction.

    Args:
        outcomes: those that are new or corrected, in the outcomes' own units; what was known of
            others stays.
        achieved: what the source really set; None where it reports nothing else than is known.
        key: of the run that measured; None for a value that a person told.
        version: counts parts and corrections, from 1.
        reason: of a correction.
        result_digest: of the inbox's row that this settles.
    """

    kind: Literal["outcomes observed"] = "outcomes observed"
    trial: int
    outcomes: dict[str, Measured]
    source: str
    achieved: dict[str, Value] | None = None
    key: str | None = None
    version: int = 1
    reason: str = ""
    result_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeGivenUp:
    """An outcome of a trial will not be measured any more; nothing waits for it."""

    kind: Literal["outcome given up"] = "outcome given up"
    trial: int
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialExcluded:
    """The result of a trial is left out of what models learn from, or taken in again."""

    kind: Literal["trial excluded"] = "trial excluded"
    trial: int
    reason: str
    excluded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialVetoed:
    """A person does not want these settings to be tried: they are not proposed again."""

    kind: Literal["trial vetoed"] = "trial vetoed"
    trial: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportExcluded:
    """An imported measurement is left out of what models learn from, or taken in again.

    Args:
        number: counts the campaign's imported measurements from 1.
    """

    kind: Literal["import excluded"] = "import excluded"
    number: int
    reason: str
    excluded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StockCounted:
    """Somebody counted, or filled up, what is left of a consumable.

    Args:
        amount: what there is now, in the consumable's unit; what open trials will use is in it.
    """

    kind: Literal["stock counted"] = "stock counted"
    consumable: str
    amount: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingFits:
    """No trial is left that what there is suffices for; none is proposed until that changes.

    Args:
        short_of: the consumable that is missing; None for money.
        reason: in words.
    """

    kind: Literal["nothing fits"] = "nothing fits"
    short_of: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSet:
    """A source, or one of its devices, is taken out of service, or comes back.

    Args:
        device: None for all of the source.
    """

    kind: Literal["service set"] = "service set"
    source: str
    device: str | None = None
    in_service: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesRefused:
    """A device has sent what it has no business with; nothing of it was taken.

    A flood of them is one record now and then.

    Args:
        device: under whose name they came; None for the source's only one.
        what: they were: ``news``, ``answers`` or ``status``.
        about: key of the run that the last one was about, as it says; empty for none.
        n: how many since the last such record.
        reason: in words.
    """

    kind: Literal["messages refused"] = "messages refused"
    source: str
    device: str | None = None
    what: Literal["news", "answers", "status"]
    about: str = ""
    n: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultQuarantined:
    """A result failed its checks: kept, not fitted, waiting for a verdict."""

    kind: Literal["result quarantined"] = "result quarantined"
    trial: int
    key: str
    result_digest: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictGiven:
    """A person decides what cannot be known, or what becomes of a result that came late."""

    kind: Literal["verdict given"] = "verdict given"
    trial: int
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven:
    """A person approves a trial; the entry's author says who.

    Args:
        number: counts the approvals of this trial from 1; two people cannot both give the first.
    """

    kind: Literal["approval given"] = "approval given"
    trial: int
    number: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSent:
    """People were told of something that needs them, by one way.

    Args:
        way: by which it was sent, as the campaign file names it.
        about: the kind of alert, such as ``in doubt``.
        alerts: which ones, several where they were joined into one message.
        text: what was said.
    """

    kind: Literal["alert sent"] = "alert sent"
    way: str
    about: str
    alerts: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationImported:
    """A measurement from before the campaign, or from outside it.

    Args:
        failed: why the process failed at these settings; it has no outcomes then.
    """

    kind: Literal["observation imported"] = "observation imported"
    configuration: dict[str, Value]
    outcomes: dict[str, Measured]
    source: str
    measured_at: datetime | None = None
    origin: str = ""
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitFailed:
    """The surrogate could not be fitted; what was done instead is named."""

    kind: Literal["fit failed"] = "fit failed"
    reason: str
    consequence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsCompared:
    """The families of models that decide from now on, and why.

    They were compared on the data at hand, or one took over because others learn from no more.

    Args:
        n: how many observations there were.
        scores: mean log density of held-out results of each family, in nats, standardised; none
            where nothing was compared.
        weights: of the families that are averaged.
        left_out: families that were not compared, or do not count any more, and why.
        words: the same as a sentence.
    """

    kind: Literal["models compared"] = "models compared"
    n: int
    scores: dict[str, float]
    weights: dict[str, float]
    left_out: dict[str, str]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalsCorrected:
    """The model's stated deviations are multiplied by other factors from now on.

    Args:
        known: factor of the deviation where all is known, in the middle.
        unknown: factor where nothing is known.
        tail: how much single forecasts differ from these factors, in the logarithm.
        widths_known: how many times as wide the interval of each level becomes where all is known:
            not by the factor, as the tails grow heavier.
        widths_unknown: the same where nothing is known.
        n_forecasts: how many forecasts with results it was learned from.
        reason: in words.
    """

    kind: Literal["intervals corrected"] = "intervals corrected"
    known: float
    unknown: float
    tail: float = 0.0
    widths_known: dict[str, float] = field(default_factory=dict)
    widths_unknown: dict[str, float] = field(default_factory=dict)
    n_forecasts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageAlarm:
    """Stated intervals do not hold as often as they say, beyond what chance explains.

    Args:
        trial: whose result set it off.
        level: that is farthest off.
        held: how many intervals of that level had held since the last alarm.
        n: of how many.
        chooser: of whose settings, the planner's or people's own; None where they are all.
        reason: in words.
    """

    kind: Literal["coverage alarm"] = "coverage alarm"
    trial: int
    level: float
    held: int
    n: int
    chooser: Literal["chosen", "own"] | None = None
    reason: str

    @property
    def said(self) -> str:
        """The reason, and which trial set it off."""
        return f"{self.reason} The result of trial {self.trial} set it off."


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLatched:
    """Somebody has stopped all devices of the ledger: nothing is dispatched until it is cleared."""

    kind: Literal["stop latched"] = "stop latched"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopCleared:
    """A person has cleared the emergency stop."""

    kind: Literal["stop cleared"] = "stop cleared"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A remark of a person, on a trial or on the campaign."""

    kind: Literal["noted"] = "noted"
    text: str
    trial: int | None = None


Record = Annotated[
    CampaignOpened
    | CampaignAmended
    | CampaignTaken
    | WantedSet
    | CampaignStopped
    | TrialProposed
    | TrialMoved
    | RunOpened
    | OrderSent
    | RunMoved
    | HeardLate
    | OrderKeptBack
    | AdjustmentAsked
    | AdjustmentApproved
    | AdjustmentAnswered
    | ResultArrived
    | OutcomesObserved
    | OutcomeGivenUp
    | TrialExcluded
    | TrialVetoed
    | ImportExcluded
    | StockCounted
    | NothingFits
    | ServiceSet
    | MessagesRefused
    | ResultQuarantined
    | VerdictGiven
    | ApprovalGiven
    | AlertSent
    | ObservationImported
    | FitFailed
    | ModelsCompared
    | IntervalsCorrected
    | CoverageAlarm
    | StopLatched
    | StopCleared
    | Noted,
    Field(discriminator="kind"),
]

RECORDS: TypeAdapter[Record] = TypeAdapter(
    Record,
    config=ConfigDict(
        allow_inf_nan=False,  # a measured NaN is no observation
        ser_json_inf_nan="constants",  # but a payload is kept as the source sent it, NaN and all
        extra="forbid",  # a field of newer software is refused, never dropped
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger.

    Args:
        sequence: total order over all campaigns of the ledger, rising, from 1.
        campaign: name of the campaign.
        at: when it was written, in UTC.
        author: who wrote it: a person's name, or ``planner``.
        schema: number of the ledger's schema that wrote it.
        software: version of the software that wrote it.
        record: what it says.
    """

    sequence: int
    campaign: str
    at: datetime
    author: str
    schema: int
    software: str
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a write was decided on; it is refused as stale when any of it has changed.

    Args:
        epoch: of the campaign's lease; None for a write that needs no lease, such as a person's.
        wanted: the wanted states under which the write still makes sense; None for any.
        spec_digest: of the campaign's file; None for any.
        trials: the states of the named trials.
        runs: the states of runs that the records move.
        source: whose devices' lease is held, with its token; None where nothing is to be sent.
        token: of that lease.
    """

    epoch: int | None = None
    wanted: frozenset[Wanted] | None = None
    spec_digest: str | None = None
    trials: Mapping[int, TrialState] = field(default_factory=dict)
    runs: Mapping[str, RunState] = field(default_factory=dict)
    source: str | None = None
    token: int = 0
