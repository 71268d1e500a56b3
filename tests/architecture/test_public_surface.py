"""What the packages offer; a change here is a change for users and is made on purpose."""

from __future__ import annotations

import importlib

import pytest

SURFACE = {
    "planner.space": """
        AnyConstraint AnyDeclared AnyParameter Categorical Configuration Constraint Contextual
        Continuous Count DeclaredParameter Discrete Exclusion Expression ExpressionConstraint Fixed
        Floats Free Integer Knot LinearConstraint Mixture Ordinal Parameter Presence Profile
        ProfileTable SearchSpace Span Value expand_profiles fit_constraint name_constraint
        read_number read_unit
    """,
    "planner.campaign": """
        Filter Keep Precondition SensedContext Sensor
        Adapter Analysis AnyDevice AnyObjective AnyOutcome AnySource Budget CampaignSpec Candidates
        ClassOutcome CommandDevice Consumable CurveOutcome DistributionOutcome FileOutcome HitClass
        HitRange HitTarget HttpDevice ImageOutcome MappedOutcome MappedParameter Maximise Minimise
        Modelling MqttDevice NumberObjective NumberOutcome Objective Person Policy ReplayedTable
        Runner Secret SetUp SimulatedProcess StopRule describe
        find_contradictions is_simulated make_schema parse_campaign read_campaign read_numbers
        read_rows read_space utility write_campaign
    """,
    "planner.trials": """
        Adjusted Answer ANSWERS Artifact Attachment BEGUN CHARGED CHARGED_AS_USED check_run_move
        check_trial_move Curve is_charged is_used
        DeviceState digest_json digest_order DISPATCHING Effect Heartbeat HEARTBEATS make_key
        Measured HeldBy KeptBy Observation PROPOSING
        Order ORDERS Origin OutcomeValue PENDING Prediction Proposal PROTOCOL_VERSION Rejection
        REJECTIONS Reported RESERVED Result RESULTS Run RunState Search Series Setting Spread
        StoredCurve Why
        TERMINAL_RUNS TERMINAL_TRIALS Trial TrialState Wanted
    """,
    "planner": """
        open
    """,
    "planner.acquisition": """
        Choice choose fit_for Forecast log_noisy_expected_improvement make_score Pick
        Repeatable Settings Situation upper_confidence_bound utility_moments UtilityMoments
    """,
    "planner.ledger": """
        are_one_place CampaignRow Command Entry Expectation Holder InboxRow InboxState Lease LEASE_S
        Ledger locate open_ledger OutboxRow OutboxState Record RunRow this_process
        TrialRow
    """,
    "planner.labs": """
        Adjustment Answer Attachment CommandLab DeliveryClass DeviceLab draft_order KeyedLab Lab
        Message open_lab Order ORDERS PersonLab RecallingLab ReplayLab Reported Result RESULTS
        Series Setting SimulatorLab Stray TellingLab TwoPhaseLab
    """,
    "planner.device": """
        Aborted Act Agent Control Job Journal MachineFailed ProcessFailed Rejected
    """,
    "planner.models": """
        Bounds chance ClassSurrogate clip correct Corrected Correction Evidence evidence_of
        expect expect_difference Expectation FAMILIES Family family fit fit_classes
        FitFailure GaussianProcess Hyperparameters Interval interval Observations
        OutcomeScale Prediction probability_of_meeting Serving serving spread_at Surrogate Task
    """,
    "planner.pictures": """
        CategoricalSlice ClassTrials Coverage Curves draw_class_trials draw_coverage
        draw_curves draw_effects draw_observed draw_progress draw_race draw_readings draw_slices
        draw_whatif Effects Goal Line
        NumericSlice Observed Prediction Progress Race Racer RaceTable RandomChoice
        SensorReadings Slices
        SliceTrials WhatIf
    """,
    "planner.readings": """
        Archive LastReading Means Message MOST_BYTES read_message Reading Recorder Series
        SourceCount Standing summarise Summary sweep Swept Window
    """,
    "planner.report": """
        Facts gather HISTORY make_page render report_json write_report
    """,
    "planner.whatif": """
        Answer answer Base Difference draw parse_question Question render Said
        whatif_json
    """,
}


@pytest.mark.parametrize("package", SURFACE)
def test_a_package_offers_what_it_says(package: str) -> None:
    module = importlib.import_module(package)
    assert set(module.__all__) == set(SURFACE[package].split())
    for name in module.__all__:
        assert hasattr(module, name)


def test_the_facade_has_a_version() -> None:
    import planner

    assert planner.__version__
