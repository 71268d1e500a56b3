"""Asking: which configurations to try next, and writing them down with their reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.acquisition import Choice, Pick, Situation
from planner.acquisition.situation import Forecast
from planner.errors import StaleWrite
from planner.ledger.entries import (
    FitFailed,
    ModelsCompared,
    NothingFits,
    Record,
    TrialMoved,
    TrialProposed,
)
from planner.ledger.replay import CampaignState
from planner.loop.allowance import Allowance
from planner.loop.approval import first_move
from planner.loop.choosing import choose_within
from planner.loop.context import context_in_words, last_context
from planner.loop.forecasting import coverage_records
from planner.loop.limits import find_breach
from planner.loop.model import LEVEL, make_situation, predict_classes
from planner.loop.session import Session
from planner.rng import derive_seed
from planner.space import SearchSpace
from planner.trials import PROPOSING, Prediction, Proposal, TrialState


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an ask decided, before it is written.

    Args:
        choice: the picks and the surrogate.
        situation: what they were made from.
        seed: of this ask.
        seen: sequence of the ledger that it knew.
        short: what is lacking, where picks are missing because money or stock does not suffice.
        is_cut: whether some of as many as were asked for did not fit beside the others.
    """

    choice: Choice
    situation: Situation
    seed: int
    seen: int
    short: NothingFits | None = None
    is_cut: bool = False


def decide(state: CampaignState, space: SearchSpace, *, q: int) -> Chosen:
    """Chooses the next ``q`` configurations; the same ledger gives the same choice.

    Costs seconds and writes nothing: results may arrive meanwhile. What is measured and not set is
    as the space holds it, else as it was last measured, and every reason says so. They have in
    common what the source's trials share, and money and stock suffice for all of them together;
    where they do for none, what is lacking is said.
    """
    seed = derive_seed(state.seed, "ask", state.next_trial)
    context = last_context(state, space)
    situation = make_situation(state, space.restricted(context))
    situation = replace(situation, shared=state.spec.source.shared)
    found = choose_within(Allowance.of(state), situation, q=q, seed=seed)
    chosen = Chosen(
        found.choice, situation, seed, state.sequence, short=found.short, is_cut=found.is_cut
    )
    return with_remark(with_remark(chosen, found.remark), context_in_words(context, space))


def with_remark(chosen: Chosen, remark: str) -> Chosen:
    """Returns the same with a sentence more in every reason."""
    if not remark:
        return chosen
    picks = (replace(pick, reason=f"{pick.reason} {remark}") for pick in chosen.choice.picks)
    return replace(chosen, choice=replace(chosen.choice, picks=tuple(picks)))


def write_proposals(session: Session, chosen: Chosen, *, handed_to: str | None = None) -> list[int]:
    """Writes the picks as trials.

    Args:
        session: whose ledger.
        chosen: what to write.
        handed_to: the person or script that asked; None where the engine will dispatch.

    Returns:
        The trials' numbers.

    Raises:
        StaleWrite: another asked in between; ask again.
    """
    state = session.state
    first = state.next_trial
    records = proposal_records(state, chosen, handed_to=handed_to)
    if records:
        session.write(records, wanted=None if handed_to else PROPOSING, is_decision=True)
    return list(range(first, first + len(chosen.choice.picks)))


def proposal_records(
    state: CampaignState, chosen: Chosen, *, handed_to: str | None
) -> list[Record]:
    """Returns the records of the picks as trials; arguments as of ``write_proposals``."""
    first = state.next_trial
    outcome = state.spec.objective.outcome
    _check_limits(state, chosen.choice.picks)
    classes = _classes(state, chosen.situation.space, chosen.choice)
    proposals = [
        _make_proposal(pick, chosen, outcome=outcome, classes=shares)
        for pick, shares in zip(chosen.choice.picks, classes, strict=True)
    ]
    records: list[Record] = []
    if chosen.choice.failure is not None and chosen.choice.picks:
        reason = chosen.choice.failure.reason
        if chosen.choice.picks[0].kind == "fallback":
            records.append(FitFailed(reason=reason, consequence="a space-filling choice instead"))
    records += _comparisons(state, chosen.choice)
    records += coverage_records(state, chosen.choice.surrogate) if chosen.choice.picks else []
    for number, (pick, proposal) in enumerate(
        zip(chosen.choice.picks, proposals, strict=True), start=first
    ):
        records.append(
            TrialProposed(
                trial=number,
                configuration=pick.configuration,
                proposal=proposal,
                source=handed_to or state.spec.source.name,
                handed=handed_to is not None,
            )
        )
        records.append(
            first_move(state, number, pick.configuration)
            if handed_to is None
            else TrialMoved(trial=number, to=TrialState.APPROVED, reason="handed to who asked")
        )
    return records


def _check_limits(state: CampaignState, picks: Sequence[Pick]) -> None:
    """Accepts picks within the limits that are in force; those that it chose by may be older.

    Raises:
        StaleWrite: one is outside of them.
    """
    for pick in picks:
        breach = find_breach(state.spec, pick.configuration)
        if breach is not None:
            raise StaleWrite(
                f"Campaign {state.campaign!r} does not admit what was chosen: {breach} Its file "
                f"was amended meanwhile; nothing was proposed. Run it again."
            )


def _comparisons(state: CampaignState, choice: Choice) -> list[Record]:
    """Returns what families were compared for this choice, unless the ledger has it already."""
    found = choice.surrogate.comparison if choice.surrogate is not None else None
    if found is None or not found.scores or not choice.picks:
        return []
    record = ModelsCompared(
        n=found.n,
        scores=dict(found.scores),
        weights=dict(found.weights),
        left_out=dict(found.left_out),
        words=found.in_words(),
    )
    return [] if state.comparisons[-1:] == [record] else [record]


def _classes(
    state: CampaignState, space: SearchSpace, choice: Choice
) -> Sequence[Mapping[str, float] | None]:
    """Returns for each pick the probability of each class, where the outcome is one."""
    if choice.surrogate is None or not choice.picks:
        return [None] * len(choice.picks)
    x = np.stack([pick.x for pick in choice.picks])
    return predict_classes(state, space, choice.surrogate, x) or [None] * len(choice.picks)


def _make_proposal(
    pick: Pick, chosen: Chosen, *, outcome: str, classes: Mapping[str, float] | None
) -> Proposal:
    forecast = pick.forecast
    return Proposal(
        origin=pick.kind,
        reason=pick.reason,
        seed=chosen.seed,
        seen=chosen.seen,
        predictions={outcome: _state(forecast, classes)} if forecast is not None else {},
        acquisition=chosen.situation.settings.acquisition if pick.kind == "model" else None,
        acquisition_value=_finite(pick.acquisition_value),
        probability=forecast.probability if forecast is not None else None,
        model_version=chosen.choice.version,
        memo=chosen.choice.memo,
    )


def _state(forecast: Forecast, classes: Mapping[str, float] | None) -> Prediction:
    return Prediction(
        mean=forecast.mean,
        sd=forecast.sd,
        sd_run=math.hypot(forecast.sd, forecast.noise_sd),
        low=forecast.low,
        high=forecast.high,
        level=LEVEL,
        classes=classes,
        spread=forecast.spread,
    )


def _finite(value: float | None) -> float | None:
    """Returns a value that JSON can hold; a logarithm of nothing is left out."""
    return value if value is not None and math.isfinite(value) else None
