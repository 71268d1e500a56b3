"""From the state of a campaign to the facts of its report."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from planner import __version__
from planner.acquisition.explaining import Explanation
from planner.campaign import (
    Adapter,
    CampaignSpec,
    CommandDevice,
    HttpDevice,
    MqttDevice,
    ReplayedTable,
    SimulatedProcess,
)
from planner.ledger.entries import Entry
from planner.ledger.replay import CampaignState
from planner.loop.deciding.alarms import raised_alarms
from planner.loop.deciding.explaining import explain_each
from planner.loop.deciding.forecasting import describe_correction
from planner.loop.deciding.model import LEVEL, fit_surrogate
from planner.loop.deciding.predicting import other_families, shares_in_words
from planner.loop.deciding.stating import (
    is_class,
    scaled,
    stated_factor,
    stated_objective,
    stated_outcome,
    wanted_classes,
)
from planner.loop.results.intake import Intake
from planner.loop.rules.budget import cost_by_source, cost_so_far
from planner.loop.rules.stock import describe_stock
from planner.loop.timetable.bench import hours_used, set_up_hours_used
from planner.models import FitFailure, Surrogate
from planner.models.coverage.measuring import Coverage
from planner.report import words
from planner.report.best_found import (
    estimate_left,
    find_best_conditions,
    find_top,
    mean_in_table,
)
from planner.report.chance import RandomChoice, draws_to_match, random_choice, read_table_means
from planner.report.coverage import gather_coverage
from planner.report.curves import make_curves
from planner.report.events import list_events
from planner.report.facts import (
    AlarmLine,
    BestConditions,
    Facts,
    HistoricalLine,
    Provenance,
    Spent,
    StatedChances,
    StatedIntervals,
    TrialLine,
)
from planner.report.known import find_known
from planner.report.savings import estimate_savings
from planner.report.slices import make_slices
from planner.report.waiting import list_waiting
from planner.space import Configuration, Floats, SearchSpace
from planner.trials import PENDING, Observation, Trial, TrialState, Wanted, is_charged


def gather(
    state: CampaignState,
    space: SearchSpace,
    *,
    folder: Path,
    intake: Intake | None = None,
    history: Iterable[Entry] = (),
    ledger_id: str = "",
    file: str = "FILE",
) -> Facts:
    """Computes everything that a report states.

    Args:
        state: of the campaign.
        space: what may be tried.
        folder: of the campaign file, where a table that is replayed is found.
        intake: where long curves are kept, and their targets; without it the pictures lack them.
        history: entries of the ledger, of the kinds in ``HISTORY``, for who did what when;
            without them amendments are not listed, and notes without their author.
        ledger_id: of the ledger.
        file: the campaign file, as it stands in a command.

    Raises:
        MissingPackage: the package of the table that is replayed is not installed.
        TableError: that table cannot be read.
    """
    fitted = fit_surrogate(state, space)
    best = find_best_conditions(state, space, fitted)
    is_learning = state.spec.policy.aim == "learn"
    left, why_nothing_left = (
        (None, "the aim is to learn the whole space, not to find the best.")
        if is_learning
        else estimate_left(state, space, fitted)
    )
    trials = tuple(
        _line(trial, state, is_best=best is not None and trial.number == best.trial)
        for trial in state.trials.values()
    )
    n_taken = sum(line.is_counted for line in trials)
    coverage = gather_coverage(state)
    means = read_table_means(state.spec, folder=folder)
    random = _random(state, space, means, n_taken=n_taken)
    in_table = mean_in_table(state, space, means, best)
    to_match = _to_match(state, means, in_table)
    counts = Counter(line.state for line in trials)
    return Facts(
        spec=state.spec,
        outcome=stated_outcome(state.spec),
        objective=stated_objective(state.spec),
        wanted=wanted_classes(state.spec),
        standing=_standing(state),
        stop_reason=state.stopped.reason if state.stopped is not None else "",
        simulation=describe_simulation(state.spec),
        best=best,
        top=None if is_learning else find_top(state, space, fitted, best),
        known=find_known(state, space, fitted),
        left=left,
        why_nothing_left=why_nothing_left,
        trials=trials,
        historical=_historical(state),
        counts={each: counts[each] for each in TrialState if counts[each]},
        stated=count_stated(coverage),
        chances=count_hits(trials, state.spec),
        coverage=coverage,
        correction=describe_correction(state),
        alarms=tuple(
            AlarmLine(words=each.in_words(), stands=each.stands) for each in raised_alarms(state)
        ),
        random=random,
        best_in_table=in_table,
        random_to_match=to_match,
        waiting=list_waiting(state, file=file),
        events=list_events(state, history),
        spent=_spent(state),
        savings=None if is_learning else estimate_savings(state, space, fitted, exactly=to_match),
        slices=make_slices(state, space, fitted, best),
        explained=_explained(state, space, fitted, best),
        curves=make_curves(state, intake, best=best.trial if best is not None else None),
        no_model=fitted.reason if isinstance(fitted, FitFailure) else "",
        predicting=_predicting(state.spec, fitted) if isinstance(fitted, Surrogate) else "",
        provenance=_provenance(state, fitted, ledger_id),
    )


def _explained(
    state: CampaignState,
    space: SearchSpace,
    fitted: Surrogate | FitFailure,
    best: BestConditions | None,
) -> Explanation | None:
    if best is None:
        return None
    found = explain_each(state, space, [best.configuration], fitted=fitted)
    return found[0] if isinstance(found, list) else None


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
        case HttpDevice() | MqttDevice() | CommandDevice() if source.simulated:
            return (
                f"Source '{source.name}' is a simulation ({source.kind}). No experiment was run "
                f"for this campaign."
            )
        case _:
            return ""


def count_stated(coverage: Coverage | None) -> StatedIntervals | None:
    """Returns the count of the intervals that are stated before a trial; None before any result."""
    if coverage is None:
        return None
    [found] = (each for each in coverage.levels if each.level == LEVEL)
    return StatedIntervals(
        held=found.held,
        n=found.n,
        level=LEVEL,
        expected=(found.low, found.high),
        n_cut=coverage.n - found.n,
    )


def _line(trial: Trial, state: CampaignState, *, is_best: bool) -> TrialLine:
    outcome = state.spec.objective.outcome
    proposal, observation = trial.proposal, trial.observation
    predicted = scaled(proposal.predictions.get(outcome), state.spec)
    value = state.spec.goal_value(observation.outcomes) if observation is not None else None
    achieved = observation.configuration if observation is not None else None
    return TrialLine(
        number=trial.number,
        state=trial.state,
        origin=proposal.origin,
        reason=proposal.reason,
        why=proposal.why,
        search=proposal.search,
        remark=trial.reason,
        configuration=trial.configuration,
        achieved=achieved if achieved != trial.configuration else None,
        prediction=predicted,
        outcomes=observation.outcomes if observation is not None else {},
        held=predicted.low <= value <= predicted.high
        if predicted is not None and value is not None and not is_class(state.spec)
        else None,
        quarantined=trial.quarantined,
        acquisition=proposal.acquisition,
        acquisition_value=proposal.acquisition_value,
        probability=proposal.probability,
        seed=proposal.seed,
        model_version=proposal.model_version,
        proposed_at=trial.proposed_at,
        ended_at=trial.ended_at,
        awaited=state.awaited(trial),
        given_up=trial.given_up,
        excluded=trial.excluded,
        parts=tuple(
            _part(before.configuration, each, state.spec)
            for before, each in itertools.pairwise(trial.versions)
        ),
        version=observation.version if observation is not None else 1,
        is_corrected=any(each.reason for each in trial.versions[1:]),
        is_best=is_best,
        is_counted=is_charged(trial) or trial.state in PENDING,
    )


def count_hits(trials: Iterable[TrialLine], spec: CampaignSpec) -> StatedChances | None:
    """Counts the trials that came to a wanted class, beside the chances stated before them.

    Their number is Poisson-binomial; its quantiles are exact.
    """
    name = spec.objective.outcome
    judged = [
        (line.prediction.mean / 100, spec.goal_value(line.outcomes))
        for line in trials
        if line.prediction is not None
        and (name in line.outcomes or line.state is TrialState.FAILED_BY_PROCESS)
    ]
    if not is_class(spec) or not judged:
        return None
    chances = [chance for chance, _ in judged]
    low, high = _quantiles(chances)
    hits = sum(bool(value) for _, value in judged)
    return StatedChances(hits=hits, n=len(judged), expected=sum(chances), low=low, high=high)


def _quantiles(chances: list[float]) -> tuple[int, int]:
    """Returns the 2.5 % and 97.5 % quantiles of how many of these happen."""
    mass = np.ones(1)
    for chance in chances:
        mass = np.convolve(mass, [1 - chance, chance])
    below = np.cumsum(mass)
    low, high = (int(np.searchsorted(below, tail)) for tail in (0.025, 0.975))
    return low, min(high, len(chances))


def _part(before: Configuration, part: Observation, spec: CampaignSpec) -> str:
    """Says what a later part of a result told: a correction gives its reason."""
    told = words.part(before, part, spec)
    who = f"{part.by} on {words.moment(part.at)}" if part.by else words.moment(part.at)
    if part.reason:
        return f"Corrected by {who} ({part.reason}), version {part.version}: {told}."
    return f"Told later by {who}: {told}."


def _reason(excluded: str | None) -> str:
    return "" if excluded is None else excluded or "no reason given"


def _historical(state: CampaignState) -> tuple[HistoricalLine, ...]:
    return tuple(
        HistoricalLine(
            configuration=each.configuration,
            outcomes=each.outcomes,
            source=each.source,
            at=each.at,
            excluded=_reason(state.excluded_imports.get(number)),
            failed=each.failed,
        )
        for number, each in enumerate(state.imported, start=1)
    )


def _random(
    state: CampaignState, space: SearchSpace, means: Floats | None, *, n_taken: int
) -> RandomChoice | None:
    if means is None or space.rows is None or n_taken == 0:
        return None
    factor = stated_factor(state.spec)
    return random_choice(factor * means, stated_objective(state.spec), n_trials=n_taken)


def _to_match(state: CampaignState, means: Floats | None, in_table: float | None) -> float | None:
    if means is None or in_table is None:
        return None
    values = stated_factor(state.spec) * means
    return draws_to_match(values, stated_objective(state.spec), reached=in_table)


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
    source = state.spec.source
    return Spent(
        trials=state.n_committed,
        cost=float(cost_so_far(state)),
        time_s=(last - state.opened_at).total_seconds(),
        by_source={name: float(cost) for name, cost in cost_by_source(state).items()},
        currency=state.spec.budget.currency,
        hours=hours_used(state) if source.duration is not None else None,
        set_up_hours=set_up_hours_used(state) if source.set_up is not None else None,
        stock=tuple(describe_stock(state)) if source.consumables else (),
    )


def _predicting(spec: CampaignSpec, fitted: Surrogate) -> str:
    """Says which families predict in this report; of a class, which has one model, nothing."""
    if is_class(spec):
        return ""
    compared, family = fitted.comparison, spec.model.family
    if compared is None:
        said = f"The model is {fitted.family}, "
        said += (
            "as the campaign file says."
            if fitted.family == family
            else f"as there are more results than {family} learns from."
        )
    elif not compared.scores:
        said = f"The model: {compared.in_words()}"
    else:
        said = (
            f"The model weighs families by how well each predicted {compared.n} results that it "
            f"had not seen: {shares_in_words(compared.weights)}."
        )
    return f"{said} {other_families(spec)}"


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
