"""A sweep: what became of open runs is asked and written down, and what is overdue is told.

For a schedule, so that a campaign whose process has died or hangs is still looked at. It proposes
and dispatches nothing, and sends no order again; a campaign that a live process holds is only
looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planner.campaign.alerts import Alerts
from planner.campaign.words.phrases import count
from planner.errors import HeldByAnother, PlannerError, StaleWrite
from planner.loop.alerts.ages import Ages
from planner.loop.alerts.finding import Lost, find_standing, runs_under_way
from planner.loop.alerts.posting import Post
from planner.loop.alerts.silence import find_lost, listen, read_beats_of_busy
from planner.loop.dispatch.collect import (
    believe_ledger,
    end_overdue,
    is_news,
    open_runs,
    record_answers,
    settle_inbox,
)
from planner.loop.dispatch.expiring import expire
from planner.loop.dispatch.hearing import Hearing
from planner.loop.dispatch.keeper import holding
from planner.loop.dispatch.late import ask_late
from planner.loop.dispatch.sending import poll
from planner.loop.sessions.desk import Place, at_work
from planner.loop.sessions.session import Session
from planner.trials import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep found.

    Args:
        campaign: its name.
        n_news: runs of which a device had news.
        n_settled: results that became data, or were put aside.
        n_expired: trials that had waited for too long, or that limits in force rule out.
        n_overdue: runs that have taken longer than the source allows and are in doubt now.
        standing: what stands now and people are to know, such as an overdue trial.
        n_unsent: alerts that could not be sent.
        held: who is at work on the campaign, if somebody is.
        silent: why devices could not be asked.
    """

    campaign: str
    n_news: int = 0
    n_settled: int = 0
    n_expired: int = 0
    n_overdue: int = 0
    standing: tuple[str, ...] = ()
    n_unsent: int = 0
    held: str = ""
    silent: str = ""

    def in_words(self) -> str:
        """Says what was found, a sentence each."""
        parts = [f"{self.n_news} news of open runs, {self.n_settled} results taken in."]
        if self.n_expired:
            parts.append(f"{count(self.n_expired, 'trial')} expired or superseded.")
        if self.n_overdue:
            parts.append(f"{self.n_overdue} beyond the time limit, in doubt now.")
        parts += [*self.standing, self.held, self.silent]
        if self.n_unsent:
            parts.append(f"Alerts that could not be sent: {self.n_unsent}.")
        return " ".join(each for each in parts if each)


def sweep(place: Place, *, on_message: Callable[[str], None] = lambda _: None) -> Swept:
    """Looks at a campaign once, and tells what people are to know.

    Args:
        place: of a campaign that has begun.
        on_message: hears which alert could not be sent.

    Raises:
        UnknownName: it has not begun.
    """
    with at_work(place, may_begin=False) as session:
        n_news = n_settled = n_expired = n_overdue = 0
        held = silent = ""
        source = session.state.spec.source
        hearing = Hearing(session.lab, source=source, clock=session.clock)
        unheard = listen(session.ledger, hearing, source.name, is_patient=True)
        try:
            with holding(session):
                n_expired = expire(session)
                believe_ledger(session)  # who looks once cannot watch
                n_news = _reconcile(session)
                n_settled, n_overdue = settle_inbox(session), end_overdue(session)
        except HeldByAnother as error:
            held = str(error)
        except StaleWrite:
            pass  # a person or a driver was faster
        except PlannerError as error:
            silent = str(error)
        standing, n_unsent = _tell(session, _find_lost(session, unheard), on_message)
        return Swept(
            campaign=session.campaign,
            n_news=n_news,
            n_settled=n_settled,
            n_expired=n_expired,
            n_overdue=n_overdue,
            standing=standing,
            n_unsent=n_unsent,
            held=held,
            silent=silent,
        )


def _reconcile(session: Session) -> int:
    """Asks the source about every run that it may know, and writes down what is new."""
    if session.lab.is_person or session.lab.is_repeatable:
        return 0
    runs = [each for each in open_runs(session) if each[1].state is not RunState.ADJUSTING]
    answers = poll(session, runs) if runs else {}
    heard = [*ask_late(session), *(answers or {}).values()]
    news = [each for each in heard if is_news(session, each)]
    record_answers(session, news)
    return len(news)


def _find_lost(session: Session, unheard: frozenset[str]) -> dict[str, Lost]:
    beats = read_beats_of_busy(session.ledger, session.refresh())
    ages = Ages(session.clock, ahead_s=math.inf).count(beats)
    return find_lost(beats, ages, unheard)


def _tell(
    session: Session, lost: Mapping[str, Lost], on_message: Callable[[str], None]
) -> tuple[tuple[str, ...], int]:
    """Sends the alerts that are due; returns what stands, and how many are still to be sent."""
    state, settings = session.refresh(), session.state.spec.alerts
    usual = Alerts.model_construct(ways={})  # where the file says nothing of alerts
    ages = Ages(session.clock).count(runs_under_way(state))
    found = find_standing(state, settings or usual, now=session.clock.now(), ages=ages, lost=lost)
    standing = tuple(each.text for each in found)
    post = Post(
        session.ledger,
        session.campaign,
        folder=session.folder,
        clock=session.clock,
        find_lost=lambda _: lost,
        on_message=on_message,
    )
    return standing, post.sweep(is_last=True)
