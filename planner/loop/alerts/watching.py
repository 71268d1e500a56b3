"""A thread beside the work that sends alerts; whatever happens to it, the campaign goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from planner.clock import Clock, SystemClock
from planner.errors import PlannerError, UnknownName
from planner.loop.alerts.posting import Post
from planner.loop.sessions.desk import Place, open_the_ledger, read_spec

POLL_S = 2.0
_LAST_S = 30.0  # for what is sent when the work has ended


@contextmanager
def alerting(
    places: Sequence[Place], *, on_message: Callable[[str], None], poll_s: float = POLL_S
) -> Iterator[None]:
    """Sends the alerts of campaigns while something else is done, and once more at its end.

    Args:
        places: of the campaigns; those whose files have no ``alerts`` are left alone.
        on_message: hears what could not be sent.
        poll_s: how often the ledgers are looked at.
    """
    done = threading.Event()
    threads = [
        threading.Thread(
            target=_watch, args=(place, done, on_message, poll_s), name="alerts", daemon=True
        )
        for place in places
        if read_spec(place).alerts is not None
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join(_LAST_S)


@contextmanager
def open_post(
    place: Place, *, on_message: Callable[[str], None], clock: Clock | None = None
) -> Iterator[Post]:
    """Opens the post of a campaign that has begun.

    Raises:
        UnknownName: it has not.
    """
    clock = clock or SystemClock()
    ledger = open_the_ledger(place, clock=clock, create=False)
    try:
        name = read_spec(place).campaign
        ledger.campaign_row(name)
        yield Post(ledger, name, folder=place.folder, clock=clock, on_message=on_message)
    finally:
        ledger.close()


def _watch(
    place: Place, done: threading.Event, on_message: Callable[[str], None], poll_s: float
) -> None:
    said: set[str] = set()

    def say_once(text: str) -> None:
        if text not in said:
            said.add(text)
            on_message(text)

    while True:
        is_last = done.is_set()
        try:
            with ExitStack() as held:
                post = held.enter_context(open_post(place, on_message=say_once))
                while True:
                    is_last = done.is_set()
                    post.sweep(is_last=is_last)
                    if is_last:
                        return
                    done.wait(poll_s)
        except UnknownName:
            pass  # the campaign has not begun
        except PlannerError as error:
            say_once(f"Alerts wait: {' '.join(str(error).split())}")
        if is_last:
            return
        done.wait(poll_s)
