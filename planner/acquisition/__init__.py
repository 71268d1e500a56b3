"""Acquisition: worth of a candidate under a posterior, and the policy that chooses by it."""

from planner.acquisition.bounds import upper_confidence_bound
from planner.acquisition.fitted import fit_for
from planner.acquisition.improvement import log_noisy_expected_improvement
from planner.acquisition.policy import choose
from planner.acquisition.situation import (
    Choice,
    Forecast,
    Pick,
    Repeatable,
    Settings,
    Situation,
)
from planner.acquisition.utility import UtilityMoments, utility_moments
from planner.acquisition.worth import make_score

__all__ = [
    "Choice",
    "Forecast",
    "Pick",
    "Repeatable",
    "Settings",
    "Situation",
    "UtilityMoments",
    "choose",
    "fit_for",
    "log_noisy_expected_improvement",
    "make_score",
    "upper_confidence_bound",
    "utility_moments",
]
