"""The supervisor: keeps server and serving process alive, and starts the stretches that are due.

It decides by the ledger (see ``watching``) and asks Prefect to run; whoever else asks for the same
stretch at the same time gets the same flow run, by its idempotency key, and if two run after all,
the lease lets one of them act.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from flows import quiet
from flows.abandoned import close_abandoned
from flows.deployed import Deployed
from flows.deploying import deploy
from flows.server import server
from flows.serving import ServingProcess
from flows.watching import Outlook, Watched
from planner.errors import PlannerError
from planner.loop.sessions.desk import Place

POLL_S = 1.0
_AT_REST = (Outlook.ENDED, Outlook.FAILED, Outlook.PERSON)
SLOW_START_S = 60.0  # Prefect, torch and the campaign are imported before the lease is taken


def supervise(
    places: Sequence[Place],
    *,
    home: Path,
    leave: threading.Event,
    on_message: Callable[[str], None],
    on_start: Callable[[], None] = lambda: None,
    on_deployed: Callable[[Place], None] = lambda _: None,
    until_done: bool = False,
) -> list[Outlook]:
    """Run campaigns and deployments of one home until asked to leave.

    Args:
        places: of the campaigns whose stretches are started when they are due.
        home: Prefect's home.
        leave: ends it in order.
        on_message: is told each event, in a line.
        on_start: is called once everything is there.
        on_deployed: is told, again and again, which campaigns are scheduled on the server.
        until_done: whether it ends when no machine can move any campaign.

    Returns:
        How the campaigns stand at the end.

    Raises:
        PlannerError: a campaign cannot be opened, or Prefect's server does not start.
    """
    with _watching(places, on_message) as watched, server(home, on_message=on_message) as address:
        settings = quiet.settings(home=home, api_url=address.api_url)
        with quiet.in_force(settings), ServingProcess(home, on_message=on_message) as serving:
            starters = [
                Starter(each, file=place.file, home=home)
                for each, place in zip(watched, places, strict=True)
            ]
            deployed = Deployed(on_deployed)
            on_message("Serving; Ctrl-C ends it.")
            on_start()
            while True:
                serving.keep_alive()
                deployed.look()
                outlooks = [look_at(starter, on_message) for starter in starters]
                is_done = all(each in _AT_REST for each in outlooks)
                if (until_done and is_done) or leave.wait(POLL_S):
                    return outlooks


class Starter:
    """Starts the stretches of one campaign.

    Args:
        watched: the campaign.
        file: its file.
        home: Prefect's home.
    """

    def __init__(self, watched: Watched, *, file: Path, home: Path) -> None:
        self.watched = watched
        self._file = file
        self._home = home
        self._deployment: UUID | None = None
        self._last: UUID | None = None
        self._next_question = 0.0

    def heed(self, *, at_once: bool = False) -> bool:
        """Enter what people asked in Prefect's pages; tell whether there was something new.

        The stretch that it was asked of enters it too, unless it is killed before.

        Args:
            at_once: whether to look although it was looked a moment ago.
        """
        from flows.asked import LOOKING_S, catch_up

        if time.monotonic() < self._next_question and not at_once:
            return False
        self._next_question = time.monotonic() + LOOKING_S
        watched = self.watched
        return catch_up(watched.session, self._file, is_at_rest=not watched.is_at_work)

    def start(self) -> None:
        """Ask for the next stretch; what still seems to run has no process any more."""
        from prefect.deployments import run_deployment

        if self._deployment is None:
            name = self.watched.campaign
            self._deployment = deploy(
                self._file, campaign=name, name=name, home=self._home, tags=(name,)
            ).deployment_id
        close_abandoned(
            self._file,
            self.watched.campaign,
            older_than_s=SLOW_START_S,
            ended=self._last if self.watched.has_had_its_turn() else None,
        )
        self.watched.note_start()
        run: Any = run_deployment(self._deployment, idempotency_key=self.watched.slot(), timeout=0)
        self._last = run.id

    def may_start(self) -> bool:
        """Tell whether the last run asked for can no longer be on its way to the lease."""
        from prefect.client.orchestration import get_client
        from prefect.types._datetime import now

        if self._last is None:
            return True
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(self._last).state
        if state is None:
            return True
        age_s = (now("UTC") - state.timestamp).total_seconds()
        has_ended = state.is_final() or state.is_paused() or self.watched.has_had_its_turn()
        return has_ended or age_s > SLOW_START_S

    def forget(self) -> None:
        """Register the deployment again: the server does not know it any more."""
        self._deployment = self._last = None


def look_at(starter: Starter, on_message: Callable[[str], None]) -> Outlook:
    """Look at one campaign, heed what was asked in the pages, and start what is due.

    Args:
        starter: of the campaign.
        on_message: hears what is started, and what does not go.
    """
    from prefect.exceptions import PrefectException

    watched = starter.watched
    try:
        outlook = watched.look()
        if starter.heed():
            outlook = watched.look()
        # nothing is proposed any more by a stretch that begins after the pages said no
        may_start = watched.is_due() and starter.may_start()
        if may_start and not starter.heed(at_once=True):
            on_message(f"{watched.campaign}: starting a stretch.")
            starter.start()
    except (httpx.HTTPError, PrefectException) as error:
        on_message(f"{watched.campaign}: Prefect's server did not take it ({error}); again soon.")
        starter.forget()
        watched.note_start()
        return Outlook.DUE
    except PlannerError as error:
        on_message(f"{watched.campaign}: {' '.join(str(error).split())}")
        watched.note_start()
        return Outlook.DUE
    return outlook


@contextmanager
def _watching(
    places: Sequence[Place], on_message: Callable[[str], None]
) -> Iterator[list[Watched]]:
    with ExitStack() as held:
        watched = []
        for place in places:
            watched.append(Watched(place, on_message=on_message))
            held.callback(watched[-1].close)
        yield watched
