"""Threads beside the work that send alerts; whatever happens to one, it and the campaign go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from planner.clock import Clock, SystemClock
from planner.errors import PlannerError, UnknownName
from planner.labs import open_lab
from planner.loop.alerts.posting import Post
from planner.loop.alerts.silence import Silence
from planner.loop.sessions.desk import Place, open_the_ledger, read_spec

POLL_S = 2.0
_LAST_S = 30.0  # for what is sent when the work has ended

Say = Callable[[str], None]


class Watchers:
    """The threads, one for each campaign.

    Args:
        on_message: hears what could not be sent.
        poll_s: how often the ledgers are looked at.
    """

    def __init__(self, on_message: Say, *, poll_s: float) -> None:
        self._on_message = on_message
        self._poll_s = poll_s
        self._done = threading.Event()
        self._threads: dict[tuple[Path, str], threading.Thread] = {}

    def watch(self, place: Place) -> None:
        """Sends the alerts of a campaign from now on; again for the same one does nothing.

        Raises:
            CampaignFileError: its file is no campaign file; only where the place has no name.
        """
        name = place.name or read_spec(place).campaign
        which = place.file.resolve(), name
        if which in self._threads:
            return
        watcher = _Watcher(place, name, self._done, self._on_message, self._poll_s)
        self._threads[which] = threading.Thread(target=watcher.run, name="alerts", daemon=True)
        self._threads[which].start()

    def end(self) -> None:
        """Has each look once more and end."""
        self._done.set()
        for thread in self._threads.values():
            thread.join(_LAST_S)


@contextmanager
def alerting(
    places: Sequence[Place], *, on_message: Say, poll_s: float = POLL_S
) -> Iterator[Watchers]:
    """Sends the alerts of campaigns while something else is done, and once more at its end.

    Args:
        places: of the campaigns; those whose files have no ``alerts`` are left alone.
        on_message: hears what could not be sent.
        poll_s: how often the ledgers are looked at.
    """
    watchers = Watchers(on_message, poll_s=poll_s)
    for place in places:
        watchers.watch(place)
    try:
        yield watchers
    finally:
        watchers.end()


@contextmanager
def open_post(
    place: Place, *, on_message: Say, clock: Clock | None = None, is_patient: bool = False
) -> Iterator[Post]:
    """Opens the post of a campaign that has begun.

    Args:
        place: of the campaign.
        on_message: hears what could not be sent.
        clock: time; the machine's by default.
        is_patient: whether to wait for what slow devices say of themselves.

    Raises:
        UnknownName: it has not begun.
    """
    clock = clock or SystemClock()
    with ExitStack() as held:
        ledger = open_the_ledger(place, clock=clock, create=False)
        held.callback(ledger.close)
        name = read_spec(place).campaign
        ledger.campaign_row(name)
        silence = Silence(
            ledger,
            clock=clock,
            open_source=partial(open_lab, folder=place.folder),
            is_patient=is_patient,
            on_message=on_message,
        )
        held.callback(silence.close)
        yield Post(
            ledger,
            name,
            folder=place.folder,
            clock=clock,
            find_lost=silence.find,
            on_message=on_message,
        )


class _Watcher:
    """Sends the alerts of one campaign until the work is done."""

    def __init__(
        self, place: Place, name: str, done: threading.Event, on_message: Say, poll_s: float
    ) -> None:
        self._place = place
        self._name = name
        self._done = done
        self._on_message = on_message
        self._poll_s = poll_s
        self._said: set[str] = set()

    def run(self) -> None:
        """Looks until the work is done, and once more; what goes wrong is said once."""
        is_last = False
        while not is_last:
            is_last = self._done.is_set()
            try:
                if read_spec(self._place).alerts is None:
                    return
                self._post()
                return
            except UnknownName:
                pass  # the campaign has not begun
            except PlannerError as error:
                self._say_once(f"Alerts of {self._name} wait: {' '.join(str(error).split())}")
            except Exception as error:  # whatever it is, the next alert is to be sent
                self._say_once(
                    f"Alerts of {self._name} wait ({type(error).__name__}: {error}); they are "
                    f"tried again."
                )
            self._done.wait(self._poll_s)

    def _post(self) -> None:
        with open_post(self._place, on_message=self._say_once) as post:
            is_last = False
            while not is_last:
                is_last = self._done.is_set()
                post.sweep(is_last=is_last)
                self._done.wait(self._poll_s)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            with suppress(Exception):  # a terminal that is gone is no reason to alert nobody
                self._on_message(text)
