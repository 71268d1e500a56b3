"""Surrogates: distributions over the outcome as a function of the configuration."""

from planner.models.classes.surrogate import ClassSurrogate, fit_classes
from planner.models.coverage.chosen import evidence_of
from planner.models.coverage.corrected import Corrected, correct
from planner.models.coverage.correction import Correction, Evidence
from planner.models.coverage.stating import spread_at
from planner.models.failure import FitFailure
from planner.models.families import FAMILIES, Family, family
from planner.models.gaussian.fitting import fit
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.process import GaussianProcess
from planner.models.observations import Observations, OutcomeScale
from planner.models.predictive.difference import expect_difference
from planner.models.predictive.expectation import Expectation, chance, expect
from planner.models.predictive.intervals import Interval, clip, interval, probability_of_meeting
from planner.models.predictive.rectified import Bounds
from planner.models.serving import Serving, serving
from planner.models.surrogate import Prediction, Surrogate
from planner.models.task import Task

__all__ = [
    "FAMILIES",
    "Bounds",
    "ClassSurrogate",
    "Corrected",
    "Correction",
    "Evidence",
    "Expectation",
    "Family",
    "FitFailure",
    "GaussianProcess",
    "Hyperparameters",
    "Interval",
    "Observations",
    "OutcomeScale",
    "Prediction",
    "Serving",
    "Surrogate",
    "Task",
    "chance",
    "clip",
    "correct",
    "evidence_of",
    "expect",
    "expect_difference",
    "family",
    "fit",
    "fit_classes",
    "interval",
    "probability_of_meeting",
    "serving",
    "spread_at",
]
