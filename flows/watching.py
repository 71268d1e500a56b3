"""One campaign under supervision: whether its next stretch is due, by the ledger alone.

What Prefect says of a flow run is no ground for a decision: a run whose machine lost its power is
marked running for ever. The ledger's lease says whether somebody is at work.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum

from planner.clock import Clock
from planner.ledger.entries import CampaignTaken, Entry, WantedSet
from planner.ledger.replay import CampaignState
from planner.loop.sessions.desk import Place, at_work
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Waiting, what_next
from planner.loop.steps.outlook import has_work
from planner.loop.steps.waiting import describe_waiting, describe_wish

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 600.0
BOOKKEEPING_S = 10.0  # for a stretch that has let the lease go to say so to Prefect


class Outlook(StrEnum):
    """What a campaign under supervision needs."""

    AT_WORK = "at work"  # a live process holds its lease
    DUE = "due"  # a stretch would move something
    MACHINE = "machine"  # a source will have news
    TIME = "time"  # its source will open
    PERSON = "person"  # only people can move it
    ENDED = "ended"
    FAILED = "failed"  # ended by repeated failures


class Watched:
    """Looks at one campaign; ``close`` it.

    Args:
        place: of the campaign.
        on_message: is told what changes, a line each.
        clock: time; the machine's by default.
    """

    def __init__(
        self, place: Place, *, on_message: Callable[[str], None], clock: Clock | None = None
    ) -> None:
        self._place = place
        self._clock = clock
        self._on_message = on_message
        self._held = ExitStack()
        self._session = self._open()
        self._spec_digest = self._session.state.spec_digest
        self._told = ""
        self._why = ""
        self._outlook = Outlook.DUE
        self._n_moves = 0
        self._n_moves_then = 0
        self._n_futile = -1
        self._not_before = 0.0
        self._epoch_then = self._session.state.epoch
        self._epoch_seen = self._epoch_then
        self._free_since_s: float | None = None

    @property
    def campaign(self) -> str:
        """Its name."""
        return self._session.campaign

    @property
    def session(self) -> Session:
        """Open on the campaign, without its lease."""
        return self._session

    @property
    def is_at_work(self) -> bool:
        """Whether a live process held the lease at the last look."""
        return self._outlook is Outlook.AT_WORK

    def close(self) -> None:
        """Lets go of the ledger and the lab."""
        self._held.close()

    def look(self) -> Outlook:
        """Say what the campaign needs now, and tell when that changed."""
        self._reopen_if_amended()
        self._outlook = self._judge()
        self._tell()
        self._note_free()
        return self._outlook

    def is_due(self) -> bool:
        """Tell whether to start a stretch now: it is due, and not just tried in vain."""
        return self._outlook is Outlook.DUE and time.monotonic() >= self._not_before

    def has_had_its_turn(self) -> bool:
        """Tell whether the stretch asked for last has held the lease and is over, or was killed.

        Prefect calls one that was killed together with its serving process running for ever.
        """
        if self._free_since_s is None or self._session.state.epoch == self._epoch_then:
            return False
        return self._session.elapsed_s - self._free_since_s >= BOOKKEEPING_S

    def slot(self) -> str:
        """Return what two supervisors call the same stretch: epoch, and a window of time."""
        epoch = self._session.ledger.campaign_row(self.campaign).epoch
        return f"{self.campaign}:{epoch}:{int(self._session.now_s // FIRST_PAUSE_S)}"

    def note_start(self) -> None:
        """Note that a stretch was asked for; the longer in vain, the later the next one."""
        is_futile = self._n_moves == self._n_moves_then
        self._n_futile = self._n_futile + 1 if is_futile else 0
        self._n_moves_then = self._n_moves
        self._epoch_then = self._session.state.epoch
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._n_futile)
        self._not_before = time.monotonic() + pause_s

    def _open(self) -> Session:
        session = self._held.enter_context(at_work(self._place, clock=self._clock))
        session.listener = self._hear
        return session

    def _hear(self, entry: Entry, _state: CampaignState) -> None:
        """Count what moves the campaign, which taking its lease does not; tell what is wanted."""
        record = entry.record
        self._n_moves += not isinstance(record, CampaignTaken)
        if isinstance(record, WantedSet):
            self._on_message(f"{self.campaign}: {describe_wish(record, by=entry.author)}")

    def _note_free(self) -> None:
        """Note since when nobody holds the lease; a short stretch is only seen by its epoch."""
        epoch = self._session.state.epoch
        if self._outlook is Outlook.AT_WORK:
            self._free_since_s = None
        elif self._free_since_s is None or epoch != self._epoch_seen:
            self._free_since_s = self._session.elapsed_s
        self._epoch_seen = epoch

    def _judge(self) -> Outlook:
        session = self._session
        state = session.refresh()
        if session.ledger.holder(self.campaign) is not None:
            return Outlook.AT_WORK
        if state.stopped is not None and not state.open_trials:
            return Outlook.FAILED if state.stopped.failed else Outlook.ENDED
        if has_work(session):
            return Outlook.DUE
        step = what_next(session)
        self._why = step.why
        kinds = {Waiting.MACHINE: Outlook.MACHINE, Waiting.TIME: Outlook.TIME}
        return kinds.get(step.waiting, Outlook.PERSON)

    def _reopen_if_amended(self) -> None:
        state = self._session.refresh()
        if state.spec_digest == self._spec_digest:
            return
        self._on_message(f"{self.campaign}: its file was amended; reading it again.")
        self._held.close()
        self._session = self._open()
        self._spec_digest = self._session.state.spec_digest

    def _tell(self) -> None:
        said = self._words()
        if said != self._told:
            self._told = said
            self._on_message(f"{self.campaign}: {said}")

    def _words(self) -> str:
        state = self._session.state
        match self._outlook:
            case Outlook.AT_WORK:
                holder = self._session.ledger.holder(self.campaign)
                return f"at work, process {holder.pid} on {holder.host}." if holder else "at work."
            case Outlook.ENDED | Outlook.FAILED:
                assert state.stopped is not None
                return f"has ended: {state.stopped.reason}."
            case Outlook.PERSON:
                return f"waits for people: {describe_waiting(self._session)}."
            case Outlook.TIME:
                return f"{self._why}."
            case Outlook.MACHINE:
                return "waits for a machine."
            case Outlook.DUE:
                return "its next stretch is due."
