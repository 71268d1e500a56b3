"""The first run of a check: one order, from its sending to its result and beyond."""

from __future__ import annotations

from dataclasses import dataclass

from planner.labs.checking.subject import AT_WORK, ENDS, Reply, Subject
from planner.labs.checking.verdicts import Findings
from planner.labs.contract import Lab
from planner.trials import RESULTS, Answer, DeviceState, Heartbeat, Order

_ASKED_AGAIN = 3
_OF_THE_END = ("one result", "keeps results", "measures", "keeps units")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRun:
    """What became of the first order.

    Args:
        order: as it was sent.
        end: its last answer.
        seconds: from its sending until its end was heard.
    """

    order: Order
    end: Answer
    seconds: float

    @property
    def key(self) -> str:
        """Of the run."""
        return self.order.key

    @property
    def is_done(self) -> bool:
        """Whether it has a result."""
        return self.end.state is DeviceState.DONE


def run_first(subject: Subject, findings: Findings) -> FirstRun | None:
    """Sends an order, and again while it is open, and waits for its end.

    Returns:
        What became of it; None where nothing can be tried after it, which is noted.
    """
    subject.terms.say("sends an order and waits for its end")
    before = subject.beat()
    order, sent_s = subject.new_order(), subject.elapsed_s
    reply = subject.send(order)
    if not _is_answered(reply, order, findings, *subject.log[-1:]):
        return None
    again = subject.send(order, more="the same again")
    if again.error is not None or again.state is DeviceState.REFUSED:
        words = "the same order again was not answered as the same run"
        findings.break_("acts once", words, *subject.log[-2:])
    else:
        findings.keep("acts once", "sent twice while open, answered as one run")
    _hear_at_work(subject, findings, order.key, before)
    mark = len(subject.log)
    ended = subject.watch(order.key, until=ENDS, limit_s=subject.terms.patience_s)
    seconds = subject.elapsed_s - sent_s
    if ended.answer is None or not ended.is_end:
        words = f"no end was heard in {seconds:.0f} s: {ended.words}"
        findings.break_("ends", words, *subject.log[mark:])
        findings.skip_rest("the first run did not end")
        return None
    _judge_end(ended.answer, findings, seconds, subject.log[-1])
    return FirstRun(order=order, end=ended.answer, seconds=seconds)


def compare_results(subject: Subject, findings: Findings, first: FirstRun) -> None:
    """Asks about the run again and again; a result never changes."""
    if not first.is_done:
        for name in _OF_THE_END:
            findings.skip(name, f"the first run brought no result: it is {first.end.state}")
        return
    mark = len(subject.log)
    for _ in range(_ASKED_AGAIN):
        reply = subject.ask(first.key)
        if reply.error is None and not is_same_end(reply.answer, first.end):
            findings.break_(
                "one result",
                "asked again, it brought something else",
                f"first: {first.key}: {_shown(first.end)}",
                *subject.log[mark:],
            )
            return
    findings.keep("one result", f"asked {_ASKED_AGAIN} times, the same values each time")


def send_after_end(subject: Subject, findings: Findings, first: FirstRun) -> None:
    """Sends the first order again after its end; nothing may begin anew."""
    reply = subject.send(first.order, more="the same again, after its end")
    if reply.error is not None:
        words = "the same order again, after its end, was not answered"
        findings.break_("acts once", words, subject.log[-1])
    elif not reply.is_end:
        words = f"sent again after its end, the run is {reply.state} anew"
        findings.break_("acts once", words, subject.log[-1])
    else:
        words = "sent again while open and after its end: the same run, and nothing began anew"
        findings.keep("acts once", words)


def find_again(subject: Subject, findings: Findings, first: FirstRun) -> None:
    """Asks about the run through an adapter that was opened anew."""
    if findings.is_broken("keeps keys"):
        findings.skip("found again", "the device forgets its keys over a restart")
        return
    try:
        lab = subject.terms.reopen()
    except Exception as error:
        findings.break_("found again", f"the adapter cannot be opened a second time: {error}")
        return
    try:
        reply = _ask_anew(subject, lab, first.key)
    finally:
        lab.close()
    if reply.is_end:
        findings.keep("found again", f"opened anew, the adapter says: {reply.words}")
    else:
        words = "opened anew, the adapter does not know what became of the run"
        findings.break_("found again", words, subject.log[-1])


def is_same_end(one: Answer | None, other: Answer) -> bool:
    """Tells whether two answers say the same end with the same values."""
    return one is not None and one.state is other.state and _written(one) == _written(other)


def _ask_anew(subject: Subject, lab: Lab, key: str) -> Reply:
    other = Subject(lab=lab, terms=subject.terms, token=subject.token, log=subject.log)
    return other.watch(key, until=ENDS, limit_s=subject.terms.back_s)


def _is_answered(reply: Reply, order: Order, findings: Findings, *evidence: str) -> bool:
    if reply.answer is None or reply.answer.key != order.key:
        findings.break_("answers", "the first order was not answered with its state", *evidence)
        findings.skip_rest("the first order was not taken")
        return False
    findings.keep("answers", f"the first order was answered: {reply.words}")
    if reply.state is DeviceState.REFUSED:
        findings.skip_rest(
            f"the device refuses these settings ({reply.answer.reason}): give others as NAME=VALUE"
        )
        return False
    return True


def _judge_end(end: Answer, findings: Findings, seconds: float, evidence: str) -> None:
    if end.state is DeviceState.UNKNOWN:
        words = "the run's end is 'unknown', although nothing was restarted"
        findings.break_("ends", words, evidence)
    else:
        findings.keep("ends", f"the first run was {end.state} after {seconds:.1f} s")


def _hear_at_work(subject: Subject, findings: Findings, key: str, before: Heartbeat | None) -> None:
    """Compares heartbeats before and during a run."""
    if before is None:
        findings.skip("says how it is", "it has no heartbeat")
        findings.skip("says what it is", "it has no heartbeat")
        return
    reply = subject.watch(key, until=AT_WORK | ENDS, limit_s=subject.terms.patience_s)
    during = subject.beat()
    still = subject.ask(key)
    _judge_kind(subject, findings, before)
    if during is None:
        findings.break_("says how it is", "it gave no heartbeat while a run was under way")
        return
    said = f"heartbeat {before.sequence} of boot {before.boot_id}, then {_beat_shown(during)}"
    is_at_work = reply.state in AT_WORK and still.state in AT_WORK
    if during.boot_id != before.boot_id:
        findings.break_("says how it is", "its boot id changed without a restart", said)
    elif during.sequence <= before.sequence:
        findings.break_("says how it is", "its heartbeats do not count on", said)
    elif is_at_work and during.current_key != key:
        words = f"the run {key} was under way, and its heartbeat names {during.current_key}"
        findings.break_("says how it is", words, said)
    elif is_at_work:
        findings.keep("says how it is", f"it counts on and named {key} while that was under way")
    else:
        findings.keep("says how it is", "it counts on (the run was too short to see its key)")


def _judge_kind(subject: Subject, findings: Findings, beat: Heartbeat) -> None:
    word = {True: "simulated", False: "real"}
    wanted, said = word[subject.terms.is_simulated], word[beat.simulated]
    if wanted == said:
        findings.keep("says what it is", f"both say {said}")
    else:
        words = f"the device says {said}, and the campaign file {wanted}"
        findings.break_("says what it is", words)


def _beat_shown(beat: Heartbeat) -> str:
    return f"{beat.sequence} of boot {beat.boot_id}, {beat.state}, run {beat.current_key or 'none'}"


def _written(answer: Answer) -> bytes:
    return b"" if answer.result is None else RESULTS.dump_json(answer.result)


def _shown(answer: Answer) -> str:
    return f"{answer.state} {_written(answer).decode()}"
