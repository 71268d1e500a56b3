"""A lab in memory that keeps the contract and does what its script says, a run at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from planner.labs import Answer, DeliveryClass, Order, Reported, Result
from planner.trials import DeviceState

Script = Callable[[Order, int], "Answer | Exception"]


@dataclass
class ScriptedLab:
    """Answers each order by its script; counts how often each key was acted on.

    ``latency`` is the number of polls that a run takes; with 0 it is done when submitted.
    """

    script: Script
    latency: int = 0
    delivery: DeliveryClass = DeliveryClass.KEYED
    is_repeatable: bool = False
    is_person: bool = False
    acts: dict[str, int] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    polls_left: dict[str, int] = field(default_factory=dict)
    ends: dict[str, Answer] = field(default_factory=dict)
    most_at_once: int = 0
    aborted: list[str] = field(default_factory=list)

    def submit(self, order: Order) -> Answer:
        if order.key in self.ends:
            return self._state(order.key)
        said = self.script(order, len(self.orders))
        self.orders.append(order)
        if isinstance(said, Exception):
            raise said
        self.acts[order.key] = self.acts.get(order.key, 0) + 1
        self.ends[order.key] = said
        self.polls_left[order.key] = self.latency
        self.most_at_once = max(self.most_at_once, sum(n > 0 for n in self.polls_left.values()))
        return self._state(order.key)

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        known = [key for key in keys if key in self.ends]
        for key in known:
            self.polls_left[key] = max(0, self.polls_left[key] - 1)
        return {key: self._state(key) for key in known}

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        self.aborted.append(key)
        return Answer(key=key, state=DeviceState.ABORTED, reason="stopped on request")

    def close(self) -> None:
        pass

    def _state(self, key: str) -> Answer:
        if self.polls_left[key] > 0:
            return Answer(key=key, state=DeviceState.STARTED)
        return self.ends[key]


def done(order: Order, **outcomes: float | str | Reported) -> Answer:
    """The answer of a run that brought these outcomes."""
    reported = {
        name: value if isinstance(value, Reported) else Reported(value=value)
        for name, value in outcomes.items()
    }
    return Answer(key=order.key, state=DeviceState.DONE, result=Result(outcomes=reported))


def failed(order: Order, reason: str, *, by: str = "machine") -> Answer:
    """The answer of a run that failed."""
    failure = "process" if by == "process" else "machine"
    return Answer(key=order.key, state=DeviceState.FAILED, reason=reason, failure=failure)
