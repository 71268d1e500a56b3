"""Choosing by the model: from a campaign's state to picks with their forecasts and reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from planner.acquisition import Choice, Pick, Situation, choose
from planner.acquisition.situation import Forecast
from planner.ledger.entries import FitFailed, ModelsCompared, Record
from planner.ledger.replay import CampaignState
from planner.loop.deciding.choosing import choose_within
from planner.loop.deciding.chosen import Chosen, Suggestion, with_remark
from planner.loop.deciding.explaining import whole_of, why_each
from planner.loop.deciding.forecasting import coverage_records
from planner.loop.deciding.model import LEVEL, make_situation, predict_classes
from planner.loop.deciding.why_words import why_in_words
from planner.loop.rules.allowance import Allowance
from planner.models import Serving, Surrogate
from planner.models.comparing.comparison import FEWEST
from planner.space import SearchSpace
from planner.trials import Prediction, Proposal, Why


def choose_by_model(
    state: CampaignState, space: SearchSpace, *, q: int, seed: int, whole: SearchSpace
) -> Chosen:
    """Chooses up to ``q`` configurations by the campaign's policy.

    Args:
        state: of the campaign.
        space: what may be chosen; what is measured and not set is held where it is known.
        q: how many at most.
        seed: of this ask.
        whole: the campaign's space; explanations are against its average setting.
    """
    situation = replace(make_situation(state, space), shared=state.spec.source.shared)

    def choose_from(part: SearchSpace, q: int) -> Choice:
        return choose(replace(situation, space=part), q=q, seed=seed)

    found = choose_within(Allowance.of(state), space, q=q, choose=choose_from)
    choice = found.choice
    classes = _classes(state, space, choice)
    whys = why_each(state, replace(situation, space=whole_of(whole, space)), choice)
    proposals = [
        _make_proposal(pick, state, choice, classes=shares, why=why)
        for pick, shares, why in zip(choice.picks, classes, whys, strict=True)
    ]
    chosen = Chosen(
        picks=tuple(
            Suggestion(configuration=pick.configuration, proposal=proposal)
            for pick, proposal in zip(choice.picks, proposals, strict=True)
        ),
        seed=seed,
        seen=state.sequence,
        findings=tuple(_findings(state, choice, situation)) if choice.picks else (),
        short=found.short,
        is_cut=found.is_cut,
    )
    return with_remark(chosen, found.remark)


def _findings(state: CampaignState, choice: Choice, situation: Situation) -> list[Record]:
    """Returns what is to be written down beside the picks."""
    records: list[Record] = []
    if choice.failure is not None and any(pick.kind == "fallback" for pick in choice.picks):
        reason = choice.failure.reason
        records.append(FitFailed(reason=reason, consequence="a space-filling choice instead"))
    if choice.surrogate is not None:
        records += _who_decides(state, choice.surrogate, situation.serving)
    return [*records, *coverage_records(state, choice.surrogate)]


def _who_decides(
    state: CampaignState, surrogate: Surrogate, serving: Serving | None
) -> list[Record]:
    """Returns which families decide where more than their name does, unless the ledger has it."""
    compared = surrogate.comparison
    if compared is not None and compared.n >= FEWEST:
        record = ModelsCompared(
            n=compared.n,
            scores=dict(compared.scores),
            weights=dict(compared.weights),
            left_out={**compared.left_out, **compared.dropped},
            words=compared.in_words(),
        )
    elif serving is not None and serving.passed:
        record = ModelsCompared(
            n=len(surrogate.observations.y),
            scores={},
            weights={serving.family.name: 1.0},
            left_out={
                each.name: f"it learns from at most {each.most:,} results"
                for each in serving.passed
            },
            words=serving.in_words(),
        )
    else:
        return []
    # who takes over stays the same as results come in
    is_known = [replace(last, n=record.n) for last in state.comparisons[-1:]] == [record]
    return [] if is_known else [record]


def _classes(
    state: CampaignState, space: SearchSpace, choice: Choice
) -> Sequence[Mapping[str, float] | None]:
    """Returns for each pick the probability of each class, where the outcome is one."""
    if choice.surrogate is None or not choice.picks:
        return [None] * len(choice.picks)
    x = np.stack([pick.x for pick in choice.picks])
    return predict_classes(state, space, choice.surrogate, x) or [None] * len(choice.picks)


def _make_proposal(
    pick: Pick,
    state: CampaignState,
    choice: Choice,
    *,
    classes: Mapping[str, float] | None,
    why: Why | None,
) -> Proposal:
    forecast, outcome = pick.forecast, state.spec.objective.outcome
    return Proposal(
        origin=pick.kind,
        reason=" ".join([pick.reason, *([why_in_words(why, state.spec)] if why else [])]),
        seed=choice.seed,
        seen=state.sequence,
        predictions={outcome: _state(forecast, classes)} if forecast is not None else {},
        acquisition=choice.acquisition if pick.kind == "model" else None,
        acquisition_value=_finite(pick.acquisition_value),
        probability=forecast.probability if forecast is not None else None,
        model_version=choice.version,
        memo=choice.memo,
        why=why,
        search=pick.search,
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
