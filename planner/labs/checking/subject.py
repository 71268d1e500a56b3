"""Speaking to what is checked, with a record of all that was sent and what came back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from planner.campaign import CampaignSpec
from planner.clock import Clock
from planner.errors import PlannerError
from planner.labs.contract import DeviceLab, Lab
from planner.labs.message import draft_order
from planner.space import Configuration
from planner.trials import Answer, DeviceState, Heartbeat, Order

ENDS = frozenset(
    {
        DeviceState.DONE,
        DeviceState.FAILED,
        DeviceState.ABORTED,
        DeviceState.REFUSED,
        DeviceState.UNKNOWN,
    }
)
AT_WORK = frozenset({DeviceState.STARTED, DeviceState.PAUSED})
_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 1.0


class NotRestarted(PlannerError):
    """The device was not restarted; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms a source is checked.

    Args:
        spec: of the campaign.
        settings: what every run is asked to do.
        name: of the check, which stands in its keys in place of a campaign's.
        device: which of the source's devices; None for the only one.
        ledger: id of the ledger in whose name orders are given.
        raise_token: returns a higher fencing token each time, the first included.
        restart: restarts the device's program and returns when it is up; None where nobody can.
        no_restart: why nobody can.
        reopen: opens the adapter anew, as a planner does that was restarted.
        clear_token: what a person shows to clear the device; None where there is none.
        needs_clear_token: whether the device asks for one.
        is_simulated: whether the campaign file says that the source is simulated.
        patience_s: longest time for a run.
        back_s: longest time until a restarted device answers.
        clock: time.
        say: is told what is done next.
    """

    spec: CampaignSpec
    settings: Configuration
    name: str
    device: str | None
    ledger: str
    raise_token: Callable[[], int]
    reopen: Callable[[], Lab]
    clock: Clock
    restart: Callable[[], None] | None = None
    no_restart: str = "nobody is there to restart it"
    clear_token: str | None = None
    needs_clear_token: bool = True
    is_simulated: bool = False
    patience_s: float = 600.0
    back_s: float = 60.0
    say: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back.

    Args:
        answer: the source's word for the key; None where it knows no such key, or raised.
        error: what the adapter raised.
        words: both, as one line.
    """

    answer: Answer | None = None
    error: Exception | None = None
    words: str

    @property
    def state(self) -> DeviceState | None:
        """Of the answer."""
        return None if self.answer is None else self.answer.state

    @property
    def is_end(self) -> bool:
        """Whether the run has ended."""
        return self.state in ENDS


@dataclass(slots=True)
class Subject:
    """What is checked.

    Args:
        lab: its adapter.
        terms: of the check.
        token: that orders carry now.
    """

    lab: Lab
    terms: Terms
    token: int = 0
    log: list[str] = field(default_factory=list)
    _draft: Order | None = None
    _n: int = 0
    _sent: dict[str, Order] = field(default_factory=dict)

    def new_order(self, *, not_after: datetime | None = None) -> Order:
        """Returns an order of its own key for the settings of the check."""
        if self._draft is None:
            self._draft = draft_order(
                self.terms.spec, self.terms.settings, device=self.terms.device
            )
        self._n += 1
        return replace(
            self._draft,
            key=f"{self.terms.name}/{self._n}/1",
            token=self.token,
            ledger=self.terms.ledger,
            not_after=not_after,
        )

    def send(self, order: Order, *, more: str = "") -> Reply:
        """Hands an order over."""
        self._sent[order.key] = order
        what = f"order {order.key}{f' ({more})' if more else ''}"
        return self._reply(what, lambda: self.lab.submit(order))

    def ask(self, key: str) -> Reply:
        """Asks about a key."""
        return self._reply(f"asked about {key}", lambda: self.lab.poll([key]).get(key))

    def abort(self, key: str, *, token: int | None = None) -> Reply:
        """Asks to end a run."""
        shown = self.token if token is None else token
        more = "" if token is None else f" (token {token})"
        return self._reply(
            f"abort {key}{more}",
            lambda: self.lab.abort(key, token=shown, ledger=self.terms.ledger),
        )

    def beat(self) -> Heartbeat | None:
        """Asks for a heartbeat; None where there is none."""
        if not isinstance(self.lab, DeviceLab):
            return None
        try:
            return self.lab.heartbeat(self.terms.device)
        except Exception:  # an adapter under test may raise anything
            return None

    def watch(self, key: str, *, until: frozenset[DeviceState], limit_s: float) -> Reply:
        """Asks about a key until it is in one of these states, or the time is over.

        Returns:
            The last reply; one that says nothing new is not in the record.
        """
        end_s, pause_s, before = self.elapsed_s + limit_s, _FIRST_PAUSE_S, len(self.log)
        while True:
            reply = self.ask(key)
            if len(self.log) > before + 1 and self.log[-1] == self.log[-2]:
                self.log.pop()
            if reply.state in until or self.elapsed_s >= end_s:
                return reply
            self.terms.clock.wait_s(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, 1.2 * pause_s)

    def restart(self) -> bool:
        """Restarts the device and waits until it answers.

        Returns:
            Whether it answers.

        Raises:
            NotRestarted: it was not.
        """
        if self.terms.restart is None:
            raise NotRestarted(self.terms.no_restart)
        self.terms.restart()
        self.log.append("the device was restarted")
        end_s = self.elapsed_s + self.terms.back_s
        while self.elapsed_s < end_s:
            if self._is_there():
                return True
            self.terms.clock.wait_s(_FIRST_PAUSE_S)
        return False

    def wind_up(self) -> list[str]:
        """Takes back what may still be open, and returns the keys of which that is not known."""
        left = []
        for key in self._sent:
            reply = self.ask(key)
            if reply.state is not None and not reply.is_end:
                self.abort(key)
                reply = self.watch(key, until=ENDS, limit_s=self.terms.patience_s)
            if reply.error is not None or (reply.state is not None and not reply.is_end):
                left.append(key)
        return left

    @property
    def elapsed_s(self) -> float:
        """Seconds that limits are measured by; no setting of the clock moves them."""
        return self.terms.clock.elapsed_s()

    def _is_there(self) -> bool:
        if isinstance(self.lab, DeviceLab):
            beat = self.beat()
            return beat is not None and beat.state != "offline"
        return (
            next(iter(self._sent), None) is None or self.ask(next(iter(self._sent))).error is None
        )

    def _reply(self, what: str, call: Callable[[], Answer | None]) -> Reply:
        try:
            reply = _read(call())
        except Exception as error:  # an adapter under test may raise anything
            kind = "" if isinstance(error, PlannerError) else f"{type(error).__name__}: "
            reply = Reply(error=error, words=f"{kind}{error}")
        self.log.append(f"{what}: {reply.words}")
        return reply


def _read(answer: Answer | None) -> Reply:
    if answer is None:
        return Reply(words="not known there")
    if not isinstance(answer, Answer):
        return Reply(error=TypeError(f"{answer!r:.60} is no Answer"), words=f"{answer!r:.60}")
    reason = f" ({answer.reason})" if answer.reason else ""
    return Reply(answer=answer, words=f"{answer.state}{reason}{_values(answer)}")


def _values(answer: Answer) -> str:
    if answer.result is None:
        return ""
    shown = [
        f"{name} = {each.value!r:.40}{f' {each.unit}' if each.unit else ''}"
        for name, each in {**answer.result.outcomes, **answer.result.achieved}.items()
    ]
    return f", {', '.join(shown)}"
