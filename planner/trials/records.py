"""Proposal, trial, run and observation: what the ledger replays to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from planner.space import Configuration, Value
from planner.trials.states import DeviceState, RunState, TrialState
from planner.trials.values import OutcomeValue
from planner.trials.why import Search, Why

Origin = Literal["start", "model", "fallback", "person", "random"]
# what keeps an approved trial from a device
HeldBy = Literal["interlock", "limits", "shortage", "person", "late word"]
# what keeps an order from being sent or taken
KeptBy = Literal["busy", "locked", "precondition", "clock", "person", "service", "limits"]
AdjustmentState = Literal["awaiting approval", "approved", "taken", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The whole distribution of the next single run, before the outcome's bounds cut it off.

    A mixture of normals that is stretched about its mean: with weight ``w_i v_j`` the outcome is
    normal around ``mean + c_j (m_i - mean)`` with deviation ``c_j s_i``. Any interval, density and
    score follows from it, so a forecast can be judged at every level once the result is known.

    Args:
        means: of the model's components, ``m``, in the outcome's unit.
        sds: of one run by component, noise included, ``s``.
        weights: of the components, ``w``; they sum to one.
        scales: by which the intervals were corrected, ``c``; 1 where they were not.
        scale_weights: of the scales, ``v``; they sum to one.
        sd: of the process as the model alone stated it.
        noise_sd: of one run around the process, likewise.
        prior_sd: of the process before anything was measured, likewise.
    """

    means: tuple[float, ...]
    sds: tuple[float, ...]
    weights: tuple[float, ...]
    scales: tuple[float, ...] = (1.0,)
    scale_weights: tuple[float, ...] = (1.0,)
    sd: float
    noise_sd: float
    prior_sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a model expected of an outcome before it was measured.

    Args:
        mean: in the outcome's unit.
        sd: deviation of the mean, that is of the latent function (epistemic).
        sd_run: deviation of the next single run, noise included.
        low: lower end of the interval for the next single run.
        high: its upper end.
        level: probability that the interval states, such as 0.9.
        classes: probability of each class, where the outcome is one; they sum to one.
        spread: the whole distribution of the next single run; None where the outcome is a class.
    """

    mean: float
    sd: float
    sd_run: float
    low: float
    high: float
    level: float
    classes: Mapping[str, float] | None = None
    spread: Spread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Why a configuration was chosen, with all that is needed to choose it again.

    Args:
        origin: a space-filling start, the model's choice, a space-filling choice after a failed
            fit, a person's own, or a draw at random.
        reason: one sentence.
        seed: root seed of this ask; None for a person's own.
        seen: last sequence of the ledger that the choice knew.
        predictions: by outcome; empty where no model could predict.
        acquisition: name of the acquisition function, and its value.
        probability: of meeting the goal, or of beating the best so far by the stated gain.
        model_version: of the surrogate.
        memo: which family was fitted and what was found, from which the next fit starts.
        why: what each parameter has to do with it; where a model chose it.
        search: how well it was searched for; where an acquisition function chose it.
    """

    origin: Origin
    reason: str
    seed: int | None = None
    seen: int = 0
    predictions: Mapping[str, Prediction] = field(default_factory=dict)
    acquisition: str | None = None
    acquisition_value: float | None = None
    probability: float | None = None
    model_version: str | None = None
    memo: Mapping[str, object] | None = None
    why: Why | None = None
    search: Search | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measured outcome.

    Args:
        value: in the outcome's unit; a class by its name, a curve, or a file by its hash.
        sd: known standard deviation of its error, in the outcome's unit; None where not known.
    """

    value: OutcomeValue
    sd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a model conditions on.

    Args:
        configuration: achieved where the source reports it, else as requested.
        outcomes: by name; those that are not there have not been measured.
        source: who measured.
        at: when, in UTC.
        trial: the trial it belongs to; None for historical data.
        version: counts the parts and corrections of the same trial's result, from 1.
        reason: of a correction.
        by: who entered it.
        failed: of historical data, why the process failed there; it has no outcomes then.
        is_achieved: whether it was reported what was set; else the configuration is as requested.
    """

    configuration: Configuration
    outcomes: Mapping[str, Measured]
    source: str
    at: datetime
    trial: int | None = None
    version: int = 1
    reason: str = ""
    by: str = ""
    failed: str = ""
    is_achieved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """A change of a run that is under way; its key is the run's and its number.

    Args:
        number: counts those of the run from 1.
        digest: of the settings; the same number with another one is a conflict.
        parameters: what is set otherwise from now on.
        state: ``taken`` and ``refused`` are the device's word.
        asked_by: who wants it; who asks has approved it.
        approved_by: who else has.
        said: why it was refused.
        taken_at: when it was taken.
    """

    number: int
    digest: str
    parameters: Mapping[str, Value]
    state: AdjustmentState
    asked_by: str
    reason: str
    approved_by: tuple[str, ...] = ()
    said: str = ""
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One attempt at a trial by a source.

    Args:
        began: when the device says that it started; else when we heard of it.
        ended: the same of its end.
        heard_at: when we heard of its last move, by our clock.
        acknowledged_at: when we heard first that the device knows it, by our clock.
        kept_back: why its order waits, if it was neither sent nor taken yet.
        kept_by: what kind of reason that is.
        has_restarted: whether the device began anew while it was under way; that it still is at
            work is no evidence any more, its end is.
        adjustments: changes that were asked for while it was under way.
        n_sent: how often it was written down that its order was about to leave; where the source
            knows keys, at most once, and only where ``is_noted``.
        is_noted: whether that is written down although the source knows keys.
        device: which of the source's devices has it, where it has several.
        not_after: the device refuses to begin it later.
        handle: the device's own for it, where it prepares orders before they begin.
        was_never_taken: whether it ended before its device had it.
        is_unheard: whether it ended without the device's own word, by a verdict.
        heard_late: what the device said of it after that.
    """

    key: str
    digest: str
    number: int
    source: str
    state: RunState
    opened_at: datetime
    parent: str | None = None
    evidence: str = ""
    n_sent: int = 0
    is_noted: bool = False
    device: str | None = None
    not_after: datetime | None = None
    began: datetime | None = None
    ended: datetime | None = None
    heard_at: datetime | None = None
    acknowledged_at: datetime | None = None
    has_restarted: bool = False
    kept_back: str = ""
    kept_by: KeptBy | None = None
    adjustments: tuple[Adjusted, ...] = ()
    handle: str = ""
    was_never_taken: bool = False
    is_unheard: bool = False
    heard_late: DeviceState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One configuration we committed to.

    Args:
        number: counts the campaign's trials from 1.
        source: where it is to run; None while any source will do.
        handed: given to a person or script that asked, who will tell the result; no engine
            dispatches it.
        reason: of the last move.
        held_by: what holds it, while it is held.
        since: when it came to the state that it is in.
        quarantined: why a result was put aside, if one waits for a verdict.
        versions: every accepted part of its result, in order; the observation joins them.
        excluded: why its observation is left out, if a person has excluded it.
        vetoed: why a person does not want its settings to be tried, if that is so.
        given_up: outcomes that nobody will measure any more, each with the reason.
        approved_by: who has approved it, in order; automatic approvals are not among them.
    """

    number: int
    configuration: Configuration
    proposal: Proposal
    state: TrialState
    proposed_at: datetime
    source: str | None = None
    handed: bool = False
    reason: str = ""
    runs: tuple[Run, ...] = ()
    observation: Observation | None = None
    quarantined: tuple[str, ...] = ()
    ended_at: datetime | None = None
    versions: tuple[Observation, ...] = ()
    excluded: str = ""
    vetoed: str = ""
    given_up: Mapping[str, str] = field(default_factory=dict)
    approved_by: tuple[str, ...] = ()
    held_by: HeldBy | None = None
    since: datetime | None = None

    @property
    def run(self) -> Run | None:
        """The latest attempt."""
        return self.runs[-1] if self.runs else None
