"""Trials, runs, observations and proposals, and their life cycle."""

from planner.trials.identity import PROTOCOL_VERSION, digest_json, digest_order, make_key
from planner.trials.records import (
    Measured,
    Observation,
    Origin,
    Prediction,
    Proposal,
    Run,
    Spread,
    Trial,
)
from planner.trials.states import (
    CHARGED,
    PENDING,
    RESERVED,
    TERMINAL_RUNS,
    TERMINAL_TRIALS,
    DeviceState,
    RunState,
    TrialState,
    Wanted,
    check_run_move,
    check_trial_move,
)
from planner.trials.values import Artifact, Curve, OutcomeValue, StoredCurve

__all__ = [
    "CHARGED",
    "PENDING",
    "PROTOCOL_VERSION",
    "RESERVED",
    "TERMINAL_RUNS",
    "TERMINAL_TRIALS",
    "Artifact",
    "Curve",
    "DeviceState",
    "Measured",
    "Observation",
    "Origin",
    "OutcomeValue",
    "Prediction",
    "Proposal",
    "Run",
    "RunState",
    "Spread",
    "StoredCurve",
    "Trial",
    "TrialState",
    "Wanted",
    "check_run_move",
    "check_trial_move",
    "digest_json",
    "digest_order",
    "make_key",
]
