"""What the packages offer; a change here is a change for users and is made on purpose."""

from __future__ import annotations

import importlib

import pytest

SURFACE = {
    "planner.space": """
        AnyParameter Categorical Configuration Continuous Discrete Floats Integer LinearConstraint
        Parameter SearchSpace Value read_number read_unit
    """,
    "planner.campaign": """
        Adapter AnyObjective AnySource Budget CampaignSpec Candidates HitRange HitTarget Maximise
        Minimise Objective Outcome Person Policy ReplayedTable SimulatedProcess StopRule describe
        find_contradictions is_simulated make_schema parse_campaign read_campaign read_numbers
        read_rows read_space utility write_campaign
    """,
    "planner.trials": """
        CHARGED DeviceState Measured Observation Origin PENDING PROTOCOL_VERSION Prediction
        Proposal RESERVED Run RunState TERMINAL_RUNS TERMINAL_TRIALS Trial TrialState Wanted
        check_run_move check_trial_move digest_json digest_order make_key
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
