"""What waits for approval, as it is printed: what to set, what to expect, and why."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from planner.loop.sessions.desk import Place
    from planner.trials import Trial


def show_approvals(place: Place, *, as_json: bool) -> None:
    """Prints the trials that wait for approval, with the figures that the ledger has of each.

    Args:
        place: of the campaign.
        as_json: whether to print facts.
    """
    from planner.cli.proposed import trial_in_words
    from planner.loop.rules.approval import missing_in_words
    from planner.loop.sessions.desk import looking_at
    from planner.trials import TrialState

    with looking_at(place) as session:
        state = session.state
    trials = state.in_state(TrialState.AWAITING_APPROVAL)
    if as_json:
        typer.echo(json.dumps([_facts(trial) for trial in trials], indent=2))
        return
    for trial in trials:
        lines = trial_in_words(trial, state.spec, figures=True)
        typer.echo("\n".join([*lines, f"  waits for {missing_in_words(state, trial)}"]))
    if not trials:
        typer.echo("Nothing waits for approval.")


def _facts(trial: Trial) -> dict[str, Any]:
    proposal = {key: each for key, each in asdict(trial.proposal).items() if key != "memo"}
    return {
        "trial": trial.number,
        "configuration": dict(trial.configuration),
        "approved_by": trial.approved_by,
        **proposal,
    }
