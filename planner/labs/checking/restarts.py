"""What a device knows after a restart: of what had ended, and of what was under way."""

from __future__ import annotations

from planner.labs.checking.first_run import FirstRun, is_same_end
from planner.labs.checking.subject import AT_WORK, ENDS, NotRestarted, Subject
from planner.labs.checking.verdicts import Findings
from planner.trials import DeviceState

_OF_AN_END = ("keeps results", "keeps keys", "another boot")
_OF_WORK = ("commits first", "tells the truth")
# Pauses between two questions grow by a fifth, so that an end is heard late by less than that.
_SURELY = 0.8


def restart_after_end(subject: Subject, findings: Findings, first: FirstRun) -> None:
    """Restarts the device as soon as a run has ended, and asks what it knows of it."""
    before = subject.beat()
    mark = len(subject.log)
    if not _restarts(subject, findings, *_OF_AN_END, *_OF_WORK):
        return
    after = subject.beat()
    if before is not None and after is not None:
        if before.boot_id == after.boot_id:
            words = f"boot id {after.boot_id} before and after: it was not restarted, or says so"
            findings.break_("another boot", words, *subject.log[mark:])
            for name in (*_OF_AN_END, *_OF_WORK):
                findings.skip(name, "nothing shows that the device was restarted")
            return
        findings.keep("another boot", f"boot {before.boot_id}, then {after.boot_id}")
    findings.skip("another boot", "it has no heartbeat")
    _judge_memory(subject, findings, first, mark)


def restart_at_work(subject: Subject, findings: Findings, first: FirstRun) -> None:
    """Restarts the device while a run is under way, and asks what it says of it."""
    if findings.is_broken("keeps keys"):
        _skip(findings, "it forgets its keys over a restart, so that nothing can be seen")
        return
    if subject.terms.restart is None:
        _skip(findings, subject.terms.no_restart)
        return
    mark, sent_s = len(subject.log), subject.elapsed_s
    order = subject.new_order()
    sent = subject.send(order)
    if sent.answer is None:
        _skip(findings, f"another order was not taken: {sent.words}")
        return
    reply = subject.watch(order.key, until=AT_WORK | ENDS, limit_s=subject.terms.patience_s)
    if reply.state not in AT_WORK:
        _skip(
            findings,
            "the run was over before the device could be restarted: give settings (NAME=VALUE) by "
            "which a run takes longer",
        )
        return
    if not _restarts(subject, findings, *_OF_WORK):
        return
    reply = subject.ask(order.key)
    is_soon = subject.elapsed_s - sent_s < _SURELY * first.seconds
    if reply.error is not None:
        _skip(findings, f"after the restart it could not be asked: {reply.words}")
        return
    _judge_work(reply.state, findings, subject.log[mark:], is_soon=is_soon)


def _restarts(subject: Subject, findings: Findings, *names: str) -> bool:
    if subject.terms.restart is not None:
        subject.terms.say("has the device restarted")
    try:
        is_back = subject.restart()
    except NotRestarted as error:
        why = str(error)
    else:
        why = f"after the restart it did not answer within {subject.terms.back_s:.0f} s"
        if is_back:
            return True
    for name in names:
        findings.skip(name, why)
    return False


def _judge_memory(subject: Subject, findings: Findings, first: FirstRun, mark: int) -> None:
    reply = subject.ask(first.key)
    evidence = (f"{first.key}: {first.end.state} was heard", *subject.log[mark:])
    if reply.error is not None:
        for name in ("keeps keys", "keeps results"):
            findings.skip(name, f"after the restart it could not be asked: {reply.words}")
    elif reply.answer is None:
        words = "after a restart it does not know a run that had ended"
        findings.break_("keeps keys", words, *evidence)
        findings.skip("keeps results", "it forgets its keys over a restart")
    else:
        findings.keep("keeps keys", f"after a restart it says of the ended run: {reply.state}")
        is_same = is_same_end(reply.answer, first.end) or (
            findings.is_broken("one result") and reply.state is first.end.state
        )
        if is_same:
            findings.keep("keeps results", "restarted right after 'done', it has the same result")
        else:
            words = f"after 'done' and a restart the run is {reply.state} with another result"
            if reply.state is not DeviceState.DONE:
                words = f"after 'done' and a restart the run is {reply.state}: its result is lost"
            findings.break_("keeps results", words, *evidence)


def _judge_work(
    state: DeviceState | None, findings: Findings, evidence: list[str], *, is_soon: bool
) -> None:
    match state:
        case None:
            words = "the run was under way, and after a restart its key is not known"
            findings.break_("commits first", words, *evidence)
        case DeviceState.UNKNOWN:
            findings.keep("commits first", "after a restart at work the run did not begin again")
            findings.keep("tells the truth", "after a restart at work it said 'unknown'")
        case DeviceState.ACCEPTED | DeviceState.STARTED | DeviceState.PAUSED:
            words = f"the run was under way, and after a restart it is {state} again"
            findings.break_("commits first", words, *evidence)
        case DeviceState.DONE if is_soon:
            words = "after a restart at work it said 'done', in less time than a run takes"
            findings.keep("commits first", "after a restart at work the run did not begin again")
            findings.break_("tells the truth", words, *evidence)
    if findings.is_broken("commits first"):
        _skip(findings, "it begins a run again after a restart")
    _skip(
        findings,
        f"after the restart the run was {state}, which can be true where the program was asked to "
        f"end or the restart took long: end it by force (kill -9), while a run that takes longer "
        f"is under way",
    )


def _skip(findings: Findings, why: str) -> None:
    for name in _OF_WORK:
        findings.skip(name, why)
