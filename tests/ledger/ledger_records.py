"""Records as a campaign writes them, and histories made of them."""

from __future__ import annotations

from planner.ledger import Entry, Ledger
from planner.ledger.entries import (
    CampaignOpened,
    OutcomesObserved,
    Record,
    ResultArrived,
    RunMoved,
    RunOpened,
    TrialMoved,
    TrialProposed,
)
from planner.trials import (
    Measured,
    Prediction,
    Proposal,
    RunState,
    Spread,
    TrialState,
    make_key,
)

CAMPAIGN = "cnt-growth"

SPREAD = Spread(
    means=(1.0, 1.5), sds=(0.5, 0.75), weights=(0.5, 0.5), scales=(0.5, 2.0),
    scale_weights=(0.75, 0.25), sd=0.5, noise_sd=0.25, prior_sd=1.0,
)  # fmt: skip


def opened(*, digest: str = "spec 1") -> CampaignOpened:
    return CampaignOpened(spec={"campaign": CAMPAIGN}, spec_digest=digest, seed=7, simulated=True)


def proposed(trial: int, *, handed: bool = False) -> TrialProposed:
    prediction = Prediction(
        mean=1.25, sd=0.5, sd_run=0.75, low=-0.25, high=2.5, level=0.9, spread=SPREAD
    )
    proposal = Proposal(
        origin="model",
        reason="Highest mean + 1 sd: predicted 1.25 +- 0.5.",
        seed=123456789,
        seen=trial,
        predictions={"yield": prediction},
        acquisition="upper confidence bound",
        acquisition_value=1.75,
        probability=0.25,
        model_version="1f2e3d4c",
        memo={"family": "gp", "found": {"lengthscales": [0.5, 0.25], "noise_variance": 0.001}},
    )
    return TrialProposed(
        trial=trial,
        configuration={"temperature": 812.5, "flow": 40, "catalyst": "Fe/Mo"},
        proposal=proposal,
        source="furnace",
        handed=handed,
    )


def moved(trial: int, to: TrialState) -> TrialMoved:
    return TrialMoved(trial=trial, to=to)


def run_opened(
    trial: int, *, run: int = 1, digest: str = "order 1", campaign: str = CAMPAIGN
) -> RunOpened:
    return RunOpened(
        trial=trial,
        run=run,
        key=make_key(campaign, trial, run),
        digest=digest,
        source="furnace",
        order={"parameters": {"temperature": {"value": 812.5, "unit": "degC"}}},
    )


def run_moved(trial: int, to: RunState, *, run: int = 1, campaign: str = CAMPAIGN) -> RunMoved:
    return RunMoved(key=make_key(campaign, trial, run), to=to, evidence="the device's answer")


def arrived(
    trial: int, *, run: int = 1, digest: str = "result 1", campaign: str = CAMPAIGN
) -> ResultArrived:
    return ResultArrived(
        key=make_key(campaign, trial, run),
        result_digest=digest,
        payload={"outcomes": {"yield": {"value": 1.5, "unit": "percent"}}},
    )


def observed(trial: int, *, version: int = 1, campaign: str = CAMPAIGN) -> OutcomesObserved:
    return OutcomesObserved(
        trial=trial,
        outcomes={"yield": Measured(value=1.5, sd=0.125)},
        source="furnace",
        achieved={"temperature": 811.75, "flow": 40, "catalyst": "Fe/Mo"},
        key=make_key(campaign, trial, 1),
        version=version,
        result_digest="result 1",
    )


def trial_steps(trial: int, *, campaign: str = CAMPAIGN) -> list[list[Record]]:
    """The appends of one trial that goes well."""
    return [
        [proposed(trial), moved(trial, TrialState.APPROVED)],
        [run_opened(trial, campaign=campaign), moved(trial, TrialState.RUNNING)],
        [
            run_moved(trial, RunState.COMPLETED, campaign=campaign),
            arrived(trial, campaign=campaign),
        ],
        [observed(trial, campaign=campaign), moved(trial, TrialState.COMPLETED)],
    ]


def begin(ledger: Ledger, *steps: list[Record], campaign: str = CAMPAIGN) -> list[Entry]:
    """Opens the campaign and appends these steps, one transaction each."""
    written = list(ledger.append(campaign, [opened()], author="mara"))
    for records in steps:
        written += ledger.append(campaign, records, author="planner")
    return written
