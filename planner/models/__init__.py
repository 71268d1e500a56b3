"""Surrogates: distributions over the outcome as a function of the configuration."""

from planner.models.fitting import FitFailure, fit
from planner.models.hyperparameters import Hyperparameters
from planner.models.intervals import Interval, clip, interval, probability_of_meeting
from planner.models.observations import Observations, OutcomeScale
from planner.models.surrogate import Prediction, Surrogate

__all__ = [
    "FitFailure",
    "Hyperparameters",
    "Interval",
    "Observations",
    "OutcomeScale",
    "Prediction",
    "Surrogate",
    "clip",
    "fit",
    "interval",
    "probability_of_meeting",
]
