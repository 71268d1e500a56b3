"""From the state of a campaign to the facts of its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from scipy.stats import binom

from planner import __version__
from planner.campaign import (
    Adapter,
    CampaignSpec,
    ReplayedTable,
    SimulatedProcess,
)
from planner.ledger.entries import Entry
from planner.ledger.replay import CampaignState
from planner.loop.budget import cost_so_far
from planner.loop.model import fit_surrogate
from planner.models import FitFailure, Surrogate
from planner.report.best_found import (
    estimate_left,
    find_best_conditions,
    find_top,
    mean_in_table,
)
from planner.report.chance import RandomChoice, draws_to_match, random_choice, read_table_means
from planner.report.events import list_events
from planner.report.facts import (
    RUN_OR_TO_BE_RUN,
    Facts,
    HistoricalLine,
    Provenance,
    Spent,
    StatedIntervals,
    TrialLine,
)
from planner.report.slices import make_slices
from planner.report.waiting import list_waiting
from planner.space import Floats, SearchSpace
from planner.trials import Trial, TrialState, Wanted


def gather(
    state: CampaignState,
    space: SearchSpace,
    *,
    folder: Path,
    history: Iterable[Entry] = (),
    ledger_id: str = "",
) -> Facts:
    """Computes everything that a report states.

    Args:
        state: of the campaign.
        space: what may be tried.
        folder: of the campaign file, where a table that is replayed is found.
        history: entries of the ledger, of the kinds in ``HISTORY``, for who did what when;
            without them amendments are not listed, and notes without their author.
        ledger_id: of the ledger.

    Raises:
        MissingPackage: the package of the table that is replayed is not installed.
        TableError: that table cannot be read.
    """
    fitted = fit_surrogate(state, space)
    best = find_best_conditions(state, space, fitted)
    left, why_nothing_left = estimate_left(state, space, fitted)
    trials = tuple(
        _line(trial, state, is_best=best is not None and trial.number == best.trial)
        for trial in state.trials.values()
    )
    n_taken = sum(line.state in RUN_OR_TO_BE_RUN for line in trials)
    means = read_table_means(state.spec, folder=folder)
    random = _random(state, space, means, n_taken=n_taken)
    in_table = mean_in_table(state, space, means, best)
    counts = Counter(line.state for line in trials)
    return Facts(
        spec=state.spec,
        standing=_standing(state),
        stop_reason=state.stopped.reason if state.stopped is not None else "",
        simulation=describe_simulation(state.spec),
        best=best,
        top=find_top(state, space, fitted, best),
        left=left,
        why_nothing_left=why_nothing_left,
        trials=trials,
        historical=_historical(state),
        counts={each: counts[each] for each in TrialState if counts[each]},
        stated=count_held(trials),
        random=random,
        best_in_table=in_table,
        random_to_match=draws_to_match(means, state.spec.objective, reached=in_table)
        if means is not None and in_table is not None
        else None,
        waiting=list_waiting(state),
        events=list_events(state, history),
        spent=_spent(state),
        slices=make_slices(state, space, fitted, best),
        no_model=fitted.reason if isinstance(fitted, FitFailure) else "",
        provenance=_provenance(state, fitted, ledger_id),
    )


def describe_simulation(spec: CampaignSpec) -> str:
    """Says what stands in for a lab; nothing where a real one does."""
    source = spec.source
    match source:
        case ReplayedTable():
            return (
                f"Source '{source.name}' replays measurements that were made before, from "
                f"{source.table.title}. No experiment was run for this campaign."
            )
        case SimulatedProcess():
            return (
                f"Source '{source.name}' is the simulator '{source.simulator}'. "
                f"No experiment was run for this campaign."
            )
        case Adapter() if source.simulated:
            return (
                f"Source '{source.name}' is a simulation behind the adapter '{source.adapter}'. "
                f"No experiment was run for this campaign."
            )
        case _:
            return ""


def count_held(trials: Iterable[TrialLine]) -> StatedIntervals | None:
    """Counts the stated intervals that held; None where none can be judged."""
    judged = [line for line in trials if line.held is not None and line.prediction is not None]
    if not judged:
        return None
    assert judged[0].prediction is not None
    level, n = judged[0].prediction.level, len(judged)
    low, high = (int(binom.ppf(tail, n, level)) for tail in (0.025, 0.975))
    held = sum(bool(line.held) for line in judged)
    return StatedIntervals(held=held, n=n, level=level, expected=(low, high))


def _line(trial: Trial, state: CampaignState, *, is_best: bool) -> TrialLine:
    outcome = state.spec.objective.outcome
    proposal, observation = trial.proposal, trial.observation
    predicted = proposal.predictions.get(outcome)
    value = state.spec.goal_value(observation.outcomes) if observation is not None else None
    is_judged = value is not None and trial.state is TrialState.COMPLETED
    achieved = observation.configuration if observation is not None else None
    return TrialLine(
        number=trial.number,
        state=trial.state,
        origin=proposal.origin,
        reason=proposal.reason,
        remark=trial.reason,
        configuration=trial.configuration,
        achieved=achieved if achieved != trial.configuration else None,
        prediction=predicted,
        outcomes=observation.outcomes if observation is not None else {},
        held=predicted.low <= value <= predicted.high
        if predicted is not None and value is not None and is_judged
        else None,
        quarantined=trial.quarantined,
        acquisition=proposal.acquisition,
        acquisition_value=proposal.acquisition_value,
        probability=proposal.probability,
        seed=proposal.seed,
        model_version=proposal.model_version,
        proposed_at=trial.proposed_at,
        ended_at=trial.ended_at,
        version=observation.version if observation is not None else 1,
        is_best=is_best,
    )


def _historical(state: CampaignState) -> tuple[HistoricalLine, ...]:
    return tuple(
        HistoricalLine(
            configuration=each.configuration,
            outcomes=each.outcomes,
            source=each.source,
            at=each.at,
        )
        for each in state.imported
    )


def _random(
    state: CampaignState, space: SearchSpace, means: Floats | None, *, n_taken: int
) -> RandomChoice | None:
    if means is None or space.rows is None or n_taken == 0:
        return None
    return random_choice(means, state.spec.objective, n_trials=n_taken)


def _standing(state: CampaignState) -> str:
    if state.stopped is not None:
        return "stopped after failures" if state.stopped.failed else "stopped"
    if state.wanted is not Wanted.RUN:
        return {
            Wanted.DRAIN: "finishes what is under way",
            Wanted.HOLD: "on hold",
            Wanted.PAUSE: "paused",
        }[state.wanted]
    return "not begun" if not state.trials else "under way"


def _spent(state: CampaignState) -> Spent:
    last = state.stopped_at or state.last_at or state.opened_at
    return Spent(
        trials=state.n_committed,
        cost=float(cost_so_far(state)),
        time_s=(last - state.opened_at).total_seconds(),
    )


def _provenance(state: CampaignState, fitted: Surrogate | FitFailure, ledger_id: str) -> Provenance:
    return Provenance(
        ledger=ledger_id,
        sequence=state.sequence,
        as_of=state.last_at or state.opened_at,
        software=__version__,
        seed=state.seed,
        spec_digest=state.spec_digest,
        model_version=fitted.version if isinstance(fitted, Surrogate) else None,
    )
