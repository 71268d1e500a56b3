"""States of campaigns, made by folding entries as a ledger would hold them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scipy.stats import norm

from planner.campaign import CampaignSpec, parse_campaign
from planner.ledger.entries import (
    CampaignOpened,
    Entry,
    ObservationImported,
    OutcomesObserved,
    Record,
    RunMoved,
    RunOpened,
    TrialMoved,
    TrialProposed,
)
from planner.ledger.replay import CampaignState, replay
from planner.space import SearchSpace, Value
from planner.trials import Measured, Prediction, Proposal, RunState, Spread, TrialState

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

TEXT = """
schema: 1
campaign: furnace
about: {ABOUT}
parameters:
  temperature: {low: 600, high: 900, unit: degC}
  flow: {low: 1, high: 5, unit: sccm}
  catalyst: {choices: [Fe, Co, Ni]}
outcomes:
  yield: {unit: percent, bounds: [0, 100]EXPECTED}
objectives: [OBJECTIVE]
sources:
  bench: {kind: person}
budget: {trials: 60}
model: {family: FAMILY}
"""


def make_spec(
    *,
    objective: str = "{aim: maximise, outcome: yield, gain: 1}",
    expected: str = "",
    about: str = "'growth of nanotubes'",
    family: str = "gp",
    aim: str = "optimise",
) -> CampaignSpec:
    text = TEXT.replace("OBJECTIVE", objective).replace("{ABOUT}", about)
    text = text.replace("FAMILY", family) + f"policy: {{aim: {aim}}}\n"
    text = text.replace("EXPECTED", f", expected: {expected}" if expected else "")
    return parse_campaign(text, path="furnace.yaml")


@dataclass(slots=True)
class Diary:
    """Writes entries and folds them."""

    spec: CampaignSpec
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        content = self.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        opened = CampaignOpened(
            spec=content, spec_digest="d" * 64, seed=7, simulated=self.spec.is_simulated
        )
        self.write(opened, author="anna")

    def write(self, *records: Record, author: str = "planner") -> None:
        for record in records:
            n = len(self.entries) + 1
            self.entries.append(
                Entry(
                    sequence=n,
                    campaign=self.spec.campaign,
                    at=START + timedelta(minutes=10 * n),
                    author=author,
                    schema=1,
                    software="0.1.0",
                    record=record,
                )
            )

    def propose(
        self,
        number: int,
        configuration: dict[str, Value],
        *,
        prediction: tuple[float, float, float] | None = None,
        reason: str = "Start: spreads settings over the space.",
    ) -> None:
        predictions = {}
        if prediction is not None:
            mean, low, high = prediction
            sd = (high - low) / (2 * norm.ppf(0.95))
            spread = Spread(
                means=(mean,),
                sds=(sd,),
                weights=(1.0,),
                sd=0.6 * sd,
                noise_sd=0.8 * sd,
                prior_sd=sd,
            )
            predictions["yield"] = Prediction(
                mean=mean, sd=sd, sd_run=sd, low=low, high=high, level=0.9, spread=spread
            )
        proposal = Proposal(
            origin="model" if prediction else "start",
            reason=reason,
            seed=number,
            predictions=predictions,
        )
        self.write(TrialProposed(trial=number, configuration=configuration, proposal=proposal))

    def start(self, number: int) -> None:
        key = f"{self.spec.campaign}/{number}/1"
        opened = RunOpened(
            trial=number, run=1, key=key, digest="x", source="bench", order={"key": key}
        )
        self.write(
            TrialMoved(trial=number, to=TrialState.APPROVED),
            opened,
            TrialMoved(trial=number, to=TrialState.RUNNING),
        )

    def complete(self, number: int, value: float, *, sd: float | None = None) -> None:
        self.start(number)
        key = f"{self.spec.campaign}/{number}/1"
        self.write(
            RunMoved(key=key, to=RunState.COMPLETED),
            OutcomesObserved(
                trial=number,
                outcomes={"yield": Measured(value=value, sd=sd)},
                source="bench",
                key=key,
            ),
            TrialMoved(trial=number, to=TrialState.COMPLETED),
        )

    def move(self, number: int, to: TrialState, reason: str) -> None:
        self.write(TrialMoved(trial=number, to=to, reason=reason))

    def remember(self, configuration: dict[str, Value], value: float) -> None:
        self.write(
            ObservationImported(
                configuration=configuration,
                outcomes={"yield": Measured(value=value)},
                source="old notebook",
            )
        )

    @property
    def state(self) -> CampaignState:
        state = replay(self.entries)
        assert state is not None
        return state

    @property
    def space(self) -> SearchSpace:
        """A table of 99 candidates, over which the chance of better ones is soon computed."""
        places = itertools.product(range(600, 901, 30), (1.0, 3.0, 5.0), ("Fe", "Co", "Ni"))
        rows = tuple(at(float(temperature), *rest) for temperature, *rest in places)
        return SearchSpace(tuple(self.spec.parameters.values()), (), rows)

    @property
    def open_space(self) -> SearchSpace:
        return SearchSpace(tuple(self.spec.parameters.values()))


def at(temperature: float, flow: float = 3.0, catalyst: str = "Fe") -> dict[str, Value]:
    return {"temperature": temperature, "flow": flow, "catalyst": catalyst}


def measured(spec: CampaignSpec, values: Sequence[float]) -> Diary:
    """A campaign with these outcomes at rising temperatures."""
    diary = Diary(spec)
    for number, value in enumerate(values, start=1):
        place = at(600.0 + 300.0 * (number - 1) / max(1, len(values) - 1))
        diary.propose(number, place, prediction=(50.0, 30.0, 70.0) if number > 2 else None)
        diary.complete(number, value)
    return diary
