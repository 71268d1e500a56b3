"""What a device hears while it works, and after a stop: abort, adjust, stop, clear."""

from __future__ import annotations

from planner.errors import Conflict, LabUnavailable, Refused, Unanswered
from planner.labs.checking.subject import AT_WORK, ENDS, Subject
from planner.labs.checking.verdicts import Findings
from planner.labs.contract import DeviceLab
from planner.trials import DeviceState, Heartbeat, Order

_BY = "planner labs check"
_WHY = "to see that it stops"


def abort_a_run(subject: Subject, findings: Findings) -> None:
    """Begins a run, changes it where that is offered, and takes it back."""
    subject.terms.say("begins a run and takes it back")
    mark = len(subject.log)
    order = subject.new_order()
    sent = subject.send(order)
    if sent.answer is None:
        for name in ("can be aborted", "adjusts once"):
            findings.skip(name, f"another order was not taken: {sent.words}")
        return
    reply = subject.watch(order.key, until=AT_WORK | ENDS, limit_s=subject.terms.patience_s)
    if reply.state not in AT_WORK:
        why = (
            "the run was over before it could be taken back: give settings (NAME=VALUE) by "
            "which a run takes longer"
        )
        findings.skip("can be aborted", why)
        findings.skip("adjusts once", why)
        return
    _adjust(subject, findings, order)
    asked = subject.abort(order.key)
    ended = subject.watch(order.key, until=ENDS, limit_s=subject.terms.patience_s)
    if asked.error is not None or not ended.is_end:
        words = "a run that was taken back did not end, or the abort was not answered"
        findings.break_("can be aborted", words, *subject.log[mark:])
    elif ended.state is DeviceState.ABORTED:
        findings.keep("can be aborted", "taken back at work, the run ended 'aborted'")
    elif ended.state is DeviceState.UNKNOWN:
        words = "a run that was taken back is 'unknown', although nothing was restarted"
        findings.break_("can be aborted", words, *subject.log[mark:])
    else:
        why = (
            f"taken back at work, the run ended {ended.state}: it may not have heard; give "
            "settings (NAME=VALUE) by which a run takes longer"
        )
        findings.skip("can be aborted", why)


def stop_and_clear(subject: Subject, findings: Findings) -> str:
    """Stops the device, sees that it takes nothing, and clears it.

    Returns:
        What is to be done by hand where it is still stopped; otherwise nothing.
    """
    lab, terms = subject.lab, subject.terms
    if not isinstance(lab, DeviceLab):
        findings.skip("stops", "the adapter knows no stop")
        return ""
    if terms.clear_token is None and terms.needs_clear_token:
        findings.skip("stops", "without its clear token nobody could clear it (--clear-token)")
        return ""
    subject.terms.say("stops it, sends an order, and clears it")
    mark = len(subject.log)
    try:
        stopped = lab.stop(by=_BY, reason=_WHY, device=terms.device)
        subject.log.append(f"stop: {stopped.state}")
    except Exception as error:
        findings.break_("stops", f"it did not confirm the stop: {error}")
        return _clear(subject, findings, lab, mark)
    reply = subject.send(subject.new_order(), more="while it is stopped")
    if stopped.state not in ("stopped", "locked"):
        words = f"after a stop it says that it is {stopped.state}"
        findings.break_("stops", words, *subject.log[mark:])
    elif not isinstance(reply.error, LabUnavailable):
        words = "it answered an order while it was stopped, in place of rejecting it as locked"
        findings.break_("stops", words, *subject.log[mark:])
    return _clear(subject, findings, lab, mark)


def _clear(subject: Subject, findings: Findings, lab: DeviceLab, mark: int) -> str:
    if subject.terms.needs_clear_token and not _is_refused(subject, lab):
        words = "a wrong clear token cleared it"
        findings.break_("stops", words, *subject.log[mark:])
    try:
        cleared = _send_clear(subject, lab, subject.terms.clear_token or "")
    except Exception as error:
        findings.break_("stops", f"it cannot be cleared: {error}", *subject.log[mark:])
        return "It is still stopped: clear it where it stands."
    subject.log.append(f"clear: {cleared.state}")
    if cleared.state in ("stopped", "locked"):
        findings.break_("stops", f"cleared, it is {cleared.state}", *subject.log[mark:])
        return "It is still stopped: clear it where it stands."
    findings.keep("stops", "stopped, it took no order; it went on after it was cleared")
    return ""


def _is_refused(subject: Subject, lab: DeviceLab) -> bool:
    try:
        beat = _send_clear(subject, lab, "a wrong clear token")
    except (Refused, LabUnavailable):
        subject.log.append("clear with a wrong token: refused")
        return True
    subject.log.append(f"clear with a wrong token: {beat.state}")
    return beat.state in ("stopped", "locked")


def _send_clear(subject: Subject, lab: DeviceLab, token: str) -> Heartbeat:
    return lab.clear(clear_token=token, by=_BY, reason=_WHY, device=subject.terms.device)


def _adjust(subject: Subject, findings: Findings, order: Order) -> None:
    """Sends a run's own settings as a change: twice the same, then another under its number."""
    name, mark = "adjusts once", len(subject.log)
    if not isinstance(subject.lab, DeviceLab):
        findings.skip(name, "the adapter knows no changes")
        return
    try:
        said = [_send_change(subject, subject.lab, order, order.digest) for _ in range(2)]
    except (LabUnavailable, Unanswered) as error:
        findings.skip(name, f"the change was not answered: {error}")
        return
    except Refused as error:
        findings.keep(name, f"it takes no changes: {error}")
        return
    except Exception as error:
        findings.break_(name, f"the adapter failed: {error}", *subject.log[mark:])
        return
    if said[0] != said[1]:
        words = f"the same change was {said[0]} and then {said[1]}"
        findings.break_(name, words, *subject.log[mark:])
    elif said[0] == "refused":
        findings.keep(name, "it takes no changes, and says so")
    else:
        _judge_other_change(subject, findings, subject.lab, order, mark)


def _judge_other_change(
    subject: Subject, findings: Findings, lab: DeviceLab, order: Order, mark: int
) -> None:
    try:
        _send_change(subject, lab, order, "0" * len(order.digest))
    except Conflict:
        words = "a change was taken once; another under its number was refused"
        findings.keep("adjusts once", words)
    except Exception as error:
        findings.skip("adjusts once", f"another change under its number: {error}")
    else:
        words = "two different changes were taken under one number"
        findings.break_("adjusts once", words, *subject.log[mark:])


def _send_change(subject: Subject, lab: DeviceLab, order: Order, digest: str) -> str:
    word = lab.adjust(
        order.key,
        number=1,
        digest=digest,
        parameters=order.parameters,
        token=subject.token,
        ledger=subject.terms.ledger,
        device=subject.terms.device,
    )
    subject.log.append(f"change 1 of {order.key}, digest {digest[:8]}: {word.state}")
    return word.state
