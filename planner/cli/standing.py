"""Where a campaign stands, in facts and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from planner.campaign.amendment import Change
from planner.campaign.words.phrases import listed
from planner.cli.proposed import trial_in_words
from planner.cli.typed import to_type
from planner.ledger.replay import CampaignState
from planner.loop.deciding.predicting import describe_predicting
from planner.loop.deciding.stopping import assess_without_model, how_to_go_on, rules_with_model
from planner.loop.dispatch.service import service_facts
from planner.loop.rules.budget import NO_LIMIT, budget_left, money_in_words, money_left
from planner.loop.rules.opening_hours import describe_opening
from planner.loop.rules.stock import describe_stock, stock_facts
from planner.loop.sessions.session import Session
from planner.loop.steps.waiting import (
    describe_service,
    describe_time,
    describe_waiting,
    waits_for_people,
)
from planner.loop.timetable.placing import wait_until
from planner.loop.work_list import list_work, trials_in_words
from planner.trials import TERMINAL_TRIALS, Search, TrialState, Wanted, Why


def gather_standing(
    session: Session, changes: Sequence[Change] = (), *, file: str = "FILE"
) -> dict[str, Any]:
    """Returns the facts, ready for JSON.

    Args:
        session: whose campaign.
        changes: in its file, that were not entered.
        file: the campaign file, as it stands in a command.
    """
    state = session.state
    row = session.ledger.campaign_row(session.campaign)
    now, left, money = session.clock.now(), budget_left(state), money_left(state)
    return {
        "campaign": state.campaign,
        "file": file,
        "simulated": state.simulated,
        "ledger": session.ledger.place,
        "wanted": str(state.wanted),
        "trials": dict(Counter(str(trial.state) for trial in state.trials.values())),
        "imported": len(state.imported),
        "budget_left": None if left == NO_LIMIT else left,
        "money_left": None if money is None else float(money),
        "currency": state.spec.budget.currency,
        "money": None if money is None else money_in_words(state),
        "stock": stock_facts(state),
        "stock_in_words": describe_stock(state) if state.spec.source.consumables else [],
        "devices": service_facts(state),
        "service": describe_service(state),
        "opening": describe_opening(state.spec.source, now=now),
        "model": describe_predicting(state),
        "alarms": _alarms(state),
        **_stop_facts(session),
        "waits_for": _waits_for(session),
        "work": [
            {**asdict(work), "since": work.since.isoformat(), "said": work.in_words()}
            for work in list_work(state, file=file)
        ],
        "open": [
            {
                "trial": trial.number,
                "state": str(trial.state),
                "source": trial.source,
                "configuration": dict(trial.configuration),
                "reason": trial.proposal.reason,
                "why": _plain(trial.proposal.why),
                "search": _plain(trial.proposal.search),
            }
            for trial in state.trials.values()
            if trial.state not in TERMINAL_TRIALS
        ],
        "to_approve": [
            trial_in_words(trial, state.spec, figures=True)
            for trial in state.in_state(TrialState.AWAITING_APPROVAL)
        ],
        "epoch": row.epoch,
        "sequence": state.sequence,
        "changed_in_file": [str(change) for change in changes],
    }


def _stop_facts(session: Session) -> dict[str, Any]:
    """Returns what has ended the campaign, or will once it is asked, as far as no model is needed.

    Fitting one takes seconds, and whoever asks for a trial has it fitted.
    """
    state = session.state
    met = state.stopped or assess_without_model(state, session.space, now_s=session.now_s)
    has_ended = state.stopped is not None
    return {
        "stopped": met.reason if met is not None and has_ended else None,
        "stop_met": met.reason if met is not None else None,
        "to_go_on": to_type(how_to_go_on(met, has_ended=has_ended)) if met is not None else None,
        "looks_first_at": rules_with_model(state) if met is None else [],
    }


def _alarms(state: CampaignState) -> list[dict[str, Any]]:
    """Returns the coverage alarms, and what came after each."""
    if not state.alarms:
        return []
    # what judges forecasts takes seconds to import, and few campaigns have an alarm
    from planner.loop.deciding.alarms import raised_alarms

    return [{**each.facts(), "said": each.in_short()} for each in raised_alarms(state)]


def _plain(record: Why | Search | None) -> dict[str, Any] | None:
    return None if record is None else asdict(record)


def _waits_for(session: Session) -> str | None:
    """Says until when, or for whom, the campaign waits; None where it waits for nobody."""
    state, now = session.state, session.clock.now()
    is_going_on = state.stopped is None and state.wanted is Wanted.RUN
    until = wait_until(state, is_proposing=is_going_on, now=now)
    if waits_for_people(state):
        return describe_waiting(session)
    return describe_time(state, until, now=now) if until is not None and until > now else None


def _who_goes_on(standing: dict[str, Any]) -> str:
    file, rules = standing["file"], standing["looks_first_at"]
    goes_on = f"planner run {file} or planner ask {file} goes on"
    if not rules:
        return goes_on
    return f"{goes_on}, unless the model says that {listed(rules, last='or')} is met"


def _what_now(standing: dict[str, Any]) -> str:
    """Says that the campaign can go on; results of trials that have ended may be to come."""
    if not standing["work"]:
        return f"nothing waits for a person; {_who_goes_on(standing)}"
    to_come = [f"{each['what']} of {trials_in_words(each['trials'])}" for each in standing["work"]]
    return (
        f"the next trial can be asked for: {_who_goes_on(standing)}. Still to come: "
        f"{listed(to_come)}"
    )


def describe_standing(standing: dict[str, Any]) -> str:
    """Returns the facts in words."""
    kind = "simulated" if standing["simulated"] else "real"
    lines = [f"Campaign {standing['campaign']} ({kind}), ledger {standing['ledger']}"]
    if standing["changed_in_file"]:
        lines.append("The campaign file has changed since; this is how it was entered:")
        lines += [f"  {change}" for change in standing["changed_in_file"]]
        amend = f"planner amend {standing['file']}"
        lines.append(f"  Enter the change with {amend}, or put the file back.")
    counts = ", ".join(f"{n} {state}" for state, n in standing["trials"].items()) or "none yet"
    left, money = standing["budget_left"], standing["money"]
    admits = [f"the budget admits {left} more"] if left is not None else []
    lines.append(f"Trials: {'; '.join([counts, *admits, *([money] if money else [])])}.")
    if standing["imported"]:
        lines.append(f"Imported measurements: {standing['imported']}.")
    if standing["stock_in_words"]:
        lines.append("Stock:")
        lines += [f"  {each}" for each in standing["stock_in_words"]]
    lines += _of_the_model(standing)
    lines += [f"{each[:1].upper()}{each[1:]}." for each in standing["service"]]
    if standing["opening"] and not standing["stopped"]:
        lines.append(f"{standing['opening']}.")
    if standing["stop_met"]:
        word = "Stopped" if standing["stopped"] else "Nothing more is proposed"
        lines.append(f"{word}: {standing['stop_met']}. {standing['to_go_on']}")
    if standing["waits_for"]:
        lines.append(f"Now: {standing['waits_for']}.")
    elif not standing["stop_met"]:
        lines.append(f"Now: {_what_now(standing)}.")
    if standing["work"]:
        lines.append("What waits for whom:")
        lines += [f"  {work['said']}" for work in standing["work"]]
    if standing["to_approve"]:
        lines.append("What is to be approved:")
        lines += [f"  {line}" for trial in standing["to_approve"] for line in trial]
    return "\n".join(lines)


def _of_the_model(standing: dict[str, Any]) -> list[str]:
    """Returns who predicts, where that is known, and the last alarm about it."""
    lines = [f"Model: {standing['model']}."] if standing["model"] else []
    return lines + [each["said"] for each in standing["alarms"][-1:]]
