"""Whom a device obeys, and which orders it must not take."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from planner.errors import Conflict, LabUnavailable, Refused, StaleToken, Unanswered
from planner.labs.checking.first_run import FirstRun
from planner.labs.checking.subject import Reply, Subject
from planner.labs.checking.verdicts import Findings
from planner.trials import DeviceState

_LONG_AGO = timedelta(hours=1)


def send_other_contents(subject: Subject, findings: Findings, first: FirstRun) -> None:
    """Sends the first key again, with another digest."""
    other = replace(first.order, digest="0" * len(first.order.digest))
    reply = subject.send(other, more="another digest")
    name = "tells orders apart"
    if isinstance(reply.error, Conflict):
        findings.keep(name, "another digest under a known key was refused")
    elif _is_out_of_reach(reply):
        findings.skip(name, reply.words)
    else:
        words = "another digest under a known key was not refused as another order"
        findings.break_(name, words, subject.log[-1])


def ask_for_strangers(subject: Subject, findings: Findings) -> None:
    """Asks about a key that was never sent."""
    reply = subject.ask(f"{subject.terms.name}/never/1")
    if reply.error is not None:
        findings.break_("knows its own", "asked about a strange key, it failed", subject.log[-1])
    elif reply.answer is not None:
        findings.break_("knows its own", "it has a state for a key never sent", subject.log[-1])
    else:
        findings.keep("knows its own", "a key that was never sent is left out")


def send_expired(subject: Subject, findings: Findings) -> None:
    """Sends an order whose time has passed."""
    subject.terms.say("sends what must not be taken")
    order = subject.new_order(not_after=subject.terms.clock.now() - _LONG_AGO)
    reply = subject.send(order, more="not after an hour ago")
    if reply.state is DeviceState.REFUSED:
        findings.keep("refuses the past", "an order for an hour ago was refused for good")
    elif _is_out_of_reach(reply):
        findings.skip("refuses the past", reply.words)
    elif reply.answer is not None:
        words = f"an order for an hour ago was {reply.state}"
        findings.break_("refuses the past", words, subject.log[-1])
    else:
        words = "an order for an hour ago was not taken, and not refused for good either"
        findings.break_("refuses the past", words, subject.log[-1])


def send_stale(subject: Subject, findings: Findings, first: FirstRun, *, stale: int) -> None:
    """Sends an order and an abort with a token below one that the device has heard."""
    name, mark = "refuses stale tokens", len(subject.log)
    said = f"heard {subject.token}, then {stale}"
    order = replace(subject.new_order(), token=stale)
    replies = [
        subject.send(order, more=f"token {stale}, after {subject.token} was heard"),
        subject.abort(first.key, token=stale),
    ]
    if any(_is_out_of_reach(each) for each in replies):
        findings.skip(name, next(each.words for each in replies if _is_out_of_reach(each)))
    elif all(isinstance(each.error, StaleToken) for each in replies):
        findings.keep(name, f"{said}: an order and an abort were refused")
    elif any(each.error is None for each in replies):
        findings.break_(name, f"{said}: it was obeyed", *subject.log[mark:])
    else:
        words = f"{said}: refused, but not as a stale token, so that the driver goes on"
        findings.break_(name, words, *subject.log[mark:])


def send_for_another(subject: Subject, findings: Findings) -> None:
    """Sends an order under the id of another ledger."""
    other = f"{subject.terms.name}-other"
    order = replace(subject.new_order(), ledger=other)
    reply = subject.send(order, more=f"ledger {other}")
    name = "obeys one ledger"
    if type(reply.error) is Refused:
        findings.keep(name, "the order of another ledger was refused")
    elif _is_out_of_reach(reply):
        findings.skip(name, reply.words)
    elif reply.answer is not None:
        words = f"the order of another ledger was answered: {reply.state}"
        findings.break_(name, words, subject.log[-1])
    else:
        words = "the order of another ledger was refused, but not as such"
        findings.break_(name, words, subject.log[-1])


def _is_out_of_reach(reply: Reply) -> bool:
    return isinstance(reply.error, LabUnavailable | Unanswered)
