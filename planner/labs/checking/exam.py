"""The course of a check: what is sent in which order, so that little is run and much is seen."""

from __future__ import annotations

from dataclasses import dataclass

from planner.labs.checking.authority import (
    ask_for_strangers,
    send_expired,
    send_for_another,
    send_other_contents,
    send_stale,
)
from planner.labs.checking.contents import judge_contents
from planner.labs.checking.first_run import (
    compare_results,
    find_again,
    run_first,
    send_after_end,
)
from planner.labs.checking.promises import promises_of
from planner.labs.checking.restarts import restart_after_end, restart_at_work
from planner.labs.checking.steering import abort_a_run, stop_and_clear
from planner.labs.checking.subject import Subject, Terms
from planner.labs.checking.verdicts import Finding, Findings, Verdict
from planner.labs.contract import DeliveryClass, Lab


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a check has found, and what it leaves behind.

    Args:
        verdicts: one a promise.
        left: what is to be done by hand, if anything.
    """

    verdicts: tuple[Verdict, ...]
    left: tuple[str, ...]

    @property
    def is_broken(self) -> bool:
        """Whether a promise was found broken."""
        return any(each.finding is Finding.BROKEN for each in self.verdicts)

    @property
    def is_kept(self) -> bool:
        """Whether every promise was tried and kept."""
        return all(each.finding is Finding.KEPT for each in self.verdicts)


def check_lab(lab: Lab, *, terms: Terms) -> Examined:
    """Tries every promise that a source of its class makes; it performs real runs.

    Runs that a broken promise has begun, or that are open at the end, are taken back.

    Args:
        lab: its adapter; the caller closes it.
        terms: on which it is checked.

    Raises:
        PlannerError: the device cannot be kept for the check any longer.
    """
    subject = Subject(lab=lab, terms=terms, token=terms.raise_token())
    findings = Findings(promises_of(lab.delivery))
    left: list[str] = []
    try:
        left += _examine(subject, findings)
    finally:
        open_keys = subject.wind_up()
    left += [f"Nobody knows whether run {key} has ended: look there." for key in open_keys]
    findings.skip_rest("nothing was seen of it")
    return Examined(verdicts=findings.verdicts(), left=tuple(left))


def _examine(subject: Subject, findings: Findings) -> list[str]:
    first = run_first(subject, findings)
    if first is None:
        return []
    is_keyed = subject.lab.delivery is DeliveryClass.KEYED
    is_fired = subject.lab.delivery is DeliveryClass.FIRE_AND_OBSERVE
    compare_results(subject, findings, first)
    if not is_fired:
        restart_after_end(subject, findings, first)
        if not findings.is_broken("keeps keys"):
            send_after_end(subject, findings, first)
            send_other_contents(subject, findings, first)
    judge_contents(subject, findings, first)
    find_again(subject, findings, first)
    ask_for_strangers(subject, findings)
    former, subject.token = subject.token, subject.terms.raise_token()
    abort_a_run(subject, findings)  # the device hears the higher token here
    if is_keyed:
        send_stale(subject, findings, first, stale=former)
        send_for_another(subject, findings)
    if subject.lab.delivery is not DeliveryClass.TWO_PHASE:
        send_expired(subject, findings)
    if not is_fired:
        restart_at_work(subject, findings, first)
    left = stop_and_clear(subject, findings)
    return [left] if left else []
