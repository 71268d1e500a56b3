"""Surrogates: distributions over the outcome as a function of the configuration."""

from planner.models.classes import ClassSurrogate, fit_classes
from planner.models.difference import expect_difference
from planner.models.expectation import Expectation, chance, expect
from planner.models.fitting import FitFailure, fit
from planner.models.hyperparameters import Hyperparameters
from planner.models.intervals import Interval, clip, interval, probability_of_meeting
from planner.models.observations import Observations, OutcomeScale
from planner.models.rectified import Bounds
from planner.models.surrogate import Prediction, Surrogate

__all__ = [
    "Bounds",
    "ClassSurrogate",
    "Expectation",
    "FitFailure",
    "Hyperparameters",
    "Interval",
    "Observations",
    "OutcomeScale",
    "Prediction",
    "Surrogate",
    "chance",
    "clip",
    "expect",
    "expect_difference",
    "fit",
    "fit_classes",
    "interval",
    "probability_of_meeting",
]
