"""Where a campaign stands, in facts and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from planner.loop.budget import budget_left
from planner.loop.session import Session
from planner.loop.waiting import describe_waiting
from planner.loop.work_list import list_work
from planner.trials import TERMINAL_TRIALS, Wanted


def gather_standing(session: Session) -> dict[str, Any]:
    """Returns the facts, ready for JSON."""
    state = session.state
    row = session.ledger.campaign_row(session.campaign)
    is_idle = not state.open_trials and (state.stopped is not None or state.wanted is Wanted.RUN)
    return {
        "campaign": state.campaign,
        "simulated": state.simulated,
        "ledger": session.ledger.place,
        "wanted": str(state.wanted),
        "trials": dict(Counter(str(trial.state) for trial in state.trials.values())),
        "imported": len(state.imported),
        "budget_left": budget_left(state),
        "stopped": state.stopped.reason if state.stopped is not None else None,
        "waits_for": None if is_idle else describe_waiting(session),
        "work": [
            {**asdict(work), "since": work.since.isoformat(), "said": work.in_words()}
            for work in list_work(state)
        ],
        "open": [
            {
                "trial": trial.number,
                "state": str(trial.state),
                "source": trial.source,
                "configuration": dict(trial.configuration),
            }
            for trial in state.trials.values()
            if trial.state not in TERMINAL_TRIALS
        ],
        "epoch": row.epoch,
        "sequence": state.sequence,
    }


def describe_standing(standing: dict[str, Any]) -> str:
    """Returns the facts in words."""
    kind = "simulated" if standing["simulated"] else "real"
    lines = [f"Campaign {standing['campaign']} ({kind}), ledger {standing['ledger']}"]
    counts = ", ".join(f"{n} {state}" for state, n in standing["trials"].items()) or "none yet"
    lines.append(f"Trials: {counts}; the budget admits {standing['budget_left']} more.")
    if standing["imported"]:
        lines.append(f"Imported measurements: {standing['imported']}.")
    if standing["stopped"]:
        lines.append(f"Stopped: {standing['stopped']}.")
    if standing["waits_for"]:
        lines.append(f"Now: {standing['waits_for']}.")
    elif not standing["stopped"]:
        lines.append("Now: nothing waits for a person; planner run or planner ask goes on.")
    if standing["work"]:
        lines.append("What waits for whom:")
        lines += [f"  {work['said']}" for work in standing["work"]]
    return "\n".join(lines)
