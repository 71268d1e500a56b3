"""The contract with a source: what is sent, what may be answered, what may be sent again.

An order carries the key of its run. A source of class *keyed* answers a key that it knows with
its state and acts once; the classes say what may be repeated after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, runtime_checkable

from planner.labs.strays import Stray
from planner.trials import Answer, Heartbeat, Order, Setting


class DeliveryClass(StrEnum):
    """What may be sent again when the answer is not known."""

    KEYED = "keyed"  # send again freely until answered
    TWO_PHASE = "two-phase"  # the first phase again freely, the second only after asking
    FIRE_AND_OBSERVE = "fire and observe"  # once; no answer means in doubt


class Lab(Protocol):
    """A source of trials, as the planner sees it.

    ``delivery`` is its class. ``is_repeatable`` says that repeating a run costs nothing and gives
    the same draw. ``is_person`` says that only a person can bring its results.
    """

    delivery: DeliveryClass
    is_repeatable: bool
    is_person: bool

    def submit(self, order: Order) -> Answer:
        """Hands an order over and returns the source's acknowledgement.

        Raises:
            LabUnavailable: the order provably did not leave.
            Unanswered: it may have arrived; nothing is known.
        """
        ...

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Asks for the state of runs; a key that the source does not know is left out.

        Raises:
            LabUnavailable: the source cannot be reached.
        """
        ...

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        """Asks to end a run; the answer says what became of it.

        Args:
            key: of the run.
            token: fencing token of the device's lease.
            ledger: id of the ledger that asks.
        """
        ...

    def close(self) -> None:
        """Ends what the adapter holds open; what runs at the device runs on."""
        ...


@runtime_checkable
class TellingLab(Lab, Protocol):
    """A lab whose devices tell how a run ended without being asked."""

    def learn(self, homes: Mapping[str, str | None]) -> None:
        """Learns which device has which run; it alone is asked and heard about it from now on."""
        ...

    def told(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Returns the ends of these runs that were told since the last call; nothing is asked.

        Only what can never change, so that it does not matter when it was told, and only from the
        device that has the run. All else that was told is dropped: it is asked about.

        Args:
            keys: of all runs that are open, and of those that have ended of late.
        """
        ...

    def strays(self) -> tuple[Stray, ...]:
        """Returns what came since the last call from who had no business with it."""
        ...


@runtime_checkable
class RecallingLab(Lab, Protocol):
    """A lab that cannot ask by key alone: it looks for an order's settings, or asks by handle.

    What it needs to know of runs that another process sent, it is told before it is polled.
    """

    def recall(self, order: Order, handle: str) -> None:
        """Learns an order as the ledger knows it, and the source's handle; sends nothing."""
        ...


@runtime_checkable
class TwoPhaseLab(RecallingLab, Protocol):
    """A lab that takes an order first and begins it when told to, under a handle of its own.

    The handle is in the ledger before the order may begin, so that it survives a crash. ``submit``
    is both phases at once, for who keeps no ledger. A key that was prepared and not committed, as
    far as the source knows, is left out of what ``poll`` answers.
    """

    def prepare(self, order: Order) -> str:
        """Hands an order over, which does not begin; may be done again freely.

        Returns:
            The source's handle of it.

        Raises:
            LabUnavailable: the order provably did not leave.
            Unanswered: it may have arrived.
        """
        ...

    def commit(self, order: Order, handle: str) -> Answer:
        """Lets what was prepared begin; never done again without asking first.

        Raises:
            LabUnavailable: it provably did not leave.
            Unanswered: it may have arrived, and the run may begin.
        """
        ...

    def is_prepared(self, handle: str) -> bool:
        """Asks whether what was prepared still waits for its commit.

        Raises:
            LabUnavailable: the source cannot be reached, or did not answer.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A device's word on the change of a running trial.

    Args:
        number: of the adjustment, counted from 1 within its run.
        state: whether it was taken.
        reason: why it was refused.
    """

    number: int
    state: Literal["taken", "refused"]
    reason: str = ""


@runtime_checkable
class DeviceLab(Lab, Protocol):
    """A lab with devices that speak for themselves.

    ``devices`` are the names of identical ones that share the work, or None alone for the only
    one; where a method takes a ``device``, None means that one. Any thread may call.
    """

    devices: tuple[str | None, ...]

    def heartbeat(self, device: str | None = None) -> Heartbeat:
        """Asks a device for its word about itself.

        Raises:
            LabUnavailable: it cannot be reached, or did not answer.
            Refused: it does not speak to us.
        """
        ...

    def adjust(
        self,
        key: str,
        *,
        number: int,
        digest: str,
        parameters: Mapping[str, Setting],
        token: int,
        ledger: str,
        device: str | None = None,
    ) -> Adjustment:
        """Changes a run that is under way, at most once a number.

        Args:
            key: of the run.
            number: of the adjustment, counted from 1 within its run.
            digest: of what is asked; another one under the same number is a conflict.
            parameters: what is to be changed, in the planner's names and units.
            token: fencing token of the device's lease.
            ledger: id of the ledger that asks.
            device: where the run is.

        Raises:
            LabUnavailable: it provably did not leave.
            Unanswered: it may have arrived.
            StaleToken: the device has heard a later driver.
            Refused: the device does not take it.
            Conflict: the number stands for something else.
        """
        ...

    def stop(self, *, by: str, reason: str, device: str | None = None) -> Heartbeat:
        """Stops all at once; the device takes no order until a person clears it there.

        Raises:
            LabUnavailable: it provably did not arrive.
            Unanswered: it may have arrived.
        """
        ...

    def clear(
        self, *, clear_token: str, by: str, reason: str, device: str | None = None
    ) -> Heartbeat:
        """Lets a stopped device take orders again; only a person has this token.

        Raises:
            LabUnavailable: it provably did not arrive.
            Unanswered: it may have arrived.
            Refused: the token is not the device's.
        """
        ...

    def release(
        self, *, clear_token: str, by: str, reason: str, device: str | None = None
    ) -> Heartbeat:
        """Makes a device forget the ledger that it obeys; refused while a run is open.

        Raises:
            LabUnavailable: it provably did not arrive.
            Unanswered: it may have arrived.
            Refused: the token is not the device's, or a run is open.
        """
        ...

    def wait_for_news(self, timeout_s: float) -> bool:
        """Waits until the device says something by itself, at most this long.

        Returns:
            Whether it did; a device that only answers never does.
        """
        ...
