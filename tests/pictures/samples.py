"""One ordinary record of each picture, with a name of the caller's choice."""

from __future__ import annotations

import numpy as np

from planner import pictures


def prediction(g=41, level=0.9):
    mean = 50 + 30 * np.sin(np.linspace(0, 3, g))
    return pictures.Prediction(
        mean=mean,
        mean_interval=np.column_stack([mean - 5, mean + 6]),
        run_interval=np.column_stack([mean - 12, mean + 11]),
        level=level,
    )


def progress(outcome="yield", unit="%"):
    values = np.array([31.0, 45.5, np.nan, 40.0, np.nan, 62.25, 58.0, np.nan, 71.5, np.nan])
    states = ["observed"] * 10
    states[2], states[4], states[7], states[9] = "failed", "failed", "quarantined", "pending"
    mean = 40 + 5 * np.log(np.arange(1, 13))
    return pictures.Progress(
        outcome=outcome,
        unit=unit,
        goal=pictures.Goal("maximise", low=70.0),
        values=values,
        states=states,
        is_start=np.arange(10) < 4,
        random=pictures.RandomChoice(mean, np.column_stack([mean - 8, mean + 4])),
    )


def slices(outcome="yield", unit="%"):
    dots = pictures.SliceTrials(
        settings=[110.0, 120.0, 130.0, 140.0],
        values=[45.0, 60.0, np.nan, 75.0],
        distances=[0.0, 0.1, 0.0, 3.0],
    )
    choice = pictures.SliceTrials(
        settings=[0, 1, 1], values=[40.0, 50.0, 60.0], distances=[0, 0, 0]
    )
    return pictures.Slices(
        outcome=outcome,
        unit=unit,
        panels=[
            pictures.NumericSlice(
                "temperature", "degC", np.linspace(100, 150, 41), prediction(), 131.0, dots
            ),
            pictures.CategoricalSlice("solvent", ["DMF", "toluene"], prediction(2), "DMF", choice),
            pictures.NumericSlice(
                "concentration", "mol/L", np.logspace(-6, -2, 41), prediction(), 1e-4, is_log=True
            ),
        ],
        goal=pictures.Goal("range", low=60.0, high=80.0),
        held="the best trial, 17",
    )


def observed(outcome="yield", unit="%"):
    return pictures.Observed(
        outcome=outcome,
        unit=unit,
        observed=[10.0, 20.0, 30.0, 44.0],
        mean=[11.0, 18.0, 33.0, 40.0],
        interval=[[8, 14], [15, 21], [31, 35], [37, 44]],
        sd=[1.0, 1.0, 2.0, 0.0],
    )


def coverage(outcome="yield", unit="%"):
    share = np.linspace(0.2, 1.0, 12)
    return pictures.Coverage(
        outcome=outcome,
        unit=unit,
        levels=[0.5, 0.8, 0.9, 0.95],
        shares=[0.25, 0.75, 0.85, 0.95],
        bands=[[0.3, 0.7], [0.6, 0.95], [0.75, 1.0], [0.85, 1.0]],
        running=np.column_stack([0.5 * share, 0.8 * share, 0.9 * share, share]),
        crps=np.linspace(3.0, 1.0, 12),
        nlpd=np.linspace(2.0, -0.5, 12),
    )


def race(outcome="planner & co", unit=""):
    share = np.array([0.1, 0.35, 0.5, 0.5, 0.8, 1.0])
    band = np.column_stack([share * 0.8, np.minimum(share * 1.2, 1.0)])
    other = pictures.Racer("other", share[:4] / 2, band[:4] / 2)
    table = pictures.RaceTable(
        table="fullerenes",
        racers=[pictures.Racer(outcome, share, band), other],
        random=np.linspace(0.05, 0.3, 6),
        oracle=np.minimum(np.arange(1, 7) / 3, 1.0),
    )
    return pictures.Race([table], band=f"interquartile range of 20 runs {unit}")


def whatif(outcome="yield", unit="%"):
    return pictures.WhatIf(
        outcome=outcome,
        unit=unit,
        parameter="temperature",
        parameter_unit="degC",
        settings=np.linspace(100, 150, 41),
        prediction=prediction(),
        goal=pictures.Goal("target", target=70.0, low=65.0, high=75.0),
        probability=np.linspace(0.1, 0.9, 41) ** 2,
        asked=140.0,
        held="the best trial, 17",
    )


def class_trials(outcome="phase", unit=""):
    seen = ["amorphous", None, "anatase", "rutile", None, "rutile", "rutile", None]
    states = ["observed"] * 8
    states[1], states[4], states[7] = "failed", "quarantined", "pending"
    return pictures.ClassTrials(
        outcome=outcome,
        classes=["amorphous", "anatase", "rutile"],
        wanted=["rutile"],
        seen=seen,
        states=states,
        chance=np.array([np.nan, np.nan, 0.33, 0.4, 0.35, 0.62, 0.8, 0.85]),
    )


def curves(outcome="absorbance", unit="%"):
    x = np.linspace(400, 700, 301)

    def line(label, centre, width):
        return pictures.Line(label, x, np.exp(-0.5 * ((x - centre) / width) ** 2))

    return pictures.Curves(
        outcome=outcome,
        unit=unit,
        x_name="wavelength",
        x_unit="nm",
        lines=[line("trial 7 (best)", 521, 22), line("trial 3", 534, 30), line("trial 5", 560, 41)],
        target=line("target", 520, 20),
    )


def effects(outcome="yield", unit="%"):
    return pictures.Effects(
        outcome=outcome,
        unit=unit,
        settings=("time = 10 min", "temperature = 90 degC", "solvent = DMF"),
        effects=np.array([-6.0, 24.0, 2.5]),
        sd=np.array([1.5, 4.0, 3.0]),
        base=41.0,
        mean=61.5,
        mean_sd=2.0,
    )


def readings(name="temperature", unit="degC"):
    t = np.linspace(0, 60, 241)
    value = 500 + 40 * (t > 30) + np.sin(3 * t)
    raw = value + 0.5 * np.cos(41 * t)
    raw[[40, 150]] = 900.0, 0.0
    value = np.where(abs(raw - 520) > 60, np.nan, value)
    keep = (t < 10) | (t > 14)
    return pictures.SensorReadings(
        name=name,
        unit=unit,
        t_name="time since 08:00 UTC",
        t_unit="min",
        t=t[keep],
        raw=raw[keep],
        value=value[keep],
        gaps=[(10.0, 14.0)],
        span=(0.0, 60.0),
    )


ALL = {
    "progress": (pictures.draw_progress, progress),
    "slices": (pictures.draw_slices, slices),
    "observed": (pictures.draw_observed, observed),
    "race": (pictures.draw_race, race),
    "whatif": (pictures.draw_whatif, whatif),
    "class_trials": (pictures.draw_class_trials, class_trials),
    "curves": (pictures.draw_curves, curves),
    "coverage": (pictures.draw_coverage, coverage),
    "readings": (pictures.draw_readings, readings),
    "effects": (pictures.draw_effects, effects),
}
