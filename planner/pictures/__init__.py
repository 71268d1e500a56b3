"""Figures as SVG: records of numbers in, one self-contained ``<svg>`` element out.

Every picture takes a record and a width in pixels; it is the same to the byte whenever they are the
same. Draw it at the width at which it is shown (700 on a desk, 360 on a telephone): letters keep
their size and panels move below each other.
"""

from planner.pictures.classes import ClassTrials, draw_class_trials
from planner.pictures.coverage import Coverage, draw_coverage
from planner.pictures.curves import Curves, Line, draw_curves
from planner.pictures.effects import Effects, draw_effects
from planner.pictures.goal import Goal
from planner.pictures.observed import Observed, draw_observed
from planner.pictures.prediction import Prediction
from planner.pictures.progress import Progress, RandomChoice, draw_progress
from planner.pictures.race import Race, Racer, RaceTable, draw_race
from planner.pictures.readings import SensorReadings, draw_readings
from planner.pictures.sliced import CategoricalSlice, NumericSlice, Slices, SliceTrials
from planner.pictures.slices import draw_slices
from planner.pictures.whatif import WhatIf, draw_whatif

__all__ = [
    "CategoricalSlice",
    "ClassTrials",
    "Coverage",
    "Curves",
    "Effects",
    "Goal",
    "Line",
    "NumericSlice",
    "Observed",
    "Prediction",
    "Progress",
    "Race",
    "RaceTable",
    "Racer",
    "RandomChoice",
    "SensorReadings",
    "SliceTrials",
    "Slices",
    "WhatIf",
    "draw_class_trials",
    "draw_coverage",
    "draw_curves",
    "draw_effects",
    "draw_observed",
    "draw_progress",
    "draw_race",
    "draw_readings",
    "draw_slices",
    "draw_whatif",
]
